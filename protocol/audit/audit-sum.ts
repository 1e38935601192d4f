// Derives the model of a round with private sums again: from the sealed hospitals' deals and masked updates, and the key that
// the hospitals' votes name. No share and no single update is needed, nor could one be had.
import { type FedError, isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Proposal, RoundState } from "../contract/round.ts";
import { type Digest, type HospitalAddress, zeroDigest } from "../format/digest.ts";
import { type Averaged, underName } from "../judge/averaged.ts";
import type { MaskedUpdate } from "../judge/collect-private.ts";
import { leastUpdates } from "../judge/included.ts";
import { bucketsOf, mostSums } from "../judge/opened-sums.ts";
import { recomputeSum, sealedUpdates } from "../judge/private-model.ts";
import type { BlobPorts, RoundContext } from "../judge/round-context.ts";
import type { SpoiltBucket } from "../judge/shared-work.ts";
import { maxSumKeyBytes } from "../private/sum-key.ts";
import type { ScoreHistogram } from "../private/sum-layout.ts";
import type { CheckedUpdates } from "./audit-updates.ts";
import { expectation, type RoundFindings } from "./find.ts";
import type { BucketReport } from "./seal-report.ts";

/** What a round's opened sum says. */
export interface DerivedSum extends Averaged {
  /** The one key that fits the sealed hospitals' commitments. */
  readonly key: Digest;
  /** Scores of the round's base, of the sealed hospitals' validation patients together. */
  readonly histogram: ScoreHistogram;
  /** What became of each bucket; undefined without. */
  readonly buckets?: readonly BucketReport[] | undefined;
}

export interface SumSubject {
  readonly state: RoundState;
  readonly context: RoundContext;
  readonly updates: CheckedUpdates;
  /** The proposal that became the model; undefined where none did. */
  readonly accepted: Proposal | undefined;
}

/** Keys of one round that are tried: only one can fit, and each costs its voters a vote. */
const mostKeys = 8;

/**
 * The model of the sealed set. What fails is broken in a round that became final, else a note: nobody depends on it.
 * @returns undefined where nothing was sealed or opened, or nothing can be derived
 */
export async function deriveSum(
  ports: BlobPorts,
  findings: RoundFindings,
  subject: SumSubject,
  waiting: Waiting,
): Promise<DerivedSum | undefined> {
  const { state, context, accepted } = subject;
  reportLeftOut(findings, subject);
  if (!state.seal) return undefined;
  const isFinal = accepted !== undefined;
  const named = keysNamed(state);
  if (named.size === 0) {
    const text = isFinal
      ? "no vote for the model names the key of its sum"
      : "the sum was sealed, and no vote names its key";
    findings.add(isFinal ? "broken" : "note", "SUM_NOT_OPENED", text);
    return undefined;
  }
  const updates = sealedHere(subject);
  if (!updates) return undefined; // audit-updates.ts has reported which one is missing or invalid
  for (const [key, voters] of [...named].slice(0, mostKeys)) {
    const about = { object: "key", digest: key, facts: { voters: voters.join(" ") } } as const;
    try {
      await ports.exchange.fetch(key, { maxBytes: maxSumKeyBytes(mostSums(context)), ...waiting });
      const { spoilt, ...derived } = await recomputeSum(ports, { ...subject, round: state, updates, key });
      reportSpoilt(findings, spoilt);
      return { ...derived, key, buckets: bucketReports(subject, spoilt) };
    } catch (error) {
      if (isFedError(error) && isOfSum(error)) {
        const text = "the sealed updates make no model: the sum is not one of updates under the plan";
        findings.add(isFinal ? "broken" : "note", error.code, text, { ...about, ...expectation(error) });
        return undefined;
      }
      findings.object(error, about, { missing: isFinal ? "unavailable" : "note" });
    }
  }
  return undefined;
}

