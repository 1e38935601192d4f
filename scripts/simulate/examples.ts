// Draws examples of the network's input: slices of a few training scans of each class, with their labels.
import { writeFile } from "node:fs/promises";
import { openShard } from "../../imaging/shard/shard.ts";
import { type Example, examplesPng } from "../../imaging/view/examples.ts";
import { huWindows } from "../../imaging/volume/hu-table.ts";
import type { RunDirectory } from "./run-directory.ts";

const ofEachClass = 3;

/** Writes examples.png of a shard's first channel. */
export async function drawExamples(run: RunDirectory, shardDir: string): Promise<void> {
  const shard = await openShard(shardDir);
  try {
    const training = [...shard.scans.entries()].filter(([, { split }]) => split === "train");
    const chosen = [1, 0].flatMap((label) => training.filter(([, scan]) => scan.label === label).slice(0, ofEachClass));
    const { height: rows, width: columns, channels } = shard;
    const low = huWindows.lung.centre - huWindows.lung.width / 2;
    const examples = chosen.map(([index, { label, slices }]): Example => {
      const pixels = shard.read(index);
      const hu = Float32Array.from(
        { length: slices * rows * columns },
        (_, at) => low + (pixels[at * channels]! / 255) * huWindows.lung.width,
      );
      const volume = { hu, slices, rows, columns, spacingMm: [1, 1, 1] as const };
      return label === 1
        ? { volume, label: "POSITIVE", colour: [240, 120, 100] }
        : { volume, label: "NEGATIVE", colour: [120, 200, 140] };
    });
    await writeFile(run.at("examples.png"), examplesPng(examples));
  } finally {
    await shard.close();
  }
}
