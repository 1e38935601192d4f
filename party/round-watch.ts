// What a party knows about the newest round while its process lives: plan, collected updates, announced proposals.
// A restarted process can find all of it again, so none of it is on disk.

import { isFedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { Commitment, RoundState } from "../protocol/contract/round.ts";
import type { Announcement } from "../protocol/format/announcement.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { FederationId } from "../protocol/format/federation-id.ts";
import { type Collected, type CollectPorts, collectUpdate } from "../protocol/judge/collect.ts";
import { openRoundContext, type RoundContext } from "../protocol/judge/round-context.ts";
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
  /** The newest round seen before, if the chain now shows an older one. */
  readonly rolledBackFrom: RoundId | undefined;
}

type RetryFetch = (round: RoundId, member: HospitalAddress) => void;

export class RoundWatch {
  readonly #ports: CollectPorts;
  readonly #limits: { readonly maxModelBytes: number };
  readonly #retryFetch: RetryFetch;
  readonly #announcements = new Announcements();
  #round: RoundState | undefined;
  #now = 0;
  context: ContextState = { status: "missing" };
  collected = new Map<HospitalAddress, Collected>();
  #fetchingSince: number | undefined;
  #failedFetches = new Map<HospitalAddress, number>();
  #proposalSeenAt: number | undefined;

  /** @param retryFetch called when fetching a member's update may succeed now */
  constructor(ports: CollectPorts, limits: { readonly maxModelBytes: number }, retryFetch: RetryFetch = () => {}) {
    this.#ports = ports;
    this.#limits = limits;
    this.#retryFetch = retryFetch;
  }

  /** Takes in the newest round. @returns what is new about it */
  follow(round: RoundState | undefined, now: number): RoundNews {
    this.#now = now;
    const seen = this.#round?.id;
    if (!round) {
      this.#round = undefined;
      return { opened: false, abandoned: false, rolledBackFrom: seen };
    }
    // A reorganisation can replace a round by another one of the same id.
    const opened = round.id !== this.#round?.id || round.plan !== this.#round.plan || round.base !== this.#round.base;
    if (opened) {
      this.context = { status: "missing" };
      this.collected = new Map();
      this.#failedFetches = new Map();
      this.#fetchingSince = undefined;
      this.#proposalSeenAt = undefined;
      this.#announcements.forgetBefore(round.id);
    }
    const before = opened ? undefined : this.#round;
    this.#round = round;
    this.#forgetReplaced(before, round);
    if (round.proposals.length !== (before?.proposals.length ?? 0)) {
      this.#proposalSeenAt = now;
      this.#failedFetches.clear();
      for (const { member } of round.commitments) this.#retryFetch(round.id, member);
    }
    return {
      opened,
      abandoned: round.status === "abandoned" && before?.status !== "abandoned",
      rolledBackFrom: seen !== undefined && round.id < seen ? seen : undefined,
    };
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
      ? { status: "ready", ...(await openRoundContext(this.#ports, round, lineage, options)) }
      : { status: "refused" };
    if (this.#round?.id !== round.id) return;
    this.context = context;
    this.#fetchingSince = this.#now;
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
    try {
      const found = await collectUpdate(this.#ports, { commitment, round, context }, { ...this.#limits, ...waiting });
      if (!this.#isCommitted(commitment) || this.context !== context) return undefined;
      collected.set(member, found);
      return found;
    } catch (error) {
      if (isFedError(error, "BLOB_UNAVAILABLE")) failedFetches.set(member, (failedFetches.get(member) ?? 0) + 1);
      throw error;
    }
  }

  /** Takes in a gossip message. */
  receive(announcement: Announcement): void {
    if (this.#announcements.take(announcement)) this.#retryFetch(announcement.round, announcement.hospital);
  }

  /** Models that a member announced as its proposals. */
  announcedBy(member: HospitalAddress, round: RoundId): readonly Digest[] {
    return this.#announcements.proposalsOf(member, round);
  }

  #isCommitted({ member, manifest }: Commitment): boolean {
    return this.#round?.commitments.some((each) => each.member === member && each.manifest === manifest) ?? false;
  }

  /** After a reorganisation a member may have committed to something else. */
  #forgetReplaced(before: RoundState | undefined, after: RoundState): void {
    for (const { member, manifest } of before?.commitments ?? []) {
      const now = after.commitments.find((each) => each.member === member);
      if (now?.manifest !== manifest) this.collected.delete(member);
    }
  }
}
