// Commitments that are linear as the real ones are, and not binding: for tests of whole federations, in which nobody looks for
// a second opening of a commitment, and most of the time would go into commitments.
import { createHash } from "node:crypto";
import { ristretto255 } from "@noble/curves/ed25519.js";
import { committers, groupOrder, type Point, zeroPoint } from "../../protocol/private/group.ts";
import { rings } from "../../protocol/private/ring.ts";

const factorOf = (place: number) => BigInt(`0x${createHash("sha256").update(`factor ${place}`).digest("hex")}`);
let areAllEqual = false;

/** Until `restore` is called, in this process. */
export function useFastCommitments(): { restore: () => void } {
  const before = new Map(committers);
  for (const { scalars } of Object.values(rings)) {
    const factors = Array.from({ length: scalars + 1 }, (_, place) => factorOf(place));
    committers.set(scalars, (values) => {
      const sum = values.reduce((total, value, place) => total + value * factors[place]!, 0n) % groupOrder;
      const point = sum === 0n ? zeroPoint : ristretto255.Point.BASE.multiply(sum);
      return areAllEqual ? equalToAll(point) : point;
    });
  }
  return {
    restore: () => {
      committers.clear();
      for (const [count, committer] of before) committers.set(count, committer);
    },
  };
}

/** A planted bug: parties take every share and key for one that fits the commitments. */
export function plantEqualCommitments(isPlanted: boolean): void {
  areAllEqual = isPlanted;
}

/** Runs a check as without the planted bug. */
export function withRealEquality<T>(check: () => T): T {
  const before = areAllEqual;
  areAllEqual = false;
  try {
    return check();
  } finally {
    areAllEqual = before;
  }
}

function equalToAll(point: Point): Point {
  return new Proxy(point, {
    get(target, name) {
      if (name === "equals") return () => true;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
