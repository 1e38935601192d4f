// Sparse top-k updates (Aji and Heafield 2017; Lin et al. 2018): the largest coordinates and where they stand.
// A position is told as the distance from the one before: bytes 1 to 255 advance by that many and take the next value,
// byte 0 advances by 255 and takes none. Every vector has exactly one spelling.
import { type IntegerArray, integerArray, type UpdateType } from "./integers.ts";

/** Sets all but the `keep` largest magnitudes to zero; among equals the first ones stay. */
export function keepLargest(values: Float64Array, keep: number): void {
  if (keep >= values.length) return;
  const magnitudes = values.map((value) => (value < 0 ? -value : value)).sort();
  const threshold = magnitudes[values.length - keep] as number;
  let atThreshold = keep;
  for (let index = values.length - keep; index < values.length; index++) {
    if ((magnitudes[index] as number) > threshold) atThreshold--;
  }
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const magnitude = value < 0 ? -value : value;
    if (magnitude < threshold) values[index] = 0;
    else if (magnitude === threshold && --atThreshold < 0) values[index] = 0;
  }
}

/** The non-zero integers and the bytes that place them. */
export function encodeSparse(type: UpdateType, integers: IntegerArray): { values: IntegerArray; gaps: Uint8Array } {
  let count = 0;
  for (let index = 0; index < integers.length; index++) if (integers[index] !== 0) count++;
  const values = integerArray(type, count);
  const gaps = new Uint8Array(count + Math.ceil(integers.length / 255));
  let value = 0;
  let gap = 0;
  let previous = -1;
  for (let index = 0; index < integers.length; index++) {
    const integer = integers[index] as number;
    if (integer === 0) continue;
    let distance = index - previous;
    for (; distance > 255; distance -= 255) gap++; // stays 0
    gaps[gap++] = distance;
    values[value++] = integer;
    previous = index;
  }
  return { values, gaps: gaps.slice(0, gap) };
}
