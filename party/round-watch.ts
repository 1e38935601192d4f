// What a party remembers of the newest round while its process lives: plan, collected updates, what was announced.
// All of it can be found out again, so nothing is lost with the process.

import { isFedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { Commitment, RoundState } from "../protocol/contract/round.ts";
import type { Announcement } from "../protocol/format/announcement.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { FederationId } from "../protocol/format/federation-id.ts";
import { type Collected, type CollectPorts, collectUpdate } from "../protocol/judge/collect.ts";
import { openRoundContext, type RoundContext } from "../protocol/judge/round-context.ts";
import type { Bell } from "./loop.ts";

/** Updates that are fetched at the same time. */
const collectedAtOnce = 8;

export class RoundWatch {
  readonly #ports: CollectPorts;
  readonly #limits: { readonly maxModelBytes: number };
  readonly #announced = new Map<RoundId, { readonly from: HospitalAddress; readonly model: Digest }[]>();
  #round: RoundState | undefined;
  #now = 0;
  /** Undefined until plan and base are here; "refused" where the plan is not accepted. */
  context: RoundContext | "refused" | undefined;
  collected = new Map<HospitalAddress, Collected>();
  /** Chain time since which updates could be fetched. */
  askingSince: number | undefined;
  /** Times that nobody served an update since the newest proposal was made. */
  fruitless = new Map<HospitalAddress, number>();
  /** Chain time at which the newest proposal was first seen. */
  proposalSeenAt: number | undefined;

  constructor(ports: CollectPorts, limits: { readonly maxModelBytes: number }) {
    this.#ports = ports;
    this.#limits = limits;
  }

  /** Takes in the newest round. @returns what is new about it */
  follow(round: RoundState | undefined, now: number, bell: Bell | undefined): { opened: boolean; abandoned: boolean } {
    this.#now = now;
    if (!round) return { opened: false, abandoned: false };
    // A reorganisation can put another round in the same place.
    const opened = round.id !== this.#round?.id || round.plan !== this.#round.plan || round.base !== this.#round.base;
    if (opened) {
      this.context = undefined;
      this.collected = new Map();
      this.fruitless = new Map();
      this.askingSince = undefined;
      this.proposalSeenAt = undefined;
      for (const id of this.#announced.keys()) if (id < round.id) this.#announced.delete(id);
    }
    const before = opened ? undefined : this.#round;
    this.#round = round;
    this.#forgetReplaced(before, round);
    if (round.proposals.length !== (before?.proposals.length ?? 0)) {
      this.proposalSeenAt = now;
      this.fruitless.clear();
      for (const { member } of round.commitments) bell?.hurry(collectName(round, member));
    }
    return { opened, abandoned: round.status === "abandoned" && before?.status !== "abandoned" };
  }

  /** Commitments whose updates have neither been found valid nor invalid. */
  uncollected(): readonly Commitment[] {
    if (!this.#round || this.#round.status === "abandoned") return [];
    return this.#round.commitments.filter(({ member }) => !this.collected.has(member));
  }

  /** Brings plan and base of a round here. @throws as openRoundContext */
  async openContext(
    round: RoundState,
    lineage: Lineage,
    { federation, accepts, ...waiting }: { federation: FederationId; accepts: (plan: Digest) => boolean } & Waiting,
  ): Promise<void> {
    const context = accepts(round.plan)
      ? await openRoundContext(this.#ports, round, lineage, { federation, ...this.#limits, ...waiting })
      : "refused";
    if (this.#round?.id !== round.id) return;
    this.context = context;
    this.askingSince = this.#now;
  }

  /** Brings one update here. @returns undefined where the chain says something else by now @throws FedError BLOB_UNAVAILABLE, ABORTED */
  async collect(
    { round, commitment }: { round: RoundState; commitment: Commitment },
    waiting: Waiting,
  ): Promise<Collected | undefined> {
    const { context, collected, fruitless } = this;
    if (context === undefined || context === "refused") return undefined;
    const { member } = commitment;
    try {
      const found = await collectUpdate(this.#ports, { commitment, round, context }, { ...this.#limits, ...waiting });
      if (!this.#isCommitted(commitment) || this.context !== context) return undefined;
      collected.set(member, found);
      return found;
    } catch (error) {
      if (isFedError(error, "BLOB_UNAVAILABLE")) fruitless.set(member, (fruitless.get(member) ?? 0) + 1);
      throw error;
    }
  }

  /** Takes in what gossip says. */
  hear({ kind, round, hospital, digest }: Announcement, bell: Bell | undefined): void {
    if (kind === "manifest") bell?.hurry(collectName({ id: round }, hospital));
    if (kind !== "proposal") return;
    const heard = this.#announced.get(round) ?? [];
    if (!heard.some(({ from, model }) => from === hospital && model === digest)) {
      this.#announced.set(round, [...heard, { from: hospital, model: digest }]);
    }
  }

  /** Models that a member announced as its proposals. */
  announcedBy(member: HospitalAddress, round: RoundId): readonly Digest[] {
    return (this.#announced.get(round) ?? []).filter(({ from }) => from === member).map(({ model }) => model);
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

/** One of a few lanes: while one fetch pauses after it failed, the next in its lane has its turn. */
export function collectLane(position: number): string {
  return `collect ${position % collectedAtOnce}`;
}

/** Name of the deed that brings a member's update here. */
export function collectName({ id }: Pick<RoundState, "id">, member: HospitalAddress): string {
  return `collect ${id} ${member}`;
}
