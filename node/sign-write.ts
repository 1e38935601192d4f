// Signs a commitment or a vote for other members to send. It is in the journal before it leaves this hospital, and after a
// kill at any instant the same bytes are sent again: never two different ones for a round or for a proposal.
import { isFedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import { signWrite, type UnsignedWrite } from "../protocol/contract/write-signature.ts";
import { nameOfWrite, type SignedWrite } from "../protocol/format/signed-write.ts";
import type { Journal, Ledger, Log, Signatures, SignedWrites } from "../protocol/ports.ts";
import { noteSigned, readSigned } from "./notes.ts";

/** Signs it, or takes the one of its name that was signed before. @throws JOURNAL_MALFORMED */
export async function publishSigned(
  ports: { journal: Journal; signatures: Signatures; signedWrites: SignedWrites },
  write: UnsignedWrite,
): Promise<SignedWrite> {
  const { journal, signatures, signedWrites } = ports;
  const before = await readSigned(journal, nameOfWrite(write));
  const signed = before ?? (await signWrite(write, signatures));
  if (before === undefined) await noteSigned(journal, signed);
  await signedWrites.publish(signed);
  return signed;
}

/** Sends it from this hospital's own account, since no member has; without gas that changes nothing. @throws the contract's own code */
export async function sendOwn(
  { ledger, log }: { ledger: Ledger; log: Log },
  write: SignedWrite,
  waiting: Waiting,
): Promise<void> {
  const { kind, round } = write;
  try {
    if (write.kind === "commitment") {
      const { manifest, sampleCount } = write;
      await ledger.commitUpdate({ round, manifest, sampleCount }, waiting);
    } else {
      const { proposal, agree, scores } = write;
      await ledger.attest({ round, proposal, agree, scores }, waiting);
    }
    log.info("sent-own", { kind, round });
  } catch (error) {
    // Another member's batch may be on chain already, and not confirmed.
    if (isFedError(error, "COMMITMENT_DUPLICATE", "ATTESTATION_DUPLICATE")) return;
    if (!isFedError(error, "CHAIN_FUNDS")) throw error;
    log.info("not-relayed-yet", { kind, round, account: ledger.self });
  }
}
