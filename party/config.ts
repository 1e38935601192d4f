// The part of a configuration that every party has, hospital or aggregator: the federation, the chain, keys, network, store.
import { resolve } from "node:path";
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import { addressField, countField } from "../protocol/format/fields.ts";

/** Enough for all commitments and votes of 100 hospitals without gas, in a round of one proposal. */
const defaultRelayGasPerRound = 3_000_000;

/** Lower-case or checksummed; compared in lower case. */
const anyCaseAddress = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(addressField);

export const partyConfigFields = {
  /** The content of the federation file that `consilium deploy` wrote. */
  federation: z
    .object({
      chainId: z.number().int().positive(),
      contract: anyCaseAddress,
      /** Block of the contract's creation: events are read from here. */
      fromBlock: countField,
      /** Keccak-256 of the contract's code; default: not checked. */
      codeDigest: z
        .string()
        .regex(/^0x[0-9a-f]{64}$/)
        .optional(),
      // The other fields of the federation file, so that its whole content can be pasted here.
      version: z.literal(1).optional(),
      abiDigest: z.string().optional(),
      predecessor: anyCaseAddress.nullable().optional(),
    })
    .strict()
    .transform(({ chainId, contract, fromBlock, codeDigest }) => ({ chainId, contract, fromBlock, codeDigest })),
  chain: z
    .object({
      /** HTTP addresses of RPC endpoints, the preferred one first; user:password@ in them is sent as basic authentication. */
      endpoints: z
        .array(
          z
            .string()
            .url()
            .regex(/^https?:\/\//, "only http:// and https:// endpoints are supported, not ws://"),
        )
        .min(1),
      /** Blocks on top of a block before anything in it counts: 0 on a private chain, 12 or more on a public one. */
      confirmations: z.number().int().min(0).max(1000).default(0),
      /** How often to look for a new block, milliseconds. */
      pollMs: z.number().int().min(20).max(60_000).default(500),
      /** Most that is ever offered for a unit of gas, gwei; endpoints name the price, and this limits what they can take. */
      maxFeeGwei: z.number().positive().max(1_000_000).default(200),
      /**
       * A hospital without gas: it signs its commitments and votes, and members send them for it. It opens, proposes and
       * expires nothing. Default false.
       */
      relayed: z.boolean().default(false),
      /** Most gas that this party spends in a round on what hospitals without gas have signed; 0: it sends nothing for them. */
      relayGasPerRound: z.number().int().min(0).max(1_000_000_000).default(defaultRelayGasPerRound),
    })
    .strict(),
  keys: z
    .object({
      /** Encrypted keystore of the chain key. */
      keystore: z.string(),
      /** File whose first line is the keystore's password; default: the environment variable CONSILIUM_KEYSTORE_PASSWORD. */
      passwordFile: z.string().optional(),
      /** File of the Ed25519 peer key, 32 bytes as hex; created where it does not exist. */
      peerKey: z.string(),
    })
    .strict(),
  network: z
    .object({
      /** Multiaddrs to listen on; port 0 is any free port; /p2p-circuit at the end listens through a relay. */
      listen: z.array(z.string()).default(["/ip4/0.0.0.0/tcp/4710"]),
      /** Multiaddrs of members to dial, with their /p2p/ ids. */
      peers: z.array(z.string()).default([]),
      /** Multiaddrs under which members reach this node from outside: a name, or a forwarded port. */
      announce: z.array(z.string()).default([]),
      /** Relays the traffic of members behind NAT. */
      relay: z.boolean().default(false),
      /** Lets auditors, who are no members, fetch objects. */
      serveAuditors: z.boolean().default(false),
      /** Most that serving objects may take of the line, Mbit/s, all peers together; default: no limit. */
      maxUploadMbit: z.number().min(1).max(100_000).optional(),
    })
    .strict()
    .default({}),
  /** Figures for Prometheus (/metrics) and health (/livez, /readyz) over HTTP; by default none are served. */
  telemetry: z
    .object({
      /** Address and port. Everybody who reaches it can read the figures: keep it on loopback or in the monitoring network. */
      listen: z
        .string()
        .regex(/^([\w.-]+|\[[\da-f:]+\]):\d{1,5}$/i, "give host:port, such as 127.0.0.1:9464")
        .default("127.0.0.1:9464"),
    })
    .strict()
    .optional(),
  /** Folder of this party's objects and journal. */
  store: z.string(),
  /** Most that objects may take of the disk, GiB: older ones that three other members keep are deleted. Default: the disk. */
  maxStoreGiB: z.number().positive().max(1_048_576).optional(),
  /** Largest model to fetch, MiB. */
  maxModelMiB: z.number().int().min(1).max(16_384).default(1024),
};

/** What differs in a file: the federation may be named by the path of its own file. */
export const fileFields = { federation: z.union([z.string().min(1), partyConfigFields.federation]) };

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
  const { keys, store } = parsed.data;
  const at = (path: string) => resolve(baseDir, path);
  return {
    ...parsed.data,
    keys: {
      keystore: at(keys.keystore),
      peerKey: at(keys.peerKey),
      passwordFile: keys.passwordFile === undefined ? undefined : at(keys.passwordFile),
    },
    store: at(store),
  };
}
