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
import type { Share } from "../protocol/private/share.ts";
import { checkShare } from "../protocol/private/sharing.ts";
import { readPrekey } from "./holder-prekey.ts";

/** A right share, or why there is none. */
export type Held = { readonly share: Share } | { readonly fault: UnsignedComplaint["reason"] };

/** Failed fetches of a box, after which its dealer has not served it. */
const fetchesOfBox = 3;

export class Holder {
  readonly #ports: { readonly blobs: BlobStore; readonly exchange: BlobExchange; readonly secrets: SecretFiles };
  #round: RoundState | undefined;
  #held = new Map<HospitalAddress, Held>();
  #failed = new Map<HospitalAddress, number>();
  #prekey: Prekey | undefined;

  constructor(ports: { readonly blobs: BlobStore; readonly exchange: BlobExchange; readonly secrets: SecretFiles }) {
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
   * Opens this holder's box of a dealer, and checks the share in it.
   * @throws BLOB_UNAVAILABLE where nobody serves the box, until that has happened a few times; ABORTED
   */
  async check(
    update: MaskedUpdate,
    {
      self,
      round,
      context,
    }: { readonly self: HospitalAddress; readonly round: RoundState; readonly context: RoundContext },
    waiting: Waiting,
  ): Promise<void> {
    const { member } = update;
    try {
      const share = await this.#open(update, { self, round, context }, waiting);
      if (isSame(this.#round, round)) this.#held.set(member, share);
    } catch (error) {
      if (!isFedError(error, "BLOB_UNAVAILABLE")) throw error;
      const failed = (this.#failed.get(member) ?? 0) + 1;
      this.#failed.set(member, failed);
      if (failed < fetchesOfBox) throw error;
      if (isSame(this.#round, round)) this.#held.set(member, { fault: "unserved" });
    }
  }

  async #open(
    { member, signer, boxes, commitments }: MaskedUpdate,
    {
      self,
      round,
      context,
    }: { readonly self: HospitalAddress; readonly round: RoundState; readonly context: RoundContext },
    waiting: Waiting,
  ): Promise<Held> {
    const { blobs, exchange, secrets } = this.#ports;
    const { ring } = await sumPlanOfRound({ blobs }, { round, context });
    const place = round.members.indexOf(self);
    const box = boxes[place];
    this.#prekey ??= await readPrekey({ secrets }, round.id);
    if (box === undefined || box === zeroDigest || !this.#prekey) return { fault: "unserved" };
    const maxBytes = boxBytes(ring);
    try {
      await exchange.fetch(box, { maxBytes, preferred: member, ...waiting });
      const { secretKey } = this.#prekey;
      const names = { context: privateContextOf(context, round), dealer: signer, holder: self };
      const share = await openBox(await blobs.get(box, { maxBytes }), { ...names, secretKey, ring });
      checkShare(share, place + 1, commitments, ring);
      return { share };
    } catch (error) {
      if (isFedError(error, "SHARE_WRONG")) return { fault: "wrong" };
      if (isFedError(error, "BOX_MALFORMED", "BLOB_TOO_LARGE")) return { fault: "unreadable" };
      throw error;
    }
  }
}

function isSame(a: RoundState | undefined, b: RoundState | undefined): boolean {
  return a?.id === b?.id && a?.base === b?.base && a?.plan === b?.plan;
}
