// The signed writes of hospitals without gas that a party holds until the chain has them, within limits for each member: a
// hospital that signs without end costs no memory, and only its own writes make way.
import type { HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import { nameOfWrite, type SignedWrite } from "../protocol/format/signed-write.ts";

/** Of one hospital in one round: its commitment, and votes on as many proposals as an honest one sees. */
const maxPerHospital = 8;

export interface HeldWrite {
  readonly write: SignedWrite;
  /** Chain time at which it came, seconds. */
  readonly since: number;
}

export class HeldWrites {
  readonly #rounds = new Map<RoundId, Map<HospitalAddress, Map<string, HeldWrite>>>();

  /** @returns whether it is new. Of two writes of one name, the first stays: an honest hospital signs one. */
  take(write: SignedWrite, now: number): boolean {
    const round = this.#rounds.get(write.round) ?? new Map<HospitalAddress, Map<string, HeldWrite>>();
    this.#rounds.set(write.round, round);
    const held = round.get(write.hospital) ?? new Map<string, HeldWrite>();
    round.set(write.hospital, held);
    const name = nameOfWrite(write);
    if (held.has(name)) return false;
    held.set(name, { write, since: now });
    if (held.size > maxPerHospital) held.delete(held.keys().next().value!);
    return true;
  }

  of(round: RoundId): readonly HeldWrite[] {
    return [...(this.#rounds.get(round)?.values() ?? [])].flatMap((held) => [...held.values()]);
  }

  forgetBefore(round: RoundId): void {
    for (const id of this.#rounds.keys()) if (id < round) this.#rounds.delete(id);
  }
}
