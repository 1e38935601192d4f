// Attests a proposed model: recompute it, score it on the hospital's own patients, record the verdict on chain.

import { FedError } from "../foundation/errors.ts";
import { zeroDigest } from "../protocol/format/digest.ts";
import { encodeRefusal } from "../protocol/format/refusal.ts";
import type { SharedWork } from "../protocol/judge/shared-work.ts";
import type { BlobStore, Learner, Ledger, Log } from "../protocol/ports.ts";
import { evaluateModel } from "./evaluate-model.ts";
import type { Emit } from "./events.ts";
import { type Judgement, verifyProposal } from "./verify-proposal.ts";

/**
 * Attests with the digest of the scores if it agrees, or of the refusal if it does not.
 * @param ports.learner undefined while it trains: the attestation then carries no scores
 * @throws LEDGER_READ_ONLY, ABORTED, or the contract's own code
 */
export async function attestModel(
  ports: { ledger: Ledger; blobs: BlobStore; learner: Learner | undefined; log: Log; work?: SharedWork },
  judgement: Judgement,
  { wanted, stop, emit, seconds }: { wanted: AbortSignal; stop: AbortSignal; emit: Emit; seconds: () => number },
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
    emit({ event: "refused", code, ...facts });
  }
  wanted.throwIfAborted();
  const scores = statement ? await blobs.put(statement) : zeroDigest;
  const { agree } = verdict;
  await ledger.attest({ round: round.id, proposal: proposal.number, agree, scores }, { signal: stop });
  emit({ event: "attested", round: round.id, proposal: proposal.number, agree, seconds: seconds() });
}
