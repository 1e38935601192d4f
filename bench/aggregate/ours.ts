// Our side of the aggregation benchmark, in a process of its own: update files on disk to a model file on disk.
import { createHash } from "node:crypto";
import { readSync, writeFileSync } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { aggregate } from "../../protocol/strategy/aggregate.ts";
import type { ByteSource } from "../../protocol/update/byte-source.ts";
import { peakBytes } from "./peak-memory.ts";
import { benchPlan } from "./workload.ts";

const [folder, repeats] = process.argv.slice(2) as [string, string];
const counts = JSON.parse(await readFile(join(folder, "counts.json"), "utf8")) as number[];

async function fileSource(name: string): Promise<ByteSource & { close(): Promise<void> }> {
  const file: FileHandle = await open(join(folder, name));
  const { size } = await file.stat();
  return {
    size,
    read(offset, length, into) {
      const bytes = into ?? new Uint8Array(length);
      readSync(file.fd, bytes, 0, length, offset);
      return bytes;
    },
    close: () => file.close(),
  };
}

async function once(order: readonly number[]): Promise<{ seconds: number; digest: string }> {
  const started = process.hrtime.bigint();
  const base = await fileSource("base.safetensors");
  const sources = await Promise.all(order.map((index) => fileSource(`update-${index}.safetensors`)));
  const updates = order.map((index, position) => ({
    index,
    sampleCount: counts[index] as number,
    age: 0,
    source: sources[position] as ByteSource,
  }));
  const output = join(folder, "model.safetensors");
  const file = await open(output, "w");
  await aggregate(
    { plan: benchPlan, base, updates, memberCount: updates.length },
    {
      start: (totalBytes) => file.truncate(totalBytes),
      async write(offset, bytes) {
        await file.write(bytes, 0, bytes.byteLength, offset);
      },
    },
  );
  await file.close();
  for (const source of [base, ...sources]) await source.close();
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const hash = createHash("sha256");
  const made = await fileSource("model.safetensors");
  for (let offset = 0; offset < made.size; offset += 1 << 20) {
    hash.update(await made.read(offset, Math.min(1 << 20, made.size - offset)));
  }
  await made.close();
  return { seconds, digest: hash.digest("hex") };
}

const order = [...counts.keys()];
writeFileSync("/proc/self/clear_refs", "5");
const idleBytes = peakBytes();
const runs = [];
for (let repeat = 0; repeat < Number(repeats); repeat++) runs.push(await once(order));
const peak = peakBytes();
const permuted = await once([...order].reverse());
console.log(
  JSON.stringify({
    seconds: runs.map(({ seconds }) => seconds),
    peakBytes: peak,
    idleBytes,
    orderChangesBytes: permuted.digest !== runs[0]?.digest,
  }),
);
