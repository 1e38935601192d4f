// What a party knows about the newest round while its process lives: plan, collected updates, announced proposals.
// A restarted process can find all of it again, so none of it is on disk.

import { isFedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import { lateMembers } from "../protocol/contract/late-members.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { Commitment, Proposal, RoundState } from "../protocol/contract/round.ts";
import type { Announcement } from "../protocol/format/announcement.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { FederationId } from "../protocol/format/federation-id.ts";
import { maxManifestBytes } from "../protocol/format/manifest.ts";
import { manifestObjects } from "../protocol/format/private-manifest.ts";
import { type Collected, collectUpdate } from "../protocol/judge/collect.ts";
import type { CollectPorts } from "../protocol/judge/collecting.ts";
import { openRoundContext, type RoundContext } from "../protocol/judge/round-context.ts";
import type { Ledger } from "../protocol/ports.ts";
import { checkMechanism } from "../protocol/private/agreed-mechanism.ts";
import { type BucketRules, checkBuckets } from "../protocol/private/buckets.ts";
import { Announcements } from "./announcements.ts";

/** The newest round's context: "missing" until plan and base are here, "refused" where this party does not accept the plan. */
export type ContextState = { readonly status: "missing" } | { readonly status: "refused" } | ReadyContext;
export type ReadyContext = RoundContext & { readonly status: "ready" };

/** What a party has observed of the newest round besides the chain. */
export interface RoundObservations {
  readonly context: ContextState;
  /** By member. */
  readonly collected: ReadonlyMap<HospitalAddress, Collected>;
  /** Chain time since which this process could fetch updates. */
  readonly fetchingSince: number | undefined;
  /** Failed attempts to fetch a member's update since the newest proposal was made. */
  readonly failedFetches: ReadonlyMap<HospitalAddress, number>;
  /** Chain time at which this process first saw the newest proposal. */
  readonly proposalSeenAt: number | undefined;
}

/** What has changed since the last observation. */
export interface RoundNews {
  readonly opened: boolean;
  readonly abandoned: boolean;
  /** Hospitals without an update, once committing has ended in a round that still runs. */
  readonly late: readonly HospitalAddress[];
  /** The newest round seen before, if the chain now shows an older one. */
  readonly rolledBackFrom: RoundId | undefined;
}

export interface WatchPorts extends CollectPorts {
  readonly ledger: Pick<Ledger, "privateSums">;
}

export interface RoundLimits {
  readonly maxModelBytes: number;
  /** Of tests with few hospitals; every federation has the protocol's. */
  readonly bucketRules?: BucketRules | undefined;
}

type RetryFetch = (round: RoundId, member: HospitalAddress) => void;

export class RoundWatch {
  readonly #ports: WatchPorts;
  readonly #limits: RoundLimits;
  readonly #retryFetch: RetryFetch;
  readonly #announcements = new Announcements();
  /** Every proposal that the chain has shown, also those that a reorganisation took away: "proposer model". */
  readonly #shown = new Map<RoundId, Set<string>>();
  /** Counts observations: what was received before one and after one. */
  #observation = 0;
  /** The last observation that showed a reorganisation: something seen before was gone. */
  #reorganisedIn = 0;
  /** Number of the newest proposal that had been seen when a member's update arrived; 0 before the first. */
  readonly #arrivedAfter = new Map<HospitalAddress, number>();
  #round: RoundState | undefined;
  #now = 0;
  context: ContextState = { status: "missing" };
  collected = new Map<HospitalAddress, Collected>();
  #fetchingSince: number | undefined;
  #failedFetches = new Map<HospitalAddress, number>();
  #proposalSeenAt: number | undefined;
  #isLateReported = false;

  /** @param retryFetch called when fetching a member's update may succeed now */
  constructor(ports: WatchPorts, limits: RoundLimits, retryFetch: RetryFetch = () => {}) {
    this.#ports = ports;
    this.#limits = limits;
    this.#retryFetch = retryFetch;
  }

  /** Takes in the newest round. @returns what is new about it */
  follow(round: RoundState | undefined, now: number): RoundNews {
    this.#now = now;
    this.#observation++;
    const seen = this.#round?.id;
    if (!round) {
      this.#round = undefined;
      return { opened: false, abandoned: false, late: [], rolledBackFrom: seen };
    }
    // A reorganisation can replace a round by another one of the same id.
    const opened = round.id !== this.#round?.id || round.plan !== this.#round.plan || round.base !== this.#round.base;
    if (opened) {
      this.context = { status: "missing" };
      this.collected = new Map();
      this.#failedFetches = new Map();
      this.#fetchingSince = undefined;
      this.#proposalSeenAt = undefined;
      this.#isLateReported = false;
      this.#arrivedAfter.clear();
      this.#announcements.forgetBefore(round.id);
      for (const id of this.#shown.keys()) if (id < round.id) this.#shown.delete(id);
    }
    const isReplaced = this.#round !== undefined && round.id <= this.#round.id && lacks(round, this.#round);
    if (isReplaced) this.#reorganisedIn = this.#observation;
    const before = opened ? undefined : this.#round;
    this.#round = round;
    this.#forgetReplaced(before, round);
    const shown = this.#shown.get(round.id) ?? new Set();
    for (const { proposer, model } of round.proposals) shown.add(`${proposer} ${model}`);
    this.#shown.set(round.id, shown);
    for (const [member, number] of this.#arrivedAfter) {
      if (number > round.proposals.length) this.#arrivedAfter.set(member, round.proposals.length);
    }
    if (!isSameProposal(round.proposals.at(-1), before?.proposals.at(-1))) {
      this.#proposalSeenAt = now;
      this.#failedFetches.clear();
      for (const { member } of round.commitments) this.#retryFetch(round.id, member);
    }
    return {
      opened,
      abandoned: round.status === "abandoned" && before?.status !== "abandoned",
      late: this.#newlyLate(round, now),
      rolledBackFrom: seen !== undefined && round.id < seen ? seen : undefined,
    };
  }

  #newlyLate(round: RoundState, now: number): readonly HospitalAddress[] {
    if (this.#isLateReported || round.status === "final" || round.status === "abandoned") return [];
    const late = lateMembers([round], now).map(({ member }) => member);
    this.#isLateReported = late.length > 0;
    return late;
  }

  observations(): RoundObservations {
    const { context, collected } = this;
    return {
      context,
      collected,
      fetchingSince: this.#fetchingSince,
      failedFetches: this.#failedFetches,
      proposalSeenAt: this.#proposalSeenAt,
    };
  }

  /** Fetches a round's plan and base. @throws as openRoundContext */
  async openContext(
    round: RoundState,
    lineage: Lineage,
    { federation, accepts, ...waiting }: { federation: FederationId; accepts: (plan: Digest) => boolean } & Waiting,
  ): Promise<void> {
    const options = { federation, ...this.#limits, ...waiting };
    const context: ContextState = accepts(round.plan)
      ? await this.#withMechanism(await openRoundContext(this.#ports, round, lineage, options), round, waiting)
      : { status: "refused" };
    if (this.#round?.id !== round.id) return;
    this.context = context;
    this.#fetchingSince = this.#now;
  }

  /**
   * Under a plan that hides updates otherwise than the contract says, or not at all, nobody trains, nor in a round of too few
   * hospitals for the plan's buckets.
   */
  async #withMechanism(context: RoundContext, { members }: RoundState, waiting: Waiting): Promise<ContextState> {
    const founded = await this.#ports.ledger.privateSums(waiting);
    const { plan, bucketRules } = context;
    try {
      checkMechanism(plan, founded);
      const buckets = plan.privacy?.buckets;
      if (buckets !== undefined) checkBuckets({ hospitals: members.length, buckets }, bucketRules);
    } catch (error) {
      if (isFedError(error, "MECHANISM_MISMATCH", "BUCKETS_TOO_SMALL")) return { status: "refused" };
      throw error;
    }
    return { status: "ready", ...context };
  }

  /** Fetches and checks one update. @returns undefined where the chain has changed since @throws BLOB_UNAVAILABLE, ABORTED */
  async collect(
    { round, commitment }: { round: RoundState; commitment: Commitment },
    waiting: Waiting,
  ): Promise<Collected | undefined> {
    const { context, collected } = this;
    const failedFetches = this.#failedFetches;
    if (context.status !== "ready") return undefined;
    const { member } = commitment;
    // A restarted process finds in its store what it had before the proposal.
    const seen = this.#round?.proposals.length ?? 0;
    const wasHere = seen === 0 || (await this.#isHere(commitment));
    try {
      const found = await collectUpdate(this.#ports, { commitment, round, context }, { ...this.#limits, ...waiting });
      if (!this.#isCommitted(commitment) || this.context !== context) return undefined;
      collected.set(member, found);
      this.#arrivedAfter.set(member, wasHere ? 0 : (this.#round?.proposals.length ?? 0));
      return found;
    } catch (error) {
      if (isFedError(error, "BLOB_UNAVAILABLE")) failedFetches.set(member, (failedFetches.get(member) ?? 0) + 1);
      throw error;
    }
  }

  /** Takes in a gossip message. */
  receive(announcement: Announcement): void {
    const isFetchable = this.#announcements.take(announcement, this.#observation);
    if (isFetchable) this.#retryFetch(announcement.round, announcement.hospital);
  }

  /** Whether a member's update had arrived when this process first saw the proposal. */
  hadBefore(member: HospitalAddress, { number }: Pick<Proposal, "number">): boolean {
    return this.collected.has(member) && (this.#arrivedAfter.get(member) ?? 0) < number;
  }

  /**
   * A model that the proposer of a proposal announced, and that the chain never showed as its proposal. What it announced
   * before a reorganisation may be what that took away, and is no reason to refuse.
   */
  otherAnnounced({ id }: RoundState, { proposer }: Proposal): Digest | undefined {
    const announced = this.#announcements.proposalsOf(proposer, id, { since: this.#reorganisedIn });
    return announced.find((model) => !this.#shown.get(id)?.has(`${proposer} ${model}`));
  }

  async #isHere({ manifest: digest }: Commitment): Promise<boolean> {
    const { blobs } = this.#ports;
    if (!(await blobs.has(digest))) return false;
    try {
      const objects = manifestObjects(await blobs.get(digest, { maxBytes: maxManifestBytes }));
      for (const object of objects) if (!(await blobs.has(object))) return false;
      return true;
    } catch (error) {
      if (isFedError(error)) return false;
      throw error;
    }
  }

  #isCommitted({ member, manifest }: Commitment): boolean {
    return this.#round?.commitments.some((each) => each.member === member && each.manifest === manifest) ?? false;
  }

  /** After a reorganisation a member may have committed to something else. */
  #forgetReplaced(before: RoundState | undefined, after: RoundState): void {
    for (const { member, manifest } of before?.commitments ?? []) {
      const now = after.commitments.find((each) => each.member === member);
      if (now?.manifest === manifest) continue;
      this.collected.delete(member);
      this.#arrivedAfter.delete(member);
    }
  }
}

/** Whether a round lacks what it, or a later one, showed before. */
function lacks(round: RoundState, before: RoundState): boolean {
  if (round.id !== before.id || round.plan !== before.plan || round.base !== before.base) return true;
  const isGone = ({ member, manifest }: Commitment) =>
    !round.commitments.some((each) => each.member === member && each.manifest === manifest);
  return (
    before.commitments.some(isGone) || before.proposals.some((each, at) => !isSameProposal(each, round.proposals[at]))
  );
}

function isSameProposal(a: Proposal | undefined, b: Proposal | undefined): boolean {
  return a?.number === b?.number && a?.proposer === b?.proposer && a?.model === b?.model;
}
