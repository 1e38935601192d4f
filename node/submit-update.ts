// Commits a prepared update on chain. The signed manifest is in the journal before the transaction; the announcement follows it.
import { FedError } from "../foundation/errors.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import { type Statement, signManifest } from "../protocol/format/manifest.ts";
import type { BlobStore, Gossip, Journal, Ledger, Signatures } from "../protocol/ports.ts";
import type { Emit } from "./events.ts";
import { noteManifest, type PreparedUpdate, readManifest } from "./notes.ts";

/** @throws LEDGER_READ_ONLY, ABORTED, or the contract's own code */
export async function submitUpdate(
  ports: { ledger: Ledger; blobs: BlobStore; gossip: Gossip; journal: Journal; signatures: Signatures },
  { round, prepared, software }: { round: RoundState; prepared: PreparedUpdate; software: string },
  { stop, emit }: { stop: AbortSignal; emit: Emit },
): Promise<void> {
  const { ledger, blobs, gossip, journal, signatures } = ports;
  const { self: hospital, federation } = ledger;
  if (hospital === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  let manifest = await readManifest(journal, round.id);
  if (manifest === undefined) {
    const statement: Statement = { version: 1, ...federation, ...prepared, round: round.id, hospital, software };
    manifest = await signManifest(statement, signatures);
    await noteManifest(journal, round.id, manifest);
  }
  const digest = await blobs.put(manifest);
  const { sampleCount, update } = prepared;
  await ledger.commitUpdate({ round: round.id, manifest: digest, sampleCount }, { signal: stop });
  emit({ event: "committed", round: round.id, update, sampleCount });
  const bytes = manifest.byteLength;
  await gossip.publish({ version: 1, ...federation, kind: "manifest", round: round.id, hospital, digest, bytes });
}
