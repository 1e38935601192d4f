// A hospital as a holder of others' shares in the newest round, while its process lives: what it found in its boxes. A
// restarted process opens its boxes again.
import { isFedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import { type HospitalAddress, zeroDigest } from "../protocol/format/digest.ts";
import { type MaskedUpdate, privateContextOf, sumPlanOfRound } from "../protocol/judge/collect-private.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import type { BlobExchange, BlobStore, SecretFiles } from "../protocol/ports.ts";
import { boxBytes, openBox, type Prekey } from "../protocol/private/box.ts";
import type { UnsignedComplaint } from "../protocol/private/complaint.ts";
import type { Ring } from "../protocol/private/ring.ts";
import type { Share } from "../protocol/private/share.ts";
import { areSharesOf, isShareOf } from "../protocol/private/sharing.ts";
import { readPrekey } from "./holder-prekey.ts";

/** A right share, or why there is none. */
export type Held = { readonly share: Share } | { readonly fault: UnsignedComplaint["reason"] };

/** Failed fetches of a box, after which its dealer has not served it. */
const fetchesOfBox = 3;

interface HolderPorts {
  readonly blobs: BlobStore;
  readonly exchange: BlobExchange;
  readonly secrets: SecretFiles;
  readonly randomSecret: () => Uint8Array;
}

interface Place {
  readonly self: HospitalAddress;
  readonly round: RoundState;
  readonly context: RoundContext;
}

export class Holder {
  readonly #ports: HolderPorts;
  #round: RoundState | undefined;
  #held = new Map<HospitalAddress, Held>();
  /** What is in the boxes that have been opened, not yet checked. */
  #boxes = new Map<HospitalAddress, Held>();
  #failed = new Map<HospitalAddress, number>();
  #prekey: Prekey | undefined;

  constructor(ports: HolderPorts) {
    this.#ports = ports;
  }

  /** Takes in the newest round. @returns what this holder has of each dealer */
  follow(round: RoundState | undefined): ReadonlyMap<HospitalAddress, Held> {
    if (!isSame(this.#round, round)) {
      this.#held = new Map();
      this.#boxes = new Map();
      this.#failed = new Map();
      this.#prekey = undefined;
    }
    // After a reorganisation a hospital may have committed to something else.
    for (const { member, manifest } of this.#round?.commitments ?? []) {
      const now = round?.commitments.find((each) => each.member === member);
      if (now?.manifest === manifest) continue;
      this.#held.delete(member);
      this.#boxes.delete(member);
    }
    this.#round = round;
    return this.#held;
  }

  /** The dealers whose boxes are open. */
  boxesOpened(): ReadonlySet<HospitalAddress> {
    return new Set(this.#boxes.keys());
  }

  /**
   * Opens this holder's boxes of some dealers.
   * @returns the dealers whose box nobody served, and one of the reasons
   * @throws ABORTED
   */
  async #openBoxes(updates: readonly MaskedUpdate[], place: Place, waiting: Waiting) {
    const { round, context } = place;
    const { ring } = await sumPlanOfRound({ blobs: this.#ports.blobs }, { round, context });
    this.#prekey ??= await readPrekey({ secrets: this.#ports.secrets }, round.id);
    const missing: HospitalAddress[] = [];
    let reason: unknown;
    for (const update of updates) {
      if (this.#boxes.has(update.member)) continue;
      try {
        const found = await this.#open(update, place, ring, waiting);
        if (isSameCommitment(this.#round, round, update.member)) this.#boxes.set(update.member, found);
      } catch (error) {
        if (!isFedError(error, "BLOB_UNAVAILABLE")) throw error;
        missing.push(update.member);
        reason = error;
      }
    }
    return { ring, missing, reason };
  }

  /** Opens a dealer's box before its share is checked. @throws BLOB_UNAVAILABLE where nobody serves it; ABORTED */
  async openAhead(update: MaskedUpdate, place: Place, waiting: Waiting): Promise<void> {
    const { missing, reason } = await this.#openBoxes([update], place, waiting);
    if (missing.length > 0) throw reason;
  }

  /**
   * Opens what is left of this holder's boxes of some dealers, and checks the shares in them together: that costs as much as one.
   * @throws BLOB_UNAVAILABLE where nobody serves a box, until that has happened a few times; ABORTED
   */
  async check(updates: readonly MaskedUpdate[], place: Place, waiting: Waiting): Promise<void> {
    const { self, round } = place;
    const { ring, missing, reason } = await this.#openBoxes(updates, place, waiting);
    if (!isSame(this.#round, round)) return;
    for (const member of missing) {
      const failed = (this.#failed.get(member) ?? 0) + 1;
      this.#failed.set(member, failed);
      if (failed >= fetchesOfBox) this.#boxes.set(member, { fault: "unserved" });
    }
    const results = updates.flatMap((update) => {
      const found = this.#boxes.get(update.member);
      return found ? [{ update, found }] : [];
    });
    const number = round.members.indexOf(self) + 1;
    const opened = results.flatMap(({ update, found }) =>
      "share" in found ? [{ ...update, share: found.share }] : [],
    );
    const areRight = opened.length < 2 || areSharesOf(opened, number, ring, this.#ports.randomSecret());
    for (const { update, found } of results) {
      const { member, commitments } = update;
      const isKnownRight = areRight && opened.length > 1;
      const isWrong = "share" in found && !isKnownRight && !isShareOf(found.share, number, commitments, ring);
      this.#held.set(member, isWrong ? { fault: "wrong" } : found);
    }
    if (missing.some((member) => !this.#boxes.has(member))) throw reason;
  }

  /** The share in a box, not yet checked. */
  async #open(
    { member, signer, boxes }: MaskedUpdate,
    { self, round, context }: Place,
    ring: Ring,
    waiting: Waiting,
  ): Promise<Held> {
    const { blobs, exchange } = this.#ports;
    const box = boxes[round.members.indexOf(self)];
    if (box === undefined || box === zeroDigest || !this.#prekey) return { fault: "unserved" };
    const maxBytes = boxBytes(ring);
    try {
      await exchange.fetch(box, { maxBytes, preferred: member, ...waiting });
      const { secretKey } = this.#prekey;
      const names = { context: privateContextOf(context, round), dealer: signer, holder: self };
      return { share: await openBox(await blobs.get(box, { maxBytes }), { ...names, secretKey, ring }) };
    } catch (error) {
      if (isFedError(error, "BOX_MALFORMED", "BLOB_TOO_LARGE")) return { fault: "unreadable" };
      throw error;
    }
  }
}

function isSameCommitment(a: RoundState | undefined, b: RoundState, by: HospitalAddress): boolean {
  const of = (round: RoundState | undefined) => round?.commitments.find(({ member }) => member === by)?.manifest;
  return isSame(a, b) && of(a) === of(b);
}

function isSame(a: RoundState | undefined, b: RoundState | undefined): boolean {
  return a?.id === b?.id && a?.base === b?.base && a?.plan === b?.plan;
}
