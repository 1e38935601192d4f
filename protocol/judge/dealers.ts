// Which hospitals' updates a seal must include, and which it must leave out, from the objects of the checking phase. Pure:
// all who have the same objects come to the same answer, and only what is missing can divide them.
import type { RoundState } from "../contract/round.ts";
import { proposePeriod } from "../contract/turns.ts";
import type { HospitalAddress } from "../format/digest.ts";

/** What a party knows of a hospital that committed in a round with private sums. */
export interface DealerFacts {
  readonly dealer: HospitalAddress;
  /**
   * checked: manifest, masked object and deal are whole and right. wrong: their bytes prove that they are not. missing: a
   * part of them has not been served yet.
   */
  readonly objects: "checked" | "wrong" | "missing";
  /** Holders with a signed complaint about this deal. */
  readonly complaints: ReadonlySet<HospitalAddress>;
  /** Complaints that an answer with a right share has settled. */
  readonly answered: ReadonlySet<HospitalAddress>;
  /** Complaints whose signed answer holds a wrong share: the bytes prove it. */
  readonly refuted: ReadonlySet<HospitalAddress>;
}

/** in: include it. out: leave it out, for the reason. open: not yet known. */
export type DealerVerdict =
  | { readonly verdict: "in" | "open" }
  | { readonly verdict: "out"; readonly reason: DealerFault };

/** wrong, share: bytes prove it. complaints: more than f holders. unanswered, unserved: the time is over. */
export type DealerFault = "wrong" | "share" | "complaints" | "unanswered" | "unserved";

/** Holders that may lie: f of n. */
export function mostDishonest(hospitals: number): number {
  return Math.floor((hospitals - 1) / 3);
}

/**
 * @param now chain time, seconds. Until half of the time for sealing is over, what is missing may still come
 */
export function judgeDealer(round: RoundState, facts: DealerFacts, now: number): DealerVerdict {
  const { objects, complaints, answered, refuted } = facts;
  if (objects === "wrong") return { verdict: "out", reason: "wrong" };
  if (refuted.size > 0) return { verdict: "out", reason: "share" };
  // An answer shows a share to everyone: with more than f of them in the open, the others would be too few to hide the key.
  if (complaints.size > mostDishonest(round.members.length)) return { verdict: "out", reason: "complaints" };
  const isOver = hasCheckingEnded(round, now);
  if (objects === "missing") return isOver ? { verdict: "out", reason: "unserved" } : { verdict: "open" };
  if ([...complaints].every((holder) => answered.has(holder))) return { verdict: "in" };
  return isOver ? { verdict: "out", reason: "unanswered" } : { verdict: "open" };
}

/** Whether the time to serve objects, to complain and to answer is over; the rest of the time is for sealing. */
export function hasCheckingEnded(round: RoundState, now: number): boolean {
  const begins = now > round.proposeBy ? round.proposeBy : round.commitBy + proposePeriod(round) / 2;
  return now > begins;
}

/**
 * Whether a holder opens the sealed set: it has found nothing wrong with any member of it, and none is left out that it
 * knows to be right since before the seal. What it does not know, it takes from the seal.
 */
export function mayOpen(round: RoundState, known: readonly DealerFacts[], sealedAt: number): boolean {
  if (!round.seal) return false;
  const sealed = new Set(round.seal.included);
  return known.every((facts) => {
    const judged = judgeDealer(round, facts, sealedAt);
    if (sealed.has(facts.dealer)) return judged.verdict !== "out" || !isProven(judged.reason);
    return judged.verdict !== "in";
  });
}

/** Whether bytes prove the fault to everyone, so that no honest member seals its hospital. */
function isProven(reason: DealerFault): boolean {
  return reason === "wrong" || reason === "share" || reason === "complaints";
}
