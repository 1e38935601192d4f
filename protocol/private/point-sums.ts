// Sums of multiples of the same points, again and again: what a commitment is. In WebAssembly, which multiplies 64-bit numbers:
// with BigInt the commitments of ten hospitals took most of a private round.
import { ristretto255 } from "@noble/curves/ed25519.js";
import { createKernelMemory, loadKernels } from "../../foundation/wasm-kernel.ts";
import { pointSumsWasm } from "./point-sums-wasm.ts";

type Point = InstanceType<typeof ristretto255.Point>;

const kernelsOver = loadKernels<"tabulate" | "sum">(pointSumsWasm);
const { Fp: field } = ristretto255.Point;
/** 2d of edwards25519 (RFC 8032, section 5.1). */
const twoD = field.mul(field.div(-121665n, 121666n), 2n);

/** As in point-sums.wat. */
const elementBytes = 48;
const pointBytes = 4 * elementBytes;
const tableBytes = 64 * pointBytes;
const scalarBytes = 32;
const digitsOfScalar = 256;
const [pointAt, twiceAt, sumAt, scalarsAt] = [336, 336 + pointBytes, 336 + 2 * pointBytes, 336 + 3 * pointBytes];

/**
 * Makes 12 KiB of tables a point.
 * @returns sums of scalars (below the group's order) times the points, in their order. Time depends on the scalars
 */
export function pointSums(points: readonly Point[]): (scalars: readonly bigint[]) => Point {
  const digitsAt = scalarsAt + points.length * scalarBytes;
  const tablesAt = digitsAt + points.length * digitsOfScalar;
  const memory = createKernelMemory(tablesAt + points.length * tableBytes);
  const { tabulate, sum } = kernelsOver(memory);
  const numbers = new Int32Array(memory.buffer);
  writeElement(numbers, 0, twoD);
  points.forEach((point, index) => {
    const { x, y } = point.toAffine();
    const tableAt = tablesAt + index * tableBytes;
    [x, y, 1n, field.mul(x, y)].forEach((coordinate, place) => {
      writeElement(numbers, tableAt + place * elementBytes, coordinate);
    });
    tabulate(tableAt, pointAt, twiceAt);
  });
  return (scalars) => {
    if (scalars.length !== points.length) throw new RangeError(`${scalars.length} scalars of ${points.length} points`);
    const words = new BigUint64Array(memory.buffer, scalarsAt, scalars.length * 4);
    scalars.forEach((scalar, index) => {
      for (let word = 0; word < 4; word++) words[4 * index + word] = scalar >> BigInt(64 * word);
    });
    sum(sumAt, scalarsAt, points.length, tablesAt, digitsAt);
    words.fill(0n);
    const [x, y, z] = [0, 1, 2].map((place) => readElement(numbers, sumAt + place * elementBytes)) as [
      bigint,
      bigint,
      bigint,
    ];
    const inverse = field.inv(z);
    return ristretto255.Point.fromAffine({ x: field.mul(x, inverse), y: field.mul(y, inverse) });
  };
}

/** Limbs of 26 and 25 bits in turn. */
const limbBits = (limb: number) => 26 - (limb & 1);

function writeElement(numbers: Int32Array, at: number, value: bigint): void {
  let rest = value;
  for (let limb = 0; limb < 10; limb++) {
    numbers[at / 4 + limb] = Number(BigInt.asUintN(limbBits(limb), rest));
    rest >>= BigInt(limbBits(limb));
  }
}

function readElement(numbers: Int32Array, at: number): bigint {
  let value = 0n;
  for (let limb = 9; limb >= 0; limb--) value = (value << BigInt(limbBits(limb))) + BigInt(numbers[at / 4 + limb]!);
  return field.create(value);
}
