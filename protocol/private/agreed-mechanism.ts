// Whether a round's plan hides updates as the contract says for ever. Checked before anything is trained or sent: under a
// plan without private sums a hospital's update would leave it unmasked.
import { FedError } from "../../foundation/errors.ts";
import type { PrivateSums } from "../contract/round.ts";
import { zeroDigest } from "../format/digest.ts";
import { foundingSums, type PrivacySpec } from "../format/privacy-spec.ts";

/**
 * @param founded what the contract was founded with; undefined without private sums
 * @throws MECHANISM_MISMATCH where the plan hides updates in another way, or opens more sums, than the contract allows
 */
export function checkMechanism(
  plan: { readonly privacy?: PrivacySpec | undefined },
  founded: Pick<PrivateSums, "mechanism" | "maxSeals"> | undefined,
): void {
  const { mechanism: expected, maxSeals } = founded ?? { mechanism: zeroDigest, maxSeals: 0 };
  const { mechanism: found, maxSeals: planned } = foundingSums(plan) ?? { mechanism: zeroDigest, maxSeals: 0 };
  if (found !== expected || planned !== maxSeals) {
    throw new FedError("MECHANISM_MISMATCH", { expected, found, maxSeals, planned });
  }
}
