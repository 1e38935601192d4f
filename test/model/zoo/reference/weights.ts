// The weights and inputs of keras_zoo.py, made here as they are made there.

/** In [-1, 1): FNV-1a of the name, then murmur3's finaliser over the index. */
export function noise(name: string, count: number): Float32Array {
  let seed = 2166136261;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 16777619);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let x = (seed + i) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
    values[i] = (x >>> 0) / 2 ** 31 - 1;
  }
  return values;
}

export function referenceWeight(name: string, shape: readonly number[]): Float32Array {
  const product = (sides: readonly number[]) => sides.reduce((all, side) => all * side, 1);
  const values = noise(name, product(shape));
  if (name.endsWith("kernel")) {
    const inputs = name.endsWith("depthwise_kernel") ? shape.slice(0, 2) : shape.slice(0, -1);
    const scale = Math.fround(Math.sqrt(3 / product(inputs)));
    return values.map((value) => value * scale);
  }
  if (/(gamma|variance)$/.test(name)) return values.map((value) => 1 + value * 0.25);
  return values.map((value) => value * 0.1);
}
