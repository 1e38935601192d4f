// One round's files for the aggregation benchmark: a base model and K I16 updates, as hospitals would have sent them.
import { createCipheriv } from "node:crypto";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeSafetensors, layoutSafetensors, parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import type { AggregationInput } from "../../protocol/strategy/aggregate.ts";
import { denseTensors, notesMetadata, updateLayout } from "../../protocol/update/update-layout.ts";

export const benchPlan: AggregationInput["plan"] = {
  sampleCap: 100_000,
  update: { type: "I16", clipNorm: 1024, topFraction: 1, localTensors: [] },
  strategy: { name: "fedavg", maxSharePermille: 1000, maxStaleness: 0 },
};

export interface Workload {
  readonly hospitals: number;
  /** Shapes of the model's tensors. */
  readonly shapes: readonly (readonly number[])[];
}

/** 2,098,176 parameters: a capsule layer's transformation of 2048 features, and its bias. */
export const twoMillion = [[2048, 1024], [1024]];
/** 25 million parameters in a hundred tensors: the size of an Inception V3 with its head. */
export const twentyFiveMillion = Array.from({ length: 100 }, () => [250_000]);

/** Samples of each hospital, uneven as in real federations. */
export function sampleCounts(hospitals: number): number[] {
  return Array.from({ length: hospitals }, (_, index) => 100 + ((index * 37) % 251));
}

/** Writes base.safetensors, update-0.safetensors, ... and counts.json to the folder. */
export async function writeWorkload(folder: string, { hospitals, shapes }: Workload): Promise<void> {
  const tensors = shapes.map((shape, index) => {
    const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
    for (let place = 0; place < data.length; place++) data[place] = ((place * 7919) % 2001) / 1000 - 1;
    return { name: `layer-${String(index).padStart(3, "0")}`, dtype: "F32" as const, shape, data };
  });
  const base = encodeSafetensors(tensors);
  await writeFile(join(folder, "base.safetensors"), base);
  await writeFile(join(folder, "counts.json"), JSON.stringify(sampleCounts(hospitals)));
  const layout = updateLayout(parseSafetensorsHeader(base, base.byteLength), benchPlan);
  const exponents = layout.segments.map(({ exponent }) => exponent);
  const { header, totalBytes } = layoutSafetensors(
    denseTensors(layout),
    notesMetadata({ exponents, proposed: exponents }),
  );
  for (let hospital = 0; hospital < hospitals; hospital++) {
    const file = await open(join(folder, `update-${hospital}.safetensors`), "w");
    await file.write(header);
    // Seeded noise: a cipher's key stream. The largest magnitude is kept out by halving.
    const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, hospital + 1), Buffer.alloc(16));
    for (let left = totalBytes - header.byteLength; left > 0; ) {
      const noise = cipher.update(new Uint8Array(Math.min(left, 1 << 20)));
      const integers = new Int16Array(noise.buffer, noise.byteOffset, noise.byteLength / 2);
      for (let place = 0; place < integers.length; place++) integers[place] = integers[place]! >> 1;
      await file.write(noise);
      left -= noise.byteLength;
    }
    await file.close();
  }
}
