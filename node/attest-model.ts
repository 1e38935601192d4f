// Attests a proposed model: recompute it, score it on the hospital's own patients, and record the verdict on chain, or sign it
// for other members to send.

import { FedError } from "../foundation/errors.ts";
import type { UnsignedWrite } from "../protocol/contract/write-signature.ts";
import { type Digest, zeroDigest } from "../protocol/format/digest.ts";
import { encodeRefusal, type Refusal } from "../protocol/format/refusal.ts";
import type { Averaged } from "../protocol/judge/averaged.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import { judgeSum } from "../protocol/judge/sum-verdict.ts";
import {
  judgeProposal,
  type ProposalFault,
  type VerdictPorts,
  type VerdictSubject,
} from "../protocol/judge/verdict.ts";
import type { Learner } from "../protocol/learner.ts";
import type { BlobStore, Ledger, Log } from "../protocol/ports.ts";
import { evaluateModel } from "./evaluate-model.ts";
import type { Emit } from "./events.ts";

export interface Judgement extends Omit<VerdictSubject, "context"> {
  readonly context: RoundContext | "refused";
  /** A model that the proposer announced by gossip and did not propose. */
  readonly otherAnnounced: Digest | undefined;
  /** The key of the sealed set; only with private sums. */
  readonly key: Digest | undefined;
}

type AttestPorts = VerdictPorts & { ledger: Ledger; blobs: BlobStore; learner: Learner | undefined; log: Log };

interface VoteOptions {
  readonly maxModelBytes: number;
  readonly wanted: AbortSignal;
  readonly emit: Emit;
}

/**
 * Attests on chain.
 * @throws LEDGER_READ_ONLY, ABORTED, or the contract's own code
 */
export async function attestModel(
  ports: AttestPorts,
  judgement: Judgement,
  options: VoteOptions & { readonly stop: AbortSignal; readonly seconds: () => number },
): Promise<void> {
  const { stop, emit, seconds } = options;
  const { round, proposal } = judgement;
  const { agree, scores } = await voteOn(ports, judgement, options);
  await ports.ledger.attest({ round: round.id, proposal: proposal.number, agree, scores }, { signal: stop });
  emit({ event: "attested", round: round.id, proposal: proposal.number, agree, seconds: seconds() });
}

/** The vote that a hospital without gas signs. @throws LEDGER_READ_ONLY, ABORTED */
export async function voteToSign(
  ports: AttestPorts,
  judgement: Judgement,
  options: VoteOptions,
): Promise<UnsignedWrite> {
  const { federation, self: hospital } = ports.ledger;
  if (hospital === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  const { agree, scores } = await voteOn(ports, judgement, options);
  const { round, proposal } = judgement;
  const subject = { round: round.id, proposal: proposal.number, model: proposal.model };
  return { version: 1, ...federation, kind: "vote", ...subject, hospital, agree, scores };
}

/**
 * The verdict, with the digest of the scores (with private sums: of the key) if it agrees, or of the refusal if it does not; they are stored.
 * @param ports.learner undefined while it trains, and where this round is not to be scored: the vote then carries no scores
 */
async function voteOn(
  ports: AttestPorts,
  judgement: Judgement,
  { maxModelBytes, wanted, emit }: VoteOptions,
): Promise<{ readonly agree: boolean; readonly scores: Digest }> {
  const { ledger, blobs, learner, log } = ports;
  const { round, proposal, context } = judgement;
  const hospital = ledger.self;
  if (hospital === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  const verdict = await decide(ports, judgement, { maxModelBytes, signal: wanted });
  let statement: Uint8Array | undefined;
  if (verdict.agree) {
    const digest = await blobs.put(verdict.bytes, verdict.outline);
    if (learner && context !== "refused") {
      const subject = { round: round.id, hospital, plan: context.plan, model: verdict.bytes, digest };
      const evaluation = await evaluateModel({ learner, log }, subject, { signal: wanted });
      if (evaluation) {
        const { patients, auc } = evaluation;
        statement = evaluation.statement;
        emit({ event: "scored", round: round.id, patients, auc });
      }
    }
  } else {
    statement = encodeRefusal(verdict.refusal);
    const { code, member, proposer } = verdict.refusal;
    const facts = { round: round.id, proposal: proposal.number, proposer, member };
    log.warn("proposal-refused", { code, ...facts });
    emit({ event: "refused", code, ...facts });
  }
  wanted.throwIfAborted();
  // A vote for the model of an opened sum names the key, so that an auditor finds it by the chain.
  const named = verdict.agree && judgement.key !== undefined ? judgement.key : zeroDigest;
  return { agree: verdict.agree, scores: statement ? await blobs.put(statement) : named };
}

type Vote = ({ readonly agree: true } & Averaged) | { readonly agree: false; readonly refusal: Refusal };

/** Agrees to a proposal without a fault; else refuses for the first one. */
async function decide(
  ports: VerdictPorts & { blobs: BlobStore },
  judgement: Judgement,
  options: { readonly maxModelBytes: number; readonly signal: AbortSignal },
): Promise<Vote> {
  const { round, proposal, context, otherAnnounced } = judgement;
  const { number, proposer, model } = proposal;
  const refuse = ({ cause: _, ...fault }: ProposalFault): Vote => ({
    agree: false,
    refusal: { version: 1, kind: "refusal", round: round.id, proposal: number, proposer, ...fault },
  });
  if (context === "refused") return refuse({ code: "PLAN_NOT_ACCEPTED", found: round.plan });
  if (otherAnnounced) return refuse({ code: "EQUIVOCATION", expected: model, found: otherAnnounced });
  const subject = { ...judgement, context };
  const faults = context.plan.privacy
    ? judgeSum(ports, { ...subject, key: judgement.key })
    : judgeProposal(ports, subject, options);
  const judged = await faults.next();
  if (!judged.done) return refuse(judged.value);
  return judged.value ? { agree: true, ...judged.value } : refuse({ code: "WRONG_MODEL", found: model });
}
