// A party's own objects of a round with private sums: stored, announced, and announced again while they matter, since gossip
// may lose a message and a member may start late.
import { FedError } from "../foundation/errors.ts";
import type { Announcement } from "../protocol/format/announcement.ts";
import type { RoundId } from "../protocol/format/digest.ts";
import type { BlobStore, Clock, Gossip, Ledger } from "../protocol/ports.ts";

export interface SumObjectPorts {
  readonly ledger: Pick<Ledger, "federation" | "self">;
  readonly blobs: Pick<BlobStore, "put">;
  readonly gossip: Pick<Gossip, "publish">;
  readonly clock: Pick<Clock, "now">;
}

/** An object of this party, and when it is announced again: soon, since a neighbour may only be joining, then seldom. */
interface Announced {
  readonly announcement: Announcement;
  readonly notBefore: number;
  readonly pauseMs: number;
}

// Every member checks and passes on what it hears, so that repeating costs all of them.
const firstPauseMs = 250;
const longestPauseMs = 8000;

export class SumObjects {
  readonly #ports: SumObjectPorts;
  readonly #receive: (announcement: Announcement) => void;
  readonly #own = new Map<string, Announced>();

  /** @param receive takes in this party's own announcements, which gossip does not return */
  constructor(ports: SumObjectPorts, receive: (announcement: Announcement) => void) {
    this.#ports = ports;
    this.#receive = receive;
  }

  /** What this process has announced of a round. */
  of(round: RoundId): readonly Announcement[] {
    return [...this.#own.values()].flatMap(({ announcement }) => (announcement.round === round ? [announcement] : []));
  }

  /** Stores an object and announces it. @throws LEDGER_READ_ONLY, and what the store throws */
  async publish(kind: Announcement["kind"], round: RoundId, bytes: Uint8Array): Promise<void> {
    const { ledger, blobs } = this.#ports;
    const { federation, self } = ledger;
    if (self === undefined) throw new FedError("LEDGER_READ_ONLY", {});
    const digest = await blobs.put(bytes);
    const named = { kind, round, hospital: self, digest };
    const announcement: Announcement = { version: 1, ...federation, ...named, bytes: bytes.byteLength };
    // A holder that finds another set right takes back what it said before.
    const name = kind === "checked" ? kind : `${kind} ${digest}`;
    this.#receive(announcement);
    await this.#announce(`${round} ${name}`, announcement, firstPauseMs);
  }

  /** Announces those objects of a round again whose pause is over, and forgets those of rounds before. */
  async repeat(round: RoundId): Promise<void> {
    const now = this.#ports.clock.now();
    for (const [name, { announcement, notBefore, pauseMs }] of [...this.#own]) {
      if (announcement.round < round) this.#own.delete(name);
      if (announcement.round !== round || now < notBefore) continue;
      await this.#announce(name, announcement, Math.min(longestPauseMs, 4 * pauseMs));
    }
  }

  async #announce(name: string, announcement: Announcement, pauseMs: number): Promise<void> {
    const { gossip, clock } = this.#ports;
    this.#own.set(name, { announcement, notBefore: clock.now() + pauseMs, pauseMs });
    await gossip.publish(announcement);
  }
}
