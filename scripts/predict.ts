// `consilium predict`: a model's score of scans, and which slices it rests on.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import pc from "picocolors";
import { FedError } from "../foundation/errors.ts";
import { blankPicture, drawArea, drawText, encodePng } from "../imaging/view/picture.ts";
import type { Explanation } from "../model/network/explain.ts";
import type { Network } from "../model/network/network.ts";
import type { TrainingSet } from "../model/training/training-set.ts";
import { defaultPlan } from "../protocol/format/default-plan.ts";
import type { ModelSpec } from "../protocol/format/model-spec.ts";
import { decodePlan } from "../protocol/format/plan.ts";
import { parseSafetensorsHeader } from "../protocol/format/safetensors.ts";
import { openScans } from "./predict/open-scans.ts";
import { readGiven } from "./terminal/read-given.ts";
import { table } from "./terminal/table.ts";
import { makeOutputFolder, writeOutput } from "./terminal/write-output.ts";

interface PredictOptions {
  readonly plan?: string;
  readonly out?: string;
  readonly threshold: string;
  readonly json?: boolean;
}

const researchUse = "For research. It is no medical device, and no diagnosis may rest on it.";

/** Adds the command to the program. */
export function predictCommand(program: Command): void {
  program
    .command("predict")
    .description(`Score scans with a model, and show which slices the score rests on. ${researchUse}`)
    .argument("<model>", "safetensors file of a federation, such as runs/.../models/federated.safetensors")
    .argument("<scans...>", "imported shards, or folders or zips with the DICOM files of one patient each")
    .option("--plan <file>", "the plan that the model was trained by; default: the default plan of the model's preset")
    .option("--threshold <score>", "scores from here on are called positive; take the one chosen on validation", "0.5")
    .option("--out <dir>", "also draw the sampled slices with their votes, a PNG a scan")
    .option("--json", "print scores and votes as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  consilium predict federated.safetensors ./patient1 ./patient2\n" +
        "  consilium predict federated.safetensors ./hospital-1/shard --plan plan.json --out ./votes",
    )
    .action(async (modelFile: string, places: string[], { plan, out, threshold, json }: PredictOptions) => {
      const limit = Number(threshold);
      if (!(limit >= 0 && limit <= 1)) {
        throw new FedError(
          "OPTION_INVALID",
          { option: "--threshold", threshold },
          { remedy: "give a share from 0 to 1" },
        );
      }
      const weights = await readFile(modelFile).catch((cause: unknown) => {
        throw new FedError("MODEL_UNREADABLE", { file: modelFile }, { cause, remedy: "check the path of the model" });
      });
      const spec = plan === undefined ? specOf(weights) : decodePlan(await readGiven(plan, "--plan")).model;
      const { explain } = await import("../model/network/explain.ts"); // here, since TensorFlow takes a second to load
      const networks = await openNetworks(weights, spec, plan !== undefined);
      const results: (Explanation & { scan: string })[] = [];
      try {
        if (out !== undefined) await makeOutputFolder(out);
        for (const place of places) {
          for (const { name, set } of await openScans(place, spec.input)) {
            const explanation = explain(networks.forSlices(set.scans[0]!.slices), set, 0);
            results.push({ scan: name, ...explanation });
            if (out !== undefined) await writeOutput(join(out, `${name}.png`), votesPng(set, explanation));
          }
        }
      } finally {
        networks.dispose();
      }
      if (json) console.log(JSON.stringify({ researchUse, threshold: limit, scans: results }));
      else print(results, limit);
    });
}

/** The model as a network for scans of so many slices: a plan's for all, else one that is shown no slice twice. */
async function openNetworks(weights: Uint8Array, spec: ModelSpec, isPlanned: boolean) {
  const { createNetwork } = await import("../model/network/network.ts");
  const networks = new Map<number, Network>();
  const open = (slices: number): Network => {
    const network = createNetwork({ ...spec, input: { ...spec.input, slices } });
    networks.set(slices, network);
    network.setWeights(weights);
    return network;
  };
  return {
    forSlices(available: number): Network {
      const slices = isPlanned ? spec.input.slices : Math.min(spec.input.slices, available);
      return networks.get(slices) ?? open(slices);
    },
    dispose() {
      for (const network of networks.values()) network.dispose();
    },
  };
}

function print(results: readonly (Explanation & { scan: string })[], threshold: number): void {
  const rows = results.map(({ scan, score, votes }) => {
    const heaviest = [...votes].sort((a, b) => b.weight - a.weight).slice(0, 3);
    const slices = heaviest
      .map(({ slice, coupling, weight }) => `${slice + 1} (${weight.toFixed(2)}, ${coupling.toFixed(2)})`)
      .join(", ");
    return [scan, score.toFixed(3), score >= threshold ? "positive" : "negative", slices];
  });
  console.log(table(["scan", "score", `at ${threshold}`, "slices that weigh most (weight, coupling)"], rows));
  console.log(pc.yellow(researchUse));
}

/** What a file's tensors tell of its network; the rest as the default plan has it. */
function specOf(weights: Uint8Array): ModelSpec {
  const { tensors } = parseSafetensorsHeader(weights, weights.byteLength);
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const preset = shapes.has("mixed10/1x1/kernel") ? "iv3" : "compact";
  const inputs = shapes.get("stem/a/kernel")?.[2];
  if (inputs === undefined) {
    throw new FedError("MODEL_UNSUPPORTED", { missing: "stem/a/kernel" }, { remedy: "give a model of a federation" });
  }
  const { model } = defaultPlan({ preset, channels: preset === "compact" ? inputs / 8 : inputs });
  const normalisation = shapes.has("stem/a/bias") ? "none" : shapes.has("stem/a/gamma") ? "group" : undefined;
  if (normalisation === undefined) {
    const remedy = "batch norm's part stays at the hospital (FedBN): predict there, through its node";
    throw new FedError("LOCAL_WEIGHTS_UNAVAILABLE", {}, { remedy });
  }
  return { ...model, normalisation, reconstruction: shapes.has("decoder/pixels/kernel") };
}

/** The sampled slices side by side, each over a bar: its weight for the positive class. */
function votesPng({ height, width, channels, read }: TrainingSet, { score, votes }: Explanation): Buffer {
  const zoom = Math.max(1, Math.round(128 / width));
  const [tileWidth, tileHeight, bar, head] = [width * zoom, height * zoom, 8, 16];
  const picture = blankPicture(tileWidth * votes.length, head + tileHeight + bar);
  const pixels = read(0);
  drawText(picture, `SCORE ${score.toFixed(3)}`, { left: 4, top: 3 });
  for (const [place, { slice, weight }] of votes.entries()) {
    const left = place * tileWidth;
    const from = slice * height * width * channels;
    drawArea(picture, { left, top: head, width: tileWidth, height: tileHeight }, (x, y) => {
      return pixels[from + (Math.floor(y / zoom) * width + Math.floor(x / zoom)) * channels]!;
    });
    const filled = Math.round((tileWidth - 2) * Math.max(0, weight));
    drawArea(picture, { left, top: head + tileHeight, width: tileWidth - 1, height: bar }, (x) =>
      x < filled ? [240, 140, 40] : 40,
    );
  }
  return encodePng(picture);
}
