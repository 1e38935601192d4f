import { createHash } from "node:crypto";
import { interleavedMSMUnsafe } from "@noble/curves/abstract/curve.js";
import { ristretto255 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { groupOrder, numberOf, zeroPoint } from "../../../protocol/private/group.ts";
import { KeyStream } from "../../../protocol/private/key-stream.ts";
import { pointSums } from "../../../protocol/private/point-sums.ts";

const count = 40;
const points = Array.from({ length: count }, (_, index) =>
  ristretto255.Point.BASE.multiply(numberOf(createHash("sha256").update(`${index}`).digest()) % groupOrder),
);
const sum = pointSums(points);
const reference = interleavedMSMUnsafe(ristretto255.Point, points, 4);

describe("sums of multiples of points", () => {
  it("are those of a library that computes otherwise, for random scalars", () => {
    const coins = KeyStream.ofText("scalars");
    for (let round = 0; round < 6; round++) {
      const scalars = points.map(() => numberOf(coins.bytes(64)) % groupOrder);
      expect(sum(scalars).equals(reference([...scalars]))).to.equal(true);
    }
  });

  it("are so at the edges: 0, 1, the order less 1, runs of ones and zeros, and digits of every size", () => {
    const edges = [
      0n,
      1n,
      2n,
      127n,
      128n,
      129n,
      255n,
      256n,
      groupOrder - 1n,
      groupOrder - 2n,
      2n ** 252n,
      2n ** 252n - 1n,
    ];
    const digits = Array.from({ length: 64 }, (_, i) => (2n * BigInt(i) + 1n) << BigInt((i * 7) % 240));
    for (const [place, scalar] of [...edges, ...digits].entries()) {
      const scalars = new Array<bigint>(count).fill(0n).with(place % count, scalar);
      expect(sum(scalars).equals(reference([...scalars])), `${scalar} alone`).to.equal(true);
      const all = new Array<bigint>(count).fill(scalar);
      expect(sum(all).equals(reference([...all])), `${scalar} for all`).to.equal(true);
    }
    expect(sum(new Array<bigint>(count).fill(0n)).equals(zeroPoint)).to.equal(true);
  });

  it("take as many scalars as there are points", () => {
    expect(() => sum([1n])).to.throw(RangeError);
  });
});
