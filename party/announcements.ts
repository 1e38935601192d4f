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
  readonly proposals: Set<Digest>;
}

export class Announcements {
  readonly #rounds = new Map<RoundId, Map<HospitalAddress, OfMember>>();

  /** @returns whether to fetch the member's update now, whatever happened before */
  take({ kind, round, hospital, digest }: Announcement): boolean {
    const members = this.#rounds.get(round) ?? new Map<HospitalAddress, OfMember>();
    this.#rounds.set(round, members);
    const member = members.get(hospital) ?? { retries: 0, proposals: new Set<Digest>() };
    members.set(hospital, member);
    if (kind === "proposal" && member.proposals.size < maxProposals) member.proposals.add(digest);
    return kind === "manifest" && member.retries++ < maxRetries;
  }

  proposalsOf(member: HospitalAddress, round: RoundId): readonly Digest[] {
    return [...(this.#rounds.get(round)?.get(member)?.proposals ?? [])];
  }

  forgetBefore(round: RoundId): void {
    for (const id of this.#rounds.keys()) if (id < round) this.#rounds.delete(id);
  }
}
