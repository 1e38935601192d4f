// `consilium segment`: trains the capsule segmentation of lung and lesion on synthetic patients, whose masks are exact, and
// writes the masks of a shard's scans.
import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import type { Segmented } from "../study/segment/teach.ts";
import { parseOptions, seedOption, seedSchema, whole } from "./terminal/parse-options.ts";
import { progressBar } from "./terminal/progress.ts";
import { readGiven } from "./terminal/read-given.ts";
import { showEstimate } from "./terminal/show-estimate.ts";
import { table } from "./terminal/table.ts";
import { writeOutput, writePublicOutput } from "./terminal/write-output.ts";

const optionsSchema = z.object({
  out: z.string(),
  weights: z.string().optional(),
  shard: z.string().optional(),
  masks: z.string(),
  steps: whole(1, 1_000_000),
  patients: whole(20, 5000),
  side: whole(16, 512).refine((side) => side % 4 === 0, "a multiple of four"),
  slices: whole(3, 512),
  seed: seedSchema,
  json: z.boolean().default(false),
});

type SegmentOptions = z.output<typeof optionsSchema>;

/** Adds the command to the program. */
export function segmentCommand(program: Command): void {
  program
    .command("segment")
    .description(
      "Train a capsule network to find lung and lesion on synthetic patients with exact masks; draw masks of a shard.",
    )
    .option("--out <file>", "where the trained weights go, as safetensors", "segcaps.safetensors")
    .option("--weights <file>", "weights that --out wrote before: nothing is trained, they are scored and used")
    .option("--shard <dir>", "a hospital's shard whose scans are to be segmented (first window: lung)")
    .option(
      "--masks <file>",
      "where the shard's masks go: a U8 tensor [slices, height, width] a scan, 1 lung, 2 lesion",
      "masks.safetensors",
    )
    .option("--steps <n>", "training steps of six slices", "900")
    .option("--patients <n>", "synthetic patients: half are trained on, 0.3 are the test", "60")
    .option("--side <pixels>", "of slices as the network sees them; weights know theirs", "64")
    .option("--slices <n>", "of a synthetic scan", "16")
    .addOption(seedOption())
    .option("--json", "print the scores with their intervals as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  consilium segment\n  consilium segment --weights segcaps.safetensors --shard ./shard --masks ./masks.safetensors\n  consilium baselines --mask channel --segmenter segcaps.safetensors",
    )
    .action(async (raw: unknown) => {
      const options = parseOptions(optionsSchema, raw, "segment");
      const result = await run(options);
      if (options.json) console.log(JSON.stringify({ options, ...result }));
      else print(options, result);
    });
}

interface Result extends Segmented {
  readonly side: number;
  readonly seconds: number;
  readonly weights: string;
  /** Scans whose masks were written. */
  readonly masked?: number;
}

async function run(options: SegmentOptions): Promise<Result> {
  const started = performance.now();
  const { teach, drawMasks } = await import("../study/segment/teach.ts"); // here, since TensorFlow takes a second to load
  const given = options.weights === undefined ? undefined : await readGiven(options.weights, "--weights");
  const bar = progressBar("segment");
  try {
    const { segmenter, scores } = await teach(options, given, bar.update);
    try {
      const weights = options.weights ?? options.out;
      if (!given) await writePublicOutput(options.out, segmenter.getWeights());
      const masks = options.shard && (await drawMasks(segmenter, resolve(options.shard), bar.update));
      if (masks) await writeOutput(options.masks, masks.bytes);
      const seconds = (performance.now() - started) / 1000;
      return { ...scores, side: segmenter.side, seconds, weights, ...(masks ? { masked: masks.scans } : {}) };
    } finally {
      segmenter.dispose();
    }
  } finally {
    bar.stop();
  }
}

function print(options: SegmentOptions, result: Result): void {
  const { network, plain, threshold, gain } = result;
  console.log(
    `Synthetic patients held out: ${network.lungPatients}, ${network.lesionPatients} of them ill; ${result.side} x ${result.side} pixels.`,
  );
  console.log(
    table(
      ["Dice", "lung", "lesion of the ill", "lesion found in the healthy"],
      [
        [
          "capsules",
          showEstimate(network.lung, 3),
          showEstimate(network.lesion, 3),
          showEstimate(network.falseLesion, 3),
        ],
        [`grey >= ${threshold} in its lung`, "", showEstimate(plain.lesion, 3), showEstimate(plain.falseLesion, 3)],
      ],
    ),
  );
  const verdict = gain.low > 0 ? "better" : gain.high < 0 ? "worse" : "not surely better or worse";
  console.log(`In lesions, patient by patient: ${showEstimate(gain, 3)} beside the plain rule, ${verdict}.`);
  console.log("Means over patients with 95 % intervals; the last column is a share of the lung, and 0 is right.");
  console.log(`${options.weights === undefined ? "Weights written to" : "Weights of"} ${result.weights}.`);
  if (result.masked !== undefined) {
    console.log(
      `Masks of ${result.masked} scans in ${options.masks}. Nobody has checked them: look before you use them.`,
    );
  }
}
