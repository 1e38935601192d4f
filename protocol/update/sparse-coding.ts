// Sparse top-k updates (Aji and Heafield 2017; Lin et al. 2018): the largest coordinates and their positions.
// A position is encoded as the distance from the one before: a byte of 1 to 255 advances by that many and takes the next
// value, byte 0 advances by 255 and takes none. Every vector has exactly one encoding.
import { type IntegerArray, integerArray, type UpdateType } from "./integers.ts";

/** Sets all but the `keep` largest magnitudes to zero; among equal ones the first are kept. */
export function keepLargest(values: Float64Array, keep: number): void {
  const magnitudes = values.map((value) => (value < 0 ? -value : value)).sort();
  const threshold = magnitudes[values.length - keep]!;
  let atThreshold = keep;
  for (let index = values.length - keep; index < values.length; index++) {
    if (magnitudes[index]! > threshold) atThreshold--;
  }
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    const magnitude = value < 0 ? -value : value;
    if (magnitude < threshold) values[index] = 0;
    else if (magnitude === threshold && --atThreshold < 0) values[index] = 0;
  }
}

/** The non-zero integers and the bytes of their positions. */
export function encodeSparse(type: UpdateType, integers: IntegerArray): { values: IntegerArray; gaps: Uint8Array } {
  let count = 0;
  for (let index = 0; index < integers.length; index++) if (integers[index] !== 0) count++;
  const values = integerArray(type, count);
  const gaps = new Uint8Array(count + Math.ceil(integers.length / 255));
  let value = 0;
  let gap = 0;
  let previous = -1;
  for (let index = 0; index < integers.length; index++) {
    const integer = integers[index]!;
    if (integer === 0) continue;
    let distance = index - previous;
    for (; distance > 255; distance -= 255) gap++; // stays 0
    gaps[gap++] = distance;
    values[value++] = integer;
    previous = index;
  }
  return { values, gaps: gaps.slice(0, gap) };
}
