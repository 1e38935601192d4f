// Decides what a hospital does in a round with private sums besides training and committing: as a holder of others' shares,
// and as the dealer of its own. Pure; every action is idempotent.
import type { Action } from "../party/loop.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import { allCommitted, proposePeriod } from "../protocol/contract/turns.ts";
import type { Digest, HospitalAddress } from "../protocol/format/digest.ts";
import type { MaskedUpdate } from "../protocol/judge/collect-private.ts";
import { hasCheckingEnded, mayOpen, mostDishonest } from "../protocol/judge/dealers.ts";
import { type OpenedSums, openableSums, openedSums } from "../protocol/judge/opened-sums.ts";
import { dealerFacts, dealsOf, nameOfSet, sealable } from "../protocol/judge/sealing.ts";
import type { Complaint, UnsignedComplaint } from "../protocol/private/complaint.ts";
import type { Share } from "../protocol/private/share.ts";
import { inputName } from "./private-input.ts";
import type { HospitalView } from "./view.ts";

export type HolderAction = Action & { readonly round: RoundState } & (
    | { readonly kind: "publish-prekey" | "note-sealed" }
    | { readonly kind: "open-box"; readonly update: MaskedUpdate }
    | { readonly kind: "check"; readonly updates: readonly MaskedUpdate[] }
    | { readonly kind: "complain"; readonly update: MaskedUpdate; readonly reason: UnsignedComplaint["reason"] }
    | { readonly kind: "answer"; readonly complaint: Complaint }
    | { readonly kind: "say-checked"; readonly deals: readonly Digest[] }
    | { readonly kind: "open-sum"; readonly opened: OpenedSums; readonly shares: readonly (readonly Share[])[] }
    | { readonly kind: "erase"; readonly through: number; readonly keep: string | undefined }
  );

/** In a round without private sums nothing but erasing what earlier rounds have left. */
export function holderActions(view: HospitalView, round: RoundState): HolderAction[] {
  const { context, self } = view;
  const actions = eraseActions(view, round);
  if (context.status !== "ready" || !context.plan.privacy || !round.members.includes(self)) return actions;
  if (isOver(round)) return actions;
  return [
    ...sealedActions(view, round),
    ...(round.status === "committing" ? checkingActions(view, round) : []),
    ...openActions(view, round),
    ...actions,
  ];
}

/**
 * Whether the hospital may deal: every hospital of the round has published a prekey, or half of the time to commit is over and
 * enough have. Later prekeys get no box.
 */
export function mayDeal({ now, sum, fetchingSince = now }: HospitalView, round: RoundState): boolean {
  const missing = round.members.filter((member) => !sum.prekeys.has(member)).length;
  if (missing === 0) return true;
  return missing <= mostDishonest(round.members.length) && now > (fetchingSince + round.commitBy) / 2;
}

/** Whether secrets of rounds before this one are still to be settled: until then nothing new is masked. */
export function isUnsettled({ kept }: HospitalView, { id }: RoundState): boolean {
  return kept.some((name) => name.startsWith("mask/") && roundOf(name) < id);
}

function sealedActions({ self, notes }: HospitalView, round: RoundState): HolderAction[] {
  if (!round.seal?.included.includes(self) || !notes.prepared) return [];
  return [{ name: `note-sealed ${round.id}`, lane: "notes", kind: "note-sealed", round }];
}

function checkingActions(view: HospitalView, round: RoundState): HolderAction[] {
  const { self, now, sum, collected, holding } = view;
  const actions: HolderAction[] = [];
  if (!sum.prekeys.has(self)) {
    actions.push({ name: `publish-prekey ${round.id}`, lane: "prekey", kind: "publish-prekey", round });
  }
  actions.push(...checkActions(view, round));
  const complaints = sum.complaints.get(self) ?? new Map<HospitalAddress, Complaint>();
  if (complaints.size <= mostDishonest(round.members.length)) {
    for (const [holder, complaint] of complaints) {
      if (sum.answers.get(self)?.has(holder)) continue;
      const name = `answer ${round.id} ${holder}`;
      actions.push({ name, lane: "answer", kind: "answer", round, complaint });
    }
  }
  // Without a prekey it has no box to complain of.
  if (hasCheckingEnded(round, now) || !hasPrekey(view, round)) return actions;
  for (const update of maskedOf(collected)) {
    const { member } = update;
    const found = holding.get(member);
    if (!found || "share" in found || sum.complaints.get(member)?.has(self)) continue;
    const { fault: reason } = found;
    actions.push({ name: `complain ${round.id} ${member}`, lane: "complain", kind: "complain", round, update, reason });
  }
  return [...actions, ...saidActions(view, round)];
}

