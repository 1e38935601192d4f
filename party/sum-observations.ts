// What a party observes of a round with private sums besides the chain and the updates.
import type { ErrorCode } from "../foundation/errors.ts";
import type { Digest, HospitalAddress } from "../protocol/format/digest.ts";
import type { DealerFacts } from "../protocol/judge/dealers.ts";
import type { Complaint } from "../protocol/private/complaint.ts";
import type { Share } from "../protocol/private/share.ts";

/** Kinds of objects that members of a round with private sums announce, besides manifests and proposals. */
export const sumObjectKinds: readonly SumObjectKind[] = ["prekey", "complaint", "answer", "opening", "key"];
/** One of them. */
export type SumObjectKind = "prekey" | "complaint" | "answer" | "opening" | "key";

/** An object that a member announced. */
export interface SumObject {
  readonly kind: SumObjectKind;
  readonly member: HospitalAddress;
  readonly digest: Digest;
}

/** What a party has observed of a private round besides the chain and the updates. */
export interface SumObservations {
  /** By hospital. */
  readonly prekeys: ReadonlyMap<HospitalAddress, Uint8Array>;
  /** Announced, and neither read nor found wrong. */
  readonly unread: readonly SumObject[];
  /** By dealer, then by holder. */
  readonly complaints: ReadonlyMap<HospitalAddress, ReadonlyMap<HospitalAddress, Complaint>>;
  /** By dealer, then by holder: the right share of an answer, or that the dealer signed a wrong one. */
  readonly answers: ReadonlyMap<HospitalAddress, ReadonlyMap<HospitalAddress, Share | "wrong">>;
  /** The set of deals that a holder says it would open, by its name. */
  readonly checkedBy: ReadonlyMap<HospitalAddress, Digest>;
  /** What was known of each dealer when this process first saw the seal; undefined where it started after that. */
  readonly factsAtSeal: readonly DealerFacts[] | undefined;
  /** What holders signed as their shares of each opened sum, but for those that were found wrong. */
  readonly openings: ReadonlyMap<HospitalAddress, readonly Share[]>;
  /** The key of the sealed set, which is on this machine and right. */
  readonly key: Digest | undefined;
}

/** What reading an object has shown about a member. */
export interface SumFault {
  readonly member: HospitalAddress;
  readonly code: ErrorCode;
}
