// `consilium baselines`: the source work's comparison networks on the same patients, with scores that its table lacks.
import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import { openShard } from "../imaging/shard/shard.ts";
import type { ContestRow, Sets } from "../study/baselines/contest.ts";
import { shardSets } from "../study/baselines/shard-sets.ts";
import { synthesiseSets } from "../study/baselines/synthetic-scans.ts";
import { openLungShard } from "../study/segment/lung-shard.ts";
import { contestTable } from "./baselines/contest-table.ts";
import { parseOptions, seedOption, seedSchema, whole } from "./terminal/parse-options.ts";
import { progressBar } from "./terminal/progress.ts";
import { readGiven } from "./terminal/read-given.ts";

const quickNetworks = "capsules,alexnet,mobilenet,conv3d";

const optionsSchema = z.object({
  shard: z.string().optional(),
  synthetic: z.boolean().default(false),
  networks: z.string(),
  epochs: whole(1, 10_000),
  slices: whole(1, 512),
  side: whole(32, 512),
  patients: whole(16, 5000),
  seed: seedSchema,
  weights: z.array(z.string().regex(/^[a-z0-9]+=.+$/, "NETWORK=FILE")).default([]),
  segmenter: z.string().optional(),
  mask: z.enum(["channel", "input"]).default("channel"),
  json: z.boolean().default(false),
});

type Options = z.output<typeof optionsSchema>;

/** Adds the command to the program. */
export function baselinesCommand(program: Command): void {
  program
    .command("baselines")
    .description(
      "Train and score the source work's comparison networks on the same patients: its table, with balanced accuracy, AUC, intervals and the majority.",
    )
    .option("--shard <dir>", "a hospital's shard, written by consilium import; its splits are taken as they are")
    .option("--synthetic", "synthetic patients; the default without --shard")
    .option("--networks <a,b,...>", "of those listed below, or all", quickNetworks)
    .option("--epochs <n>", "times that every training scan is seen", "12")
    .option("--slices <n>", "slices sampled from a scan", "12")
    .option("--side <pixels>", "of synthetic slices", "80")
    .option("--patients <n>", "of the synthetic archive", "80")
    .addOption(seedOption())
    .option(
      "--weights <network=file>",
      "safetensors of Keras's weights of a backbone, which then stays frozen (docs/baselines.md); repeatable",
      (value: string, before: string[]) => [...before, value],
      [] as string[],
    )
    .option("--segmenter <file>", "weights of consilium segment: lung and lesion are shown to the networks")
    .option("--mask <use>", "how: channel (one more), or input (black outside of the lung)", "channel")
    .option("--json", "print all scores with their intervals as JSON")
    .addHelpText(
      "after",
      [
        "\nNetworks: capsules (the project's own), vgg16, alexnet, xception, vgg19, resnet50, resnet50v2, resnet152v2,",
        "  inceptionv3, mobilenet, mobilenetv2, densenet121, densenet169, densenet201, lstm, lrcn, conv3d, c3d",
        "\nExamples:",
        "  consilium baselines",
        "  consilium baselines --shard ./shard --networks resnet50,densenet121 --epochs 30",
        "  consilium baselines --shard ./shard --networks vgg16 --weights vgg16=./vgg16.safetensors",
        "  consilium baselines --segmenter ./segcaps.safetensors --mask channel",
      ].join("\n"),
    )
    .action(async (raw: unknown) => {
      const options = parseBaselineOptions(raw);
      const { rows, sets } = await run(options);
      if (options.json) console.log(JSON.stringify({ options, splits: sizes(sets), rows }));
      else print(options, rows, sets);
    });
}

/** @throws OPTION_INVALID */
function parseBaselineOptions(raw: unknown): Options {
  const options = parseOptions(optionsSchema, raw, "baselines");
  if (options.shard !== undefined && options.synthetic) {
    const facts = { option: "--synthetic", why: "not together with --shard" };
    throw new FedError("OPTION_INVALID", facts, { remedy: "see consilium baselines --help" });
  }
  return options;
}

