// Binds a store's notes to a federation. Notes name rounds by their numbers, which a successor contract counts from 1 again:
// without this, a hospital would take the old federation's round 2 for the new one's.
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import { canonicalBytes } from "../protocol/format/canonical.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import { addressField } from "../protocol/format/fields.ts";
import type { Journal, Ledger, Log } from "../protocol/ports.ts";
import { dropRoundNotes } from "./notes.ts";

const key = "federation";
const noSuch = `0x${"00".repeat(20)}`;
const federationSchema = z.object({ chainId: z.number().int().positive().safe(), contract: addressField }).strict();

/**
 * Makes sure that the notes are of the ledger's federation. Those of its predecessor, or of version 0.1.0, which did not say
 * of which federation they were, are taken over: rounds are forgotten, the rounding remainder stays.
 * @throws STORE_OTHER_FEDERATION, JOURNAL_MALFORMED, and what the ledger throws
 */
export async function bindNotes(
  { journal, ledger, log }: { journal: Journal; ledger: Pick<Ledger, "federation" | "history">; log: Log },
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const { chainId, contract } = ledger.federation;
  const noted = await readFederation(journal);
  if (noted?.chainId === chainId && noted.contract === contract) return;
  const bound = { [key]: canonicalBytes({ chainId, contract }) };
  // A new store: nothing of a predecessor's is in it, and a long history need not be read.
  if ((await journal.keys("")).length === 0) return journal.write(bound);
  const predecessor = await predecessorOf(ledger, signal);
  const isSuccessor = predecessor !== undefined && (noted === undefined || noted.contract === predecessor);
  if (noted !== undefined && !isSuccessor) {
    throw new FedError("STORE_OTHER_FEDERATION", { contract, notes: noted.contract });
  }
  if (!isSuccessor) return journal.write(bound);
  const dropped = await dropRoundNotes(journal, bound);
  if (dropped > 0) log.info("store-continued", { contract, predecessor, notes: dropped });
}

async function readFederation(journal: Journal): Promise<z.output<typeof federationSchema> | undefined> {
  const bytes = await journal.get(key);
  try {
    return bytes && federationSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new FedError("JOURNAL_MALFORMED", { key }, { cause });
  }
}

/** One of the contract's first events names it. */
async function predecessorOf(
  ledger: Pick<Ledger, "history">,
  signal: AbortSignal,
): Promise<HospitalAddress | undefined> {
  for await (const event of ledger.history({ signal })) {
    if (event.kind !== "federation-founded") continue;
    return event.predecessor === noSuch ? undefined : event.predecessor;
  }
  return undefined;
}
