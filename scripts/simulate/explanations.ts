// Where the last model of a simulation finds the disease, beside where it lies: for some synthetic patients of the test split. Pictures
// of real patients are drawn by `consilium predict --out` alone, where they are asked for.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultShape } from "../../imaging/import/normalise.ts";
import { phantomId } from "../../imaging/phantom/write-archive.ts";
import { withActivationPictures } from "../../imaging/shard/data-card-page.ts";
import { pseudonymsOf, readPseudonymKey } from "../../imaging/shard/pseudonyms.ts";
import { openShard } from "../../imaging/shard/shard.ts";
import { shardFiles } from "../../imaging/shard/shard-format.ts";
import { personOfId } from "../../imaging/source/persons.ts";
import type { ScanMasks } from "../../model/segmentation/segmentation-set.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { importedPhantom } from "../../study/explanations/imported-phantom.ts";
import { openNetwork } from "../predict/open-network.ts";
import type { RunDirectory } from "./run-directory.ts";

/** Patients that are drawn. */
const most = 4;

/**
 * Writes explanations.png, and puts it on the data card of all patients.
 *
 * @param pool folder of their shard
 * @returns hits of the activation's highest values on lesions; undefined for patients who are not synthetic, under FedBN, whose
 * batch norm stays at the hospitals, and where the test split has no positive patient
 */
export async function drawExplanations(
  run: RunDirectory,
  { plan, pool, weights }: { readonly plan: Plan; readonly pool: string; readonly weights: Uint8Array },
  signal: AbortSignal,
) {
  const { archive, patients, matrix, seed } = run.settings;
  if (archive !== undefined || plan.model.normalisation === "batch-local") return undefined;
  // Loaded here, since they load TensorFlow.
  const { playPointingGame, scorePointing } = await import("../../study/explanations/pointing-game.ts");
  const { explanationsPng } = await import("../../study/explanations/explanations-picture.ts");
  const shard = await openShard(pool);
  const network = await openNetwork(weights, plan.model);
  try {
    const pseudonyms = pseudonymsOf((await readPseudonymKey(run.at("pseudonym-key")))!);
    const numberOf = new Map(
      Array.from({ length: patients }, (_, number) => [
        pseudonyms.of("patient", personOfId(phantomId(number))),
        number,
      ]),
    );
    const ill = [...shard.scans.keys()]
      .filter((index) => shard.scans[index]!.split === "test" && shard.scans[index]!.label === 1)
      .slice(0, most);
    if (ill.length === 0) return undefined;
    const { height, width, windows } = shard;
    const shape = { height, width, windows, maxSlices: Math.max(plan.model.input.slices, defaultShape.maxSlices) };
    const masks = new Map<number, ScanMasks>();
    for (const index of ill) {
      signal.throwIfAborted();
      const number = numberOf.get(shard.scans[index]!.patient)!;
      const folder = run.at("archive", "positive", phantomId(number));
      masks.set(index, (await importedPhantom(folder, { seed, index: number, positive: true, matrix }, shape)).masks);
    }
    const set = { ...shard, read: (index: number) => shard.read(index), masks: (index: number) => masks.get(index)! };
    const played = ill.map((index) => [index, playPointingGame(network, set, index)] as const);
    const png = explanationsPng(set, played);
    const score = scorePointing(played.map(([, each]) => each));
    await writeFile(run.at("explanations.png"), png);
    const page = join(pool, shardFiles.page);
    await writeFile(page, withActivationPictures(await readFile(page, "utf8"), { png, ...score }));
    return score;
  } finally {
    network.dispose();
    await shard.close();
  }
}
