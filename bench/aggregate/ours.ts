// Our side of the aggregation benchmark, in a process of its own: update files on disk to a model file on disk.
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { aggregate } from "../../protocol/strategy/aggregate.ts";
import type { ByteSource } from "../../protocol/update/byte-source.ts";
import { peakBytes } from "./peak-memory.ts";
import { benchPlan } from "./workload.ts";

const [folder, repeats] = process.argv.slice(2) as [string, string];
const counts = JSON.parse(await readFile(join(folder, "counts.json"), "utf8")) as number[];

function fileSource(name: string): ByteSource & { close(): void } {
  const file = openSync(join(folder, name), "r");
  return {
    size: fstatSync(file).size,
    read(offset, length, into) {
      const bytes = into ?? new Uint8Array(length);
      readSync(file, bytes, 0, length, offset);
      return bytes;
    },
    close: () => closeSync(file),
  };
}

async function once(order: readonly number[]): Promise<{ seconds: number; digest: string }> {
  const output = join(folder, "model.safetensors");
  rmSync(output, { force: true }); // of the run before: an aggregator writes a new file
  const started = process.hrtime.bigint();
  const base = fileSource("base.safetensors");
  const sources = order.map((index) => fileSource(`update-${index}.safetensors`));
  const updates = order.map((index, position) => ({
    index,
    sampleCount: counts[index]!,
    age: 0,
    source: sources[position] as ByteSource,
  }));
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
  for (const source of [base, ...sources]) source.close();
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const hash = createHash("sha256");
  const made = fileSource("model.safetensors");
  const window = new Uint8Array(1 << 20);
  for (let offset = 0; offset < made.size; offset += window.byteLength) {
    const part = window.subarray(0, Math.min(window.byteLength, made.size - offset));
    hash.update(await made.read(offset, part.byteLength, part));
  }
  made.close();
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
