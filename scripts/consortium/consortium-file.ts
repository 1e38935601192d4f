// The consortium's file: what its coordinator gives to deploy, members, terms and status in place of options.
import { resolve } from "node:path";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import {
  anyCaseAddress,
  confirmationsField,
  endpointsField,
  keystoreFields,
  maxFeeGweiField,
} from "../../party/config.ts";

const period = z.string().regex(/^\d{1,9}[smhd]?$/, "write a period as 90s, 30m, 24h or 7d");
const whole = (most: number) => z.number().int().min(0).max(most);

export const consortiumFileSchema = z
  .object({
    chain: z
      .object({
        id: z.number().int().positive().safe().describe("Id of the chain; an endpoint of another chain is refused."),
        endpoints: endpointsField,
        confirmations: confirmationsField,
        maxFeeGwei: maxFeeGweiField,
      })
      .strict()
      .describe("The chain on which the federation is founded."),
    keys: z.object(keystoreFields).strict().describe("The account that founds the federation and owns it at first."),
    federation: z
      .string()
      .min(1)
      .describe("The federation file: consilium deploy writes it, and the other commands read it."),
    plan: z.string().min(1).describe("File of the plan, whose digest consilium deploy puts on chain."),
    genesis: z.string().min(1).describe("File of the first model, whose digest consilium deploy puts on chain."),
    terms: z
      .object({
        commitPeriod: period.describe("For which a round takes updates."),
        proposePeriod: period.describe("For which its opener alone may propose the average, then anyone."),
        attestPeriod: period.describe("For which hospitals may agree or disagree."),
        minUpdates: whole(65_535).describe("Fewer updates make no model."),
        maxExpired: whole(255).describe("Proposals not decided in time before a round is abandoned."),
        sampleCap: whole(2 ** 20).describe("Largest sample count of an update: it bounds a hospital's influence."),
        earlyShare: whole(100).describe("Percent of hospitals whose updates start the grace period; 0: none."),
        gracePeriod: period.describe("Then left for the other updates; 0 where the share is 0."),
      })
      .strict()
      .describe("The rules of the rounds when it is founded; later consilium terms changes them."),
    members: z
      .array(
        z
          .object({
            name: z.string().min(1).max(60).describe("How the consortium calls it: never written on chain."),
            role: z.enum(["hospital", "aggregator"]).describe("What it does in the federation."),
            address: anyCaseAddress
              .optional()
              .describe("Its account, if it is known: consilium deploy admits it. Without it, it is invited."),
          })
          .strict(),
      )
      .max(256)
      .describe("The members, in the order of their indices."),
    handOver: z
      .union([z.literal("hospitals"), anyCaseAddress])
      .optional()
      .describe(
        "The next owner, who must accept: an address, or hospitals for their vote. Without it the founder stays.",
      ),
    predecessor: anyCaseAddress.optional().describe("The contract of the federation that this one continues."),
    invitation: z
      .object({
        peers: z
          .array(z.string().min(1).max(300))
          .max(32)
          .describe("Multiaddrs of members that a new one connects to."),
        endpoints: z
          .array(z.string().url().max(300))
          .max(8)
          .describe("RPC endpoints that a new member may use, without credentials: everybody can read an invitation."),
      })
      .strict()
      .describe("What consilium members invite writes into the invitation."),
  })
  .strict();

export type ConsortiumFile = z.output<typeof consortiumFileSchema>;

/** Of two kinds of configuration that commands take: a consortium has members, and a party has a store. */
export function isConsortium(raw: unknown): boolean {
  return typeof raw === "object" && raw !== null && "members" in raw && !("store" in raw);
}

/** Its paths are absolute. @throws CONFIG_INVALID */
export function parseConsortium(raw: unknown, baseDir: string): ConsortiumFile {
  const parsed = consortiumFileSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const facts = { field: issue?.path.join(".") || "(root)", why: issue?.message };
    throw new FedError("CONFIG_INVALID", facts, { remedy: "see docs/configuration.md for the fields" });
  }
  const { keys, federation, plan, genesis, ...rest } = parsed.data;
  const at = (path: string) => resolve(baseDir, path);
  const passwordFile = keys.passwordFile === undefined ? undefined : at(keys.passwordFile);
  return {
    ...rest,
    keys: { keystore: at(keys.keystore), passwordFile },
    federation: at(federation),
    plan: at(plan),
    genesis: at(genesis),
  };
}
