// Commits a prepared update: on chain, or by a signature for other members to send. The signed manifest is in the journal
// before the commitment; the announcement follows it.
import { FedError } from "../foundation/errors.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { UnsignedWrite } from "../protocol/contract/write-signature.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import { type Statement, signManifest } from "../protocol/format/manifest.ts";
import { manifestObjects } from "../protocol/format/private-manifest.ts";
import type { BlobStore, Gossip, Journal, Ledger, Signatures } from "../protocol/ports.ts";
import type { Emit } from "./events.ts";
import { noteManifest, type PreparedUpdate, readManifest } from "./notes.ts";

interface Submission {
  readonly round: RoundState;
  readonly prepared: PreparedUpdate;
  /** Makes and signs the manifest; called where none was signed for the round before. */
  readonly sign: (hospital: HospitalAddress) => Promise<Uint8Array>;
}

/** The manifest of an update that everyone may read. */
export function signPlain(
  { ledger, signatures }: Pick<ManifestPorts, "ledger" | "signatures">,
  { round, prepared, software }: Pick<Submission, "round" | "prepared"> & { readonly software: string },
): Submission["sign"] {
  return (hospital) => {
    const statement: Statement = { version: 1, ...ledger.federation, ...prepared, round: round.id, hospital, software };
    return signManifest(statement, signatures);
  };
}

/** @throws LEDGER_READ_ONLY, ABORTED, or the contract's own code */
export async function submitUpdate(
  ports: ManifestPorts & { gossip: Gossip },
  submission: Submission,
  { stop, emit }: { stop: AbortSignal; emit: Emit },
): Promise<void> {
  const { ledger } = ports;
  const { round, prepared } = submission;
  const { digest, bytes } = await storeManifest(ports, submission);
  const { sampleCount } = prepared;
  const [update] = manifestObjects(bytes);
  await ledger.commitUpdate({ round: round.id, manifest: digest, sampleCount }, { signal: stop });
  emit({ event: "committed", round: round.id, update, sampleCount });
  await announceManifest(ports, { round: round.id, digest, bytes: bytes.byteLength });
}

/** The commitment that a hospital without gas signs. @throws LEDGER_READ_ONLY */
export async function commitmentToSign(ports: ManifestPorts, submission: Submission): Promise<UnsignedWrite> {
  const { federation } = ports.ledger;
  const { round, prepared } = submission;
  const { digest: manifest, hospital } = await storeManifest(ports, submission);
  const { sampleCount } = prepared;
  return { version: 1, ...federation, kind: "commitment", round: round.id, hospital, manifest, sampleCount };
}

/** Announces that a commitment of this hospital is on chain. @throws LEDGER_READ_ONLY */
export async function announceManifest(
  { ledger, gossip }: { ledger: Ledger; gossip: Gossip },
  { round, digest, bytes }: { readonly round: RoundId; readonly digest: Digest; readonly bytes: number },
): Promise<void> {
  const { federation, self: hospital } = ledger;
  if (hospital === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  await gossip.publish({ version: 1, ...federation, kind: "manifest", round, hospital, digest, bytes });
}

interface ManifestPorts {
  readonly ledger: Ledger;
  readonly blobs: BlobStore;
  readonly journal: Journal;
  readonly signatures: Signatures;
}

/** Signs a manifest, or takes the one that was signed for the round before, and stores it. */
async function storeManifest(
  { ledger, blobs, journal }: ManifestPorts,
  { round, sign }: Submission,
): Promise<{ readonly hospital: HospitalAddress; readonly digest: Digest; readonly bytes: Uint8Array }> {
  const { self: hospital } = ledger;
  if (hospital === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  let manifest = await readManifest(journal, round.id);
  if (manifest === undefined) {
    manifest = await sign(hospital);
    await noteManifest(journal, round.id, manifest);
  }
  return { hospital, digest: await blobs.put(manifest), bytes: manifest };
}
