// A hospital's verdict on a proposed model: recompute it, score it on the hospital's own patients, say so on chain.

import { FedError } from "../foundation/errors.ts";
import { zeroDigest } from "../protocol/format/digest.ts";
import { encodeRefusal } from "../protocol/format/refusal.ts";
import type { SharedWork } from "../protocol/judge/shared-work.ts";
import type { BlobStore, Learner, Ledger, Log } from "../protocol/ports.ts";
import { evaluateModel } from "./evaluate-model.ts";
import type { Tell } from "./events.ts";
import { type Judgement, verifyProposal } from "./verify-proposal.ts";

/**
 * Attests with the digest of the scores where it agrees, of the refusal where it does not.
 * @param learner undefined while it is busy training: the attestation then carries no scores
 * @throws FedError what the contract refuses; ABORTED
 */
export async function attestModel(
  ports: { ledger: Ledger; blobs: BlobStore; learner: Learner | undefined; log: Log; work?: SharedWork },
  judgement: Judgement,
  { wanted, stop, tell, seconds }: { wanted: AbortSignal; stop: AbortSignal; tell: Tell; seconds: () => number },
): Promise<void> {
  const { ledger, blobs, learner, log } = ports;
  const { round, proposal, context } = judgement;
  const hospital = ledger.self;
  if (hospital === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  const verdict = await verifyProposal(ports, judgement);
  let statement: Uint8Array | undefined;
  if (verdict.agree) {
    const digest = await blobs.put(verdict.model);
    if (learner && context !== "refused") {
      const subject = { round: round.id, hospital, plan: context.plan, model: verdict.model, digest };
      statement = await evaluateModel({ learner, log }, subject, { signal: wanted });
    }
  } else {
    statement = encodeRefusal(verdict.refusal);
    const { code, member, proposer } = verdict.refusal;
    const facts = { round: round.id, proposal: proposal.number, proposer, ...(member ? { member } : {}) };
    log.warn("proposal-refused", { code, ...facts });
    tell({ event: "refused", code, ...facts });
  }
  wanted.throwIfAborted();
  const scores = statement ? await blobs.put(statement) : zeroDigest;
  const { agree } = verdict;
  await ledger.attest({ round: round.id, proposal: proposal.number, agree, scores }, { signal: stop });
  tell({ event: "attested", round: round.id, proposal: proposal.number, agree, seconds: seconds() });
}
