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
  #failed = new Map<HospitalAddress, number>();
  #prekey: Prekey | undefined;

  constructor(ports: HolderPorts) {
    this.#ports = ports;
  }

  /** Takes in the newest round. @returns what this holder has of each dealer */
  follow(round: RoundState | undefined): ReadonlyMap<HospitalAddress, Held> {
    if (!isSame(this.#round, round)) {
      this.#held = new Map();
      this.#failed = new Map();
      this.#prekey = undefined;
    }
    // After a reorganisation a hospital may have committed to something else.
    for (const { member, manifest } of this.#round?.commitments ?? []) {
      const now = round?.commitments.find((each) => each.member === member);
      if (now?.manifest !== manifest) this.#held.delete(member);
    }
    this.#round = round;
    return this.#held;
  }

  /**
   * Opens this holder's boxes of some dealers, and checks the shares in them together: that costs as much as one.
   * @throws BLOB_UNAVAILABLE where nobody serves a box, until that has happened a few times; ABORTED
   */
  async check(updates: readonly MaskedUpdate[], place: Place, waiting: Waiting): Promise<void> {
    const { self, round, context } = place;
    const { blobs, secrets, randomSecret } = this.#ports;
    const { ring } = await sumPlanOfRound({ blobs }, { round, context });
    this.#prekey ??= await readPrekey({ secrets }, round.id);
    const results = new Map<MaskedUpdate, Held>();
    let missing: unknown;
    for (const update of updates) {
      try {
        results.set(update, await this.#open(update, place, ring, waiting));
      } catch (error) {
        if (!isFedError(error, "BLOB_UNAVAILABLE")) throw error;
        const failed = (this.#failed.get(update.member) ?? 0) + 1;
        this.#failed.set(update.member, failed);
        if (failed < fetchesOfBox) missing = error;
        else results.set(update, { fault: "unserved" });
      }
    }
    const number = round.members.indexOf(self) + 1;
    const opened = [...results].flatMap(([update, held]) =>
      "share" in held ? [{ ...update, share: held.share }] : [],
    );
    const areRight = opened.length < 2 || areSharesOf(opened, number, ring, randomSecret());
    if (!isSame(this.#round, round)) return;
    for (const [{ member, commitments }, held] of results) {
      const isKnownRight = areRight && opened.length > 1;
      const isWrong = "share" in held && !isKnownRight && !isShareOf(held.share, number, commitments, ring);
      this.#held.set(member, isWrong ? { fault: "wrong" } : held);
    }
    if (missing) throw missing;
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

function isSame(a: RoundState | undefined, b: RoundState | undefined): boolean {
  return a?.id === b?.id && a?.base === b?.base && a?.plan === b?.plan;
}
