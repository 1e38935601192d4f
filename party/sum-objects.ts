// A party's own objects of a round with private sums: stored, announced, and announced again while they matter, since gossip
// may lose a message and a member may start late.
import { FedError } from "../foundation/errors.ts";
import type { Announcement } from "../protocol/format/announcement.ts";
import type { RoundId } from "../protocol/format/digest.ts";
import type { BlobStore, Gossip, Ledger } from "../protocol/ports.ts";

export class SumObjects {
  readonly #ports: { readonly ledger: Ledger; readonly blobs: BlobStore; readonly gossip: Gossip };
  readonly #receive: (announcement: Announcement) => void;
  readonly #own = new Map<string, Announcement>();

  /** @param receive takes in this party's own announcements, which gossip does not return */
  constructor(
    ports: { readonly ledger: Ledger; readonly blobs: BlobStore; readonly gossip: Gossip },
    receive: (announcement: Announcement) => void,
  ) {
    this.#ports = ports;
    this.#receive = receive;
  }

  /** What this process has announced of a round. */
  of(round: RoundId): readonly Announcement[] {
    return [...this.#own.values()].filter((each) => each.round === round);
  }

  /** Stores an object and announces it. @throws LEDGER_READ_ONLY, and what the store throws */
  async publish(kind: Announcement["kind"], round: RoundId, bytes: Uint8Array): Promise<void> {
    const { ledger, blobs, gossip } = this.#ports;
    const { federation, self } = ledger;
    if (self === undefined) throw new FedError("LEDGER_READ_ONLY", {});
    const digest = await blobs.put(bytes);
    const named = { kind, round, hospital: self, digest };
    const announcement: Announcement = { version: 1, ...federation, ...named, bytes: bytes.byteLength };
    // A holder that finds another set right takes back what it said before.
    const name = kind === "checked" ? kind : `${kind} ${digest}`;
    this.#own.set(`${round} ${name}`, announcement);
    this.#receive(announcement);
    await gossip.publish(announcement);
  }

  /** Announces the objects of a round again, and forgets those of rounds before. */
  async repeat(round: RoundId): Promise<void> {
    for (const [name, announcement] of this.#own) if (announcement.round < round) this.#own.delete(name);
    for (const announcement of this.of(round)) await this.#ports.gossip.publish(announcement);
  }
}
