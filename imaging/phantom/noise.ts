// Fields of noise for the phantom: grain of a reconstruction kernel, and smooth clouds that give tissue its texture.
import { openRandom } from "./random.ts";

const grainSize = 512;
const cloudSize = 32;

/**
 * A periodic 512 x 512 field of unit-variance noise, correlated over about `reach` pixels as a CT kernel does
 * (sharp kernels: below 1). Made once a process for each reach.
 */
export function grain(reach: number): Float32Array {
  const known = grains.get(reach);
  if (known) return known;
  const random = openRandom(20_200_701, "grain");
  const white = Float32Array.from({ length: grainSize * grainSize }, () => random.around(0, 1));
  const blurred = blur(blur(white, reach, 1), reach, grainSize);
  let power = 0;
  for (const value of blurred) power += value * value;
  const scale = 1 / Math.sqrt(power / blurred.length);
  for (let index = 0; index < blurred.length; index++) blurred[index]! *= scale;
  grains.set(reach, blurred);
  return blurred;
}
const grains = new Map<number, Float32Array>();

function blur(field: Float32Array, reach: number, stride: number): Float32Array {
  const half = Math.max(1, Math.ceil(2.5 * reach));
  const taps = Array.from({ length: 2 * half + 1 }, (_, tap) => Math.exp(-((tap - half) ** 2) / (2 * reach * reach)));
  const out = new Float32Array(field.length);
  for (let row = 0; row < grainSize; row++) {
    for (let column = 0; column < grainSize; column++) {
      let sum = 0;
      const along = stride === 1 ? column : row;
      const fixed = stride === 1 ? row * grainSize : column;
      for (let tap = -half; tap <= half; tap++) {
        sum += taps[tap + half]! * field[fixed + ((along + tap) & (grainSize - 1)) * stride]!;
      }
      out[row * grainSize + column] = sum;
    }
  }
  return out;
}

/** Smooth noise in about [-1, 1] at a point of space; one unit of x, y or z is one cell of the lattice. */
export function cloud(x: number, y: number, z: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const iz = Math.floor(z);
  const fx = x - ix;
  const fy = y - iy;
  const fz = z - iz;
  const sx = fx * fx * (3 - 2 * fx);
  const sy = fy * fy * (3 - 2 * fy);
  const sz = fz * fz * (3 - 2 * fz);
  const x0 = ix & (cloudSize - 1);
  const x1 = (ix + 1) & (cloudSize - 1);
  const y0 = (iy & (cloudSize - 1)) * cloudSize;
  const y1 = ((iy + 1) & (cloudSize - 1)) * cloudSize;
  const z0 = (iz & (cloudSize - 1)) * cloudSize * cloudSize;
  const z1 = ((iz + 1) & (cloudSize - 1)) * cloudSize * cloudSize;
  const near = mix(
    mix(lattice[z0 + y0 + x0]!, lattice[z0 + y0 + x1]!, sx),
    mix(lattice[z0 + y1 + x0]!, lattice[z0 + y1 + x1]!, sx),
    sy,
  );
  const far = mix(
    mix(lattice[z1 + y0 + x0]!, lattice[z1 + y0 + x1]!, sx),
    mix(lattice[z1 + y1 + x0]!, lattice[z1 + y1 + x1]!, sx),
    sy,
  );
  return mix(near, far, sz);
}
const mix = (from: number, to: number, share: number) => from + (to - from) * share;
const chance = openRandom(20_200_702, "cloud");
const lattice = Float32Array.from({ length: cloudSize ** 3 }, () => chance.between(-1, 1));