async function run(options: Options): Promise<{ rows: ContestRow[]; sets: Sets }> {
  // Loaded here, since TensorFlow takes a second to load.
  const { contest, majorityRow } = await import("../study/baselines/contest.ts");
  const { zoo, zooNetwork } = await import("../model/zoo/networks.ts");
  const every = ["capsules", ...zoo.map(({ name }) => name)];
  const networks = options.networks === "all" ? every : options.networks.split(",").map((name) => name.trim());
  for (const name of networks) if (name !== "capsules") zooNetwork(name);
  const pretrained = await readWeights(options.weights, networks);
  const open = options.segmenter === undefined ? openShard : openLungShard;
  const shard = options.shard === undefined ? undefined : await open(resolve(options.shard));
  const bar = progressBar("baselines");
  try {
    const { patients, side, slices, seed, epochs } = options;
    const plain: Sets = shard
      ? shardSets(shard)
      : await synthesiseSets({ patients, side, slices, seed }, (done, total) =>
          bar.update(done, total, "synthetic patients"),
        );
    const sets = options.segmenter === undefined ? plain : await segmented(plain, options.segmenter, options.mask);
    const rows: ContestRow[] = [];
    for await (const event of contest(sets, { networks, epochs, slices, seed, pretrained })) {
      if (event.kind === "row") rows.push(event.row);
      else bar.update(event.step, event.steps, `${event.network}, loss ${event.loss.toFixed(3)}`);
    }
    return { rows: [...rows, majorityRow(sets)], sets };
  } finally {
    bar.stop();
    await shard?.close();
  }
}

/** The same patients with their masks, which are computed once. */
async function segmented(sets: Sets, file: string, use: Options["mask"]): Promise<Sets> {
  const { openSegCaps } = await import("../model/segmentation/segcaps.ts");
  const { segmentScan } = await import("../model/segmentation/segment-scan.ts");
  const { maskedSet } = await import("../model/segmentation/masked-channels.ts");
  const model = openSegCaps(await readGiven(file, "--segmenter"));
  const masked = (set: Sets["train"]) => maskedSet(set, (index) => segmentScan(model, set, index), use);
  return { train: masked(sets.train), validation: masked(sets.validation), test: masked(sets.test) };
}

async function readWeights(given: readonly string[], networks: readonly string[]): Promise<Map<string, Uint8Array>> {
  const pretrained = new Map<string, Uint8Array>();
  for (const each of given) {
    const [name = "", ...path] = each.split("=");
    if (!networks.includes(name)) {
      const remedy = "name a network that is in --networks";
      throw new FedError("OPTION_INVALID", { option: "--weights", why: `${name} is not trained` }, { remedy });
    }
    pretrained.set(name, await readGiven(path.join("="), "--weights"));
  }
  return pretrained;
}

function sizes(sets: Sets): Record<string, { patients: number; positive: number }> {
  return Object.fromEntries(
    Object.entries(sets).map(([split, { scans }]) => {
      const patients = new Map(scans.map(({ patient, label }) => [patient, label]));
      return [split, { patients: patients.size, positive: [...patients.values()].filter(Boolean).length }];
    }),
  );
}

function print(options: Options, rows: readonly ContestRow[], sets: Sets): void {
  const parts = Object.entries(sizes(sets)).map(
    ([split, { patients, positive }]) => `${split} ${patients} (${positive} positive)`,
  );
  const source = options.shard === undefined ? "Synthetic patients" : "Patients of the shard";
  console.log(`${source}: ${parts.join(", ")}; ${options.epochs} epochs, ${options.slices} slices a scan.`);
  if (options.segmenter !== undefined) {
    const how = options.mask === "channel" ? "as one more channel" : "by black outside of the lung";
    console.log(`The mask of ${options.segmenter} is shown to the networks ${how}.`);
  }
  console.log(contestTable(rows));
  console.log("95 % intervals; thresholds chosen on the validation patients, the test patients selected nothing.");
  if (rows.some(({ pretrained, name }) => !pretrained && name !== "majority")) {
    console.log("Trained from scratch where not frozen: ImageNet's weights are the user's to give (--weights).");
  }
  if (options.shard === undefined) {
    console.log(
      "A small synthetic contest with few patients: it shows that the comparison works, not which network is best.",
    );
  }
}
