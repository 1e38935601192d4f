// What members announced by gossip, within limits for each member: a member that announces without end costs no memory,
// and does not make the others fetch without end.
import type { Announcement } from "../protocol/format/announcement.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";

/** Times that a member's announcements of one round may end the pause before its update is fetched again. */
const maxRetries = 4;
/** Models that are remembered as one member's proposals of one round; the contract's terms allow fewer. */
const maxProposals = 8;

interface OfMember {
  retries: number;
  /** With the number of the observation in which each was announced. */
  readonly proposals: Map<Digest, number>;
}

export class Announcements {
  readonly #rounds = new Map<RoundId, Map<HospitalAddress, OfMember>>();

  /**
   * @param observation counts how often the party has read the chain
   * @returns whether to fetch the member's update now, whatever happened before
   */
  take({ kind, round, hospital, digest }: Announcement, observation = 0): boolean {
    const members = this.#rounds.get(round) ?? new Map<HospitalAddress, OfMember>();
    this.#rounds.set(round, members);
    const member = members.get(hospital) ?? { retries: 0, proposals: new Map<Digest, number>() };
    members.set(hospital, member);
    const isNew = kind === "proposal" && !member.proposals.has(digest);
    if (isNew && member.proposals.size < maxProposals) member.proposals.set(digest, observation);
    return kind === "manifest" && member.retries++ < maxRetries;
  }

  /** Models that a member announced as its proposals, from an observation on. */
  proposalsOf(member: HospitalAddress, round: RoundId, { since = 0 } = {}): readonly Digest[] {
    const proposals = this.#rounds.get(round)?.get(member)?.proposals ?? new Map<Digest, number>();
    return [...proposals].flatMap(([model, observation]) => (observation >= since ? [model] : []));
  }

  forgetBefore(round: RoundId): void {
    for (const id of this.#rounds.keys()) if (id < round) this.#rounds.delete(id);
  }
}
