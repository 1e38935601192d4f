// Commitments that are linear as the real ones are, and not binding: for tests of whole federations, in which nobody looks for
// a second opening of a commitment, and most of the time would go into commitments.
import { createHash } from "node:crypto";
import { ristretto255 } from "@noble/curves/ed25519.js";
import { committers, groupOrder, zeroPoint } from "../../protocol/private/group.ts";
import { rings } from "../../protocol/private/ring.ts";

const factorOf = (place: number) => BigInt(`0x${createHash("sha256").update(`factor ${place}`).digest("hex")}`);

/** Until `restore` is called, in this process. */
export function useFastCommitments(): { restore: () => void } {
  const before = new Map(committers);
  for (const { scalars } of Object.values(rings)) {
    const factors = Array.from({ length: scalars + 1 }, (_, place) => factorOf(place));
    committers.set(scalars, (values) => {
      const sum = values.reduce((total, value, place) => total + value * factors[place]!, 0n) % groupOrder;
      return sum === 0n ? zeroPoint : ristretto255.Point.BASE.multiply(sum);
    });
  }
  return {
    restore: () => {
      committers.clear();
      for (const [count, committer] of before) committers.set(count, committer);
    },
  };
}
