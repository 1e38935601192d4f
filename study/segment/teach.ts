// Trains the segmentation on synthetic patients, scores it on others, and applies it.

import { deriveSeed } from "../../foundation/random.ts";
import { meanInterval } from "../../foundation/statistics/mean-interval.ts";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { createSegCaps, openSegCaps, type SegCaps } from "../../model/segmentation/segcaps.ts";
import { segmentScan } from "../../model/segmentation/segment-scan.ts";
import { type SegmentationScores, scoreSegmentation } from "../../model/segmentation/segmentation-scores.ts";
import type { ScanMasks, SegmentationSet } from "../../model/segmentation/segmentation-set.ts";
import { chooseThreshold, lesionByThreshold } from "../../model/segmentation/threshold.ts";
import { trainSegCaps } from "../../model/segmentation/train-segcaps.ts";
import { encodeSafetensors } from "../../protocol/format/safetensors.ts";
import { synthesiseSets } from "../baselines/synthetic-scans.ts";
import { openLungShard } from "./lung-shard.ts";

export interface Segmented {
  readonly network: SegmentationScores;
  /** The threshold rule within the network's lung; validation patients choose the threshold. */
  readonly plain: SegmentationScores;
  readonly threshold: number;
  /** The network's lesion Dice minus the threshold rule's, of the same patients. */
  readonly gain: Estimate;
}

/** What the segmentation is trained on: synthetic patients of square slices. */
export interface TeachOptions {
  readonly patients: number;
  /** Pixels. */
  readonly side: number;
  readonly slices: number;
  readonly seed: number;
  /** Of training. */
  readonly steps: number;
}

type Report = (done: number, total: number, note?: string) => void;

/** @param weights of a segmentation trained before; without them it is trained. The caller disposes the segmenter. */
export async function teach(
  { patients, side: wanted, slices, seed, steps }: TeachOptions,
  weights: Uint8Array | undefined,
  report: Report,
): Promise<{ segmenter: SegCaps; scores: Segmented }> {
  const segmenter = weights ? openSegCaps(weights) : createSegCaps({ side: wanted, seed: deriveSeed(seed, "segcaps") });
  const { side } = segmenter;
  const sets = await synthesiseSets({ patients, side, slices, seed }, (done, total) =>
    report(done, total, "synthetic patients"),
  );
  try {
    if (!weights) {
      const options = { steps, batchSize: 6, learningRate: 0.008, seed };
      for await (const { step, loss } of trainSegCaps(segmenter, sets.train, options)) {
        report(step, steps, `loss ${loss.toFixed(3)}`);
      }
    }
    return { segmenter, scores: score(segmenter, sets.validation, sets.test) };
  } catch (error) {
    segmenter.dispose();
    throw error;
  }
}

function score(segmenter: SegCaps, validation: SegmentationSet, test: SegmentationSet): Segmented {
  const all = (data: SegmentationSet) => [...data.scans.keys()].map((index) => segmentScan(segmenter, data, index));
  const [tuned, found] = [all(validation), all(test)];
  const at = (masks: readonly ScanMasks[], index: number) => masks[index] as ScanMasks;
  const threshold = chooseThreshold(validation, (index) => at(tuned, index).lung);
  const plain = (index: number) => lesionByThreshold(test.read(index), test.channels, at(found, index).lung, threshold);
  const network = scoreSegmentation(test, (index) => at(found, index));
  const byRule = scoreSegmentation(test, plain);
  const gain = meanInterval(network.lesionDice.map((dice, ill) => dice - byRule.lesionDice[ill]!));
  return { network, plain: byRule, threshold, gain };
}

/** Masks of a shard's scans as safetensors, named by the scan's place in the shard. @throws SEGMENT_WINDOW, and what openShard throws */
export async function drawMasks(
  segmenter: SegCaps,
  dir: string,
  report: Report,
): Promise<{ bytes: Uint8Array; scans: number }> {
  const shard = await openLungShard(dir);
  try {
    const { height, width, scans } = shard;
    const tensors = [];
    for (const [index, { slices }] of scans.entries()) {
      const { lung, lesion } = segmentScan(segmenter, shard, index);
      const data = lung.map((inside, voxel) => inside + lesion[voxel]!);
      tensors.push({ name: `scan${index}`, dtype: "U8" as const, shape: [slices, height, width], data });
      report(index + 1, scans.length, "scans");
      await new Promise(setImmediate);
    }
    return { bytes: encodeSafetensors(tensors), scans: scans.length };
  } finally {
    await shard.close();
  }
}
