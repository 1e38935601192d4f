// Who was a member under which key at every moment of the federation's life, by its events alone.

import type { LedgerEvent, MemberRole } from "../contract/round.ts";
import type { HospitalAddress } from "../format/digest.ts";
import type { Finding, MemberReport } from "./report.ts";

interface Membership {
  readonly index: number;
  readonly role: MemberRole;
  readonly addresses: HospitalAddress[];
  readonly admittedAt: number;
  revokedAt: number | undefined;
}

type MemberEvent = Extract<LedgerEvent, { readonly kind: "member-admitted" | "member-revoked" | "member-rotated" }>;

export class AuditRoster {
  readonly #members: Membership[] = [];

  /** @returns what about the event does not hold */
  apply(event: MemberEvent): Finding | undefined {
    const { index, time } = event;
    if (event.kind === "member-admitted") {
      const { member: address, role } = event;
      if (index !== this.#members.length || this.#ever(address)) return misfit(event, address);
      this.#members.push({ index, role, addresses: [address], admittedAt: time, revokedAt: undefined });
      return undefined;
    }
    const address = event.kind === "member-revoked" ? event.member : event.from;
    const member = this.#members[index];
    if (member === undefined || this.indexOf(address) !== index) return misfit(event, address);
    if (event.kind === "member-revoked") member.revokedAt = time;
    else if (this.#ever(event.to)) return misfit(event, event.to);
    else member.addresses.push(event.to);
    return undefined;
  }

  /** Of the active member that has this key now. */
  indexOf(address: HospitalAddress): number | undefined {
    return this.#members.find(({ addresses, revokedAt }) => revokedAt === undefined && addresses.at(-1) === address)
      ?.index;
  }

  /** Whoever ever had the key, active or not. */
  everIndexOf(address: HospitalAddress): number | undefined {
    return this.#members.find(({ addresses }) => addresses.includes(address))?.index;
  }

  /** Their present keys, by index. */
  activeHospitals(): readonly HospitalAddress[] {
    return this.#members
      .filter(({ role, revokedAt }) => role === "hospital" && revokedAt === undefined)
      .map(({ addresses }) => addresses.at(-1) as HospitalAddress);
  }

  report(): readonly MemberReport[] {
    return this.#members.map(({ revokedAt, addresses, ...rest }) => ({
      ...rest,
      addresses: [...addresses],
      ...(revokedAt === undefined ? {} : { revokedAt }),
    }));
  }

  #ever(address: HospitalAddress): boolean {
    return this.everIndexOf(address) !== undefined;
  }
}

function misfit({ kind, index }: MemberEvent, hospital: HospitalAddress): Finding {
  const text = `the event ${kind} of member ${index} does not fit the members before it`;
  return { severity: "broken", code: "MEMBERSHIP_INCONSISTENT", text, hospital };
}
