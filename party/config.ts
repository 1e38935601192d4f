// The part of a configuration that every party has, hospital or aggregator: the federation, the chain, keys, network, store.
import { resolve } from "node:path";
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import { hostAndPort } from "../foundation/listening.ts";
import { addressField, countField } from "../protocol/format/fields.ts";

/** Enough for all commitments and votes of 100 hospitals without gas, in a round of one proposal. */
const defaultRelayGasPerRound = 3_000_000;

/** Lower-case or checksummed; compared in lower case. */
export const anyCaseAddress = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((text) => text.toLowerCase())
  .pipe(addressField);

/** An encrypted key and where its password is: a party's, or that of a consortium's owner. */
export const keystoreFields = {
  keystore: z.string().describe("Encrypted keystore of the chain key."),
  passwordFile: z
    .string()
    .optional()
    .describe(
      "File whose first line is the keystore's password; without it CONSILIUM_KEYSTORE_PASSWORD or a prompt gives it.",
    ),
};

export const endpointsField = z
  .array(
    z
      .string()
      .url()
      .regex(/^https?:\/\//, "only http:// and https:// endpoints are supported, not ws://"),
  )
  .min(1)
  .describe(
    "RPC endpoints, the preferred one first, best of different operators. A party acts only on what more than half of those that answer show: with one it believes that one, with two it waits where they differ, with three any one may fail or lie. user:password@ in an address is sent as basic authentication.",
  );

export const confirmationsField = z
  .number()
  .int()
  .min(0)
  .max(1000)
  .default(0)
  .describe("Blocks on top of a block before anything in it counts: 0 on a private chain, 12 or more on a public one.");

export const maxFeeGweiField = z
  .number()
  .positive()
  .max(1_000_000)
  .default(200)
  .describe(
    "Most that is ever offered for a unit of gas, gwei. Endpoints name the price, and this limits what they can take.",
  );

const federationFields = z
  .object({
    chainId: z.number().int().positive().describe("Id of the chain; an endpoint of another chain is refused."),
    contract: anyCaseAddress.describe("Address of the federation's contract."),
    fromBlock: countField.describe("Block of the contract's creation: events are read from here."),
    codeDigest: z
      .string()
      .regex(/^0x[0-9a-f]{64}$/)
      .optional()
      .describe("Keccak-256 of the contract's code; without it the code is not checked."),
    // The other fields of the federation file, so that its whole content can be pasted here.
    version: z.literal(1).optional().describe("As in the federation file."),
    abiDigest: z.string().optional().describe("As in the federation file: another interface is refused."),
    predecessor: anyCaseAddress.nullable().optional().describe("As in the federation file."),
  })
  .strict()
  .transform(({ chainId, contract, fromBlock, codeDigest }) => ({ chainId, contract, fromBlock, codeDigest }));

export const partyConfigFields = {
  federation: federationFields.describe("The content of the federation file that consilium deploy wrote."),
  chain: z
    .object({
      endpoints: endpointsField,
      confirmations: confirmationsField,
      pollMs: z
        .number()
        .int()
        .min(20)
        .max(60_000)
        .default(500)
        .describe("Time between looks for a new block, milliseconds."),
      maxFeeGwei: maxFeeGweiField,
      relayed: z
        .boolean()
        .default(false)
        .describe(
          "A hospital without gas: it signs its commitments and votes, and members send them for it. It opens, proposes and expires nothing. Hospitals only.",
        ),
      relayGasPerRound: z
        .number()
        .int()
        .min(0)
        .max(1_000_000_000)
        .default(defaultRelayGasPerRound)
        .describe(
          "Most gas that this party spends in a round on what hospitals without gas have signed; 0: it sends nothing for them.",
        ),
    })
    .strict()
    .describe("The chain, as this party reaches it."),
  keys: z
    .object({
      ...keystoreFields,
      peerKey: z.string().describe("File of the Ed25519 peer key, 32 bytes as hex; created where it does not exist."),
    })
    .strict()
    .describe("The party's two keys."),
  network: z
    .object({
      listen: z
        .array(z.string())
        .default(["/ip4/0.0.0.0/tcp/4710"])
        .describe(
          "Multiaddrs to listen on; port 0 is any free port; /p2p-circuit at the end listens through a relay among the peers.",
        ),
      peers: z
        .array(z.string())
        .default([])
        .describe(
          "Multiaddrs of members to connect to, with their /p2p/ ids. One is enough; two, in case one is away.",
        ),
      announce: z
        .array(z.string())
        .default([])
        .describe("Multiaddrs of this node from outside, if they differ from listen: a name, a forwarded port."),
      relay: z.boolean().default(false).describe("Relays the traffic of members behind NAT."),
      serveAuditors: z.boolean().default(false).describe("Lets auditors, who are no members, fetch objects."),
      maxUploadMbit: z
        .number()
        .min(1)
        .max(100_000)
        .optional()
        .describe(
          "Most that serving objects may take of the line, Mbit/s, all peers together; relayed traffic of others is not counted. Without it there is no limit.",
        ),
    })
    .strict()
    .default({})
    .describe("How members reach each other."),
  telemetry: z
    .object({
      listen: z
        .string()
        .regex(hostAndPort, "give host:port, such as 127.0.0.1:9464")
        .default("127.0.0.1:9464")
        .describe(
          "Address and port. Everybody who reaches it can read the figures: keep it on loopback or in the monitoring network.",
        ),
    })
    .strict()
    .optional()
    .describe("Figures for Prometheus (/metrics) and health (/livez, /readyz) over HTTP; without it none are served."),
  openTelemetry: z
    .object({
      endpoint: z
        .string()
        .url()
        .regex(/^https?:\/\/[^@]+$/, "give http:// or https://; credentials go into OTEL_EXPORTER_OTLP_HEADERS")
        .optional()
        .describe(
          "Address of the collector, for OTLP over HTTP. Without it OTEL_EXPORTER_OTLP_ENDPOINT gives it, else it is http://localhost:4318.",
        ),
      intervalSeconds: z
        .number()
        .int()
        .min(1)
        .max(3600)
        .default(60)
        .describe("Time between two deliveries of the figures, seconds. Spans are sent within seconds of their end."),
    })
    .strict()
    .optional()
    .describe(
      "Sends the figures of /metrics and the rounds as spans to an OpenTelemetry collector; without it nothing is sent, whatever the environment says. It needs consilium fetch opentelemetry.",
    ),
  dashboard: z
    .object({
      listen: z
        .string()
        .regex(hostAndPort, "give host:port, such as 127.0.0.1:4780")
        .default("127.0.0.1:4780")
        .describe("Address and port. On any other than a loopback address the page asks for a token."),
      tokenFile: z
        .string()
        .optional()
        .describe(
          "File whose first line is the token that a reader of the page must give, at least 16 characters. Without it only this machine can read the page.",
        ),
    })
    .strict()
    .optional()
    .describe("A read-only page about this party and its federation; without it none is served but with --dashboard."),
  store: z.string().describe("Folder of this party's objects and journal."),
  maxStoreGiB: z
    .number()
    .positive()
    .max(1_048_576)
    .optional()
    .describe(
      "Most that objects may take of the disk, GiB: older ones that three other members keep are deleted. Without it the disk is the limit, and nothing is deleted.",
    ),
  maxModelMiB: z.number().int().min(1).max(16_384).default(1024).describe("Largest model to fetch, MiB."),
};

/** What differs in a file: the federation may be named by the path of its own file. */
export const fileFields = {
  federation: z
    .union([z.string().min(1), federationFields])
    .describe("The path of the federation file that consilium deploy wrote, or its content."),
};

const partyConfigSchema = z.object(partyConfigFields);

export type PartyConfig = z.output<typeof partyConfigSchema>;

/**
 * Parses a role's configuration and makes its paths absolute.
 * @param options.baseDir folder that relative paths start from
 * @param options.command the command whose help lists the fields
 * @throws CONFIG_INVALID
 */
export function parsePartyConfig<Config extends PartyConfig>(
  schema: z.ZodType<Config, z.ZodTypeDef, unknown>,
  raw: unknown,
  { baseDir, command }: { readonly baseDir: string; readonly command: string },
): Config {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const facts = { field: issue?.path.join(".") || "(root)", why: issue?.message };
    throw new FedError("CONFIG_INVALID", facts, { remedy: `see consilium ${command} --help for the fields` });
  }
  const { keys, store, dashboard } = parsed.data;
  const at = (path: string) => resolve(baseDir, path);
  return {
    ...parsed.data,
    keys: {
      keystore: at(keys.keystore),
      peerKey: at(keys.peerKey),
      passwordFile: keys.passwordFile === undefined ? undefined : at(keys.passwordFile),
    },
    store: at(store),
    dashboard: dashboard && {
      ...dashboard,
      tokenFile: dashboard.tokenFile === undefined ? undefined : at(dashboard.tokenFile),
    },
  };
}