/** The round has a model without them, and who of a bucket it was, its sum does not say. */
function reportSpoilt(findings: RoundFindings, spoilt: readonly SpoiltBucket[]): void {
  for (const { included, code } of spoilt) {
    const text = "the sum of a bucket is not one of updates under the plan: one of its hospitals masked something else";
    findings.add("note", "BUCKET_SPOILT", text, { object: "update", facts: { hospitals: included.join(" "), code } });
  }
}

function bucketReports({ state, context }: SumSubject, spoilt: readonly SpoiltBucket[]): BucketReport[] | undefined {
  return bucketsOf(state, context, state.seal?.included ?? [])?.map(({ drawn, included, isOpened }) => {
    const isSpoilt = spoilt.some((each) => each.included.join() === included.join());
    return { drawn, included, outcome: !isOpened ? "left-out" : isSpoilt ? "spoilt" : "summed" };
  });
}

/** What a right key shows of the sum, and no other key can change. */
function isOfSum({ code, kind }: FedError): boolean {
  return kind === "object" && !code.startsWith("SUM_KEY_") && code !== "SHARE_MALFORMED" && !code.startsWith("BLOB_");
}

/** The keys that votes for a model name, each with its voters; the one with most of them first. */
function keysNamed({ proposals }: RoundState): ReadonlyMap<Digest, readonly HospitalAddress[]> {
  const voters = new Map<Digest, Set<HospitalAddress>>();
  for (const { agree, scores, member } of proposals.flatMap(({ attestations }) => attestations)) {
    if (agree && scores !== zeroDigest) voters.set(scores, (voters.get(scores) ?? new Set()).add(member));
  }
  const sorted = [...voters].sort(([, a], [, b]) => b.size - a.size);
  return new Map(sorted.map(([key, members]) => [key, [...members]]));
}

function sealedHere({ state, updates }: SumSubject): readonly MaskedUpdate[] | undefined {
  const isHere = (state.seal?.included ?? []).every((member) => updates.valid.get(member)?.status === "masked");
  return isHere ? sealedUpdates(state, updates.valid) : undefined;
}

/**
 * Names the hospitals whose valid update the seal leaves out. Complaints about a deal are no objects of the chain, so the audit
 * cannot know whether it was right to; that more than two thirds of the hospitals opened the sum says that they thought so.
 */
function reportLeftOut(findings: RoundFindings, { state: { seal }, updates }: SumSubject): void {
  if (!seal) return;
  for (const [hospital, update] of updates.valid) {
    if (update.status !== "masked" || seal.included.includes(hospital)) continue;
    const about = { hospital, object: "update", digest: update.manifest.masked } as const;
    if (seal.hasWaited) {
      const text =
        "a valid update was left out of the seal: it came after the time for checking, or holders complained";
      findings.add("note", "LATE_LEFT_OUT", text, about);
    } else {
      const text =
        "a valid update was left out of the seal: holders complained of its deal, or the sealer left it out unseen";
      findings.add("note", "SEAL_LEFT_OUT", text, about);
    }
  }
}

/** Compares a proposed model with the derived one. @returns the derived model */
export function compareWithSum(
  findings: RoundFindings,
  { context }: Pick<SumSubject, "context">,
  { proposal, derived }: { readonly proposal: Proposal; readonly derived: DerivedSum | undefined },
): Digest | undefined {
  const { number, proposer, model, included, attestations, status } = proposal;
  const severity = status === "accepted" ? "broken" : "note";
  const agreed = attestations.filter(({ agree }) => agree).map(({ member }) => member);
  const facts = { agreed: agreed.join(" ") };
  const about = { proposal: number, hospital: proposer, object: "model", digest: model, facts } as const;
  const least = leastUpdates(context.plan);
  if (included.length < least) {
    const text = "the model sums fewer updates than the plan asks for";
    const sizes = { expected: `${least}`, found: `${included.length}` };
    findings.add(severity, "TOO_FEW_UPDATES", text, { ...about, ...sizes });
  }
  const named = derived && underName(derived, model);
  if (derived && !named) {
    const text = "the model is not what the opened sum makes of the round's base";
    findings.add(severity, "WRONG_MODEL", text, { ...about, expected: derived.model, found: model });
  }
  return named?.model ?? derived?.model;
}