/** Says which set this holder would open, once that is settled. */
function saidActions(view: HospitalView, round: RoundState): HolderAction[] {
  const { now, collected, sum } = view;
  if (!allCommitted(round) && now <= round.commitBy) return [];
  const included = sealable(round, dealerFacts(round, { ...view.sum, collected }), now);
  if (!included?.every((member) => shareOf(view, member))) return [];
  const [deals, name] = [dealsOf(included, collected), nameOfSet(included, collected)];
  if (!deals || !name || sum.announced.some(({ kind, digest }) => kind === "checked" && digest === name)) return [];
  return [{ name: `say-checked ${round.id} ${name}`, lane: "said", kind: "say-checked", round, deals }];
}

/**
 * Boxes are opened as their dealers' updates come, and the shares in them checked when all have come that will, since checking many
 * together costs as much as one.
 */
function checkActions(view: HospitalView, round: RoundState): HolderAction[] {
  const { now, collected, holding, boxesOpened } = view;
  if (!hasPrekey(view, round)) return [];
  const isDue = now > round.commitBy || (allCommitted(round) && collected.size === round.commitments.length);
  const updates = maskedOf(collected).filter(({ member }) => !holding.has(member));
  if (updates.length === 0) return [];
  if (isDue) {
    const name = `check ${round.id} ${updates.map(({ member }) => member).join(" ")}`;
    return [{ name, lane: "check", kind: "check", round, updates }];
  }
  const closed = updates.filter(({ member }) => !boxesOpened.has(member));
  return closed.map((update): HolderAction => {
    const name = `open-box ${round.id} ${update.member}`;
    return { name, lane: "check", kind: "open-box", round, update };
  });
}

function openActions(view: HospitalView, round: RoundState): HolderAction[] {
  const { self, sum, collected, context } = view;
  const { seal } = round;
  if (!seal || sum.key !== undefined || sum.openings.has(self) || context.status !== "ready") return [];
  const summed = openableSums(round, context, seal.included)?.flat();
  if (!summed) return [];
  const missing = summed.filter((member) => !shareOf(view, member));
  if (missing.length > 0) {
    // A process that started after the seal opens its boxes now.
    return checkActions(view, round);
  }
  const sealedAt = seal.by === round.opener ? seal.proposeBy - proposePeriod(round) : seal.proposeBy;
  const facts = dealerFacts(round, { ...sum, collected }).map((each) => {
    if (seal.included.includes(each.dealer)) return each;
    const before = sum.factsAtSeal?.find(({ dealer }) => dealer === each.dealer);
    return { ...each, objects: before?.objects ?? "missing" };
  });
  if (!mayOpen(round, facts, sealedAt)) return [];
  const updates = seal.included.flatMap((member) => {
    const update = collected.get(member);
    return update?.status === "masked" ? [update] : [];
  });
  if (updates.length !== seal.included.length) return [];
  const opened = openedSums(round, context, updates);
  if (!opened) return [];
  const shares = opened.sums.map((summands) => summands.map(({ member }) => shareOf(view, member)!));
  return [{ name: `open-sum ${round.id}`, lane: "open", kind: "open-sum", round, opened, shares }];
}

/** Secrets of rounds that are over go, but for an input that no sum holds and that the next round can still take. */
function eraseActions({ kept, notes: { prepared }, training }: HospitalView, round: RoundState): HolderAction[] {
  const through = isOver(round) ? round.id : round.id - 1;
  const base = isOver(round) ? (round.model ?? round.base) : round.base;
  const keep = prepared?.base === base ? inputName(prepared.trainedIn) : undefined;
  const isStale = (name: string) => roundOf(name) <= through && name !== keep && roundOf(name) !== training?.round;
  if (!kept.some(isStale)) return [];
  return [{ name: `erase ${through} ${keep}`, lane: "erase", kind: "erase", round, through, keep }];
}

/** This holder's right share of a dealer, from its box or from an answer. */
function shareOf({ self, holding, sum }: HospitalView, dealer: HospitalAddress): Share | undefined {
  const found = holding.get(dealer);
  if (found && "share" in found) return found.share;
  const answered = sum.answers.get(dealer)?.get(self);
  return answered === "wrong" ? undefined : answered;
}

function maskedOf(collected: HospitalView["collected"]): MaskedUpdate[] {
  return [...collected.values()].flatMap((each) => (each.status === "masked" ? [each] : []));
}

function isOver({ status }: RoundState): boolean {
  return status === "final" || status === "abandoned";
}

function hasPrekey({ kept }: HospitalView, { id }: RoundState): boolean {
  return kept.includes(`prekey/${id}`);
}

/** The round of a secret, which its name ends with. */
function roundOf(name: string): number {
  return Number(name.split("/")[1]);
}
