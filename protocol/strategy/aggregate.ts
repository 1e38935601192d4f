// The next model from the base and the round's updates. A pure function: the same bytes on every machine and for every
// order of the updates. All files are read in step, run by run, so memory does not grow with their number or size.
import { FedError } from "../../foundation/errors.ts";
import type { Plan } from "../format/plan.ts";
import { type ByteSink, type ByteSource, memorySink } from "../update/byte-source.ts";
import { type LateRounding, lateRounding, requantise } from "../update/requantise.ts";
import { medianExponents } from "../update/step-exponents.ts";
import type { Segment, UpdateLayout } from "../update/update-layout.ts";
import { openUpdate, readHeader, type UpdateReader } from "../update/update-reader.ts";
import { baseLayout } from "./base-layout.ts";
import { ColumnBuffers } from "./column-buffers.ts";
import { NextModel } from "./next-model.ts";
import { PairwiseDistances } from "./pairwise-distances.ts";
import { strategyOf } from "./registry.ts";
import type { AggregationRule, ServerStep } from "./strategy.ts";
import { totalWeight } from "./weighted-sum.ts";
import { updateWeights } from "./weights.ts";

/** An update that passed verifyUpdate against the base it was trained from. */
export interface IncludedUpdate {
  /** The member's position: the canonical order. */
  readonly index: number;
  /** As committed on chain. */
  readonly sampleCount: number;
  /** Rounds between the model it was trained from and this round's base; 0 for a fresh one. */
  readonly age: number;
  /** The update's file. */
  readonly source: ByteSource;
}

/** What the next model is made of. */
export interface AggregationInput {
  /** The sections that decide an average: how updates are encoded, the rule, the largest sample count. */
  readonly plan: Pick<Plan, "update" | "strategy" | "sampleCap">;
  /** Safetensors of the round's base model. */
  readonly base: ByteSource;
  /** In any order. */
  readonly updates: readonly IncludedUpdate[];
  /** Members of the round, whether they sent an update or not. */
  readonly memberCount: number;
  /** In place of the plan's rule: for studies only. The plan's section still bounds ages and shares. */
  readonly rule?: AggregationRule | undefined;
}

/** The share of each hospital, for people. */
export interface AggregationReport {
  /** One for each update, by member index. */
  readonly shares: readonly {
    /** The update's `index`. */
    readonly index: number;
    /** Of the mean's weight, 0 to 1; 0 for an update that the rule left out. */
    readonly share: number;
  }[];
}

/**
 * Writes the next model's file to the sink.
 * @throws STRATEGY_TOO_FEW_UPDATES, STRATEGY_NEEDS_DENSE, UPDATE_DUPLICATE, SAMPLE_CAP_EXCEEDED,
 * UPDATE_TOO_OLD, SUM_OVERFLOW, UPDATE_MALFORMED, SAFETENSORS_MALFORMED, MODEL_NOT_FINITE; MODEL_DTYPE, MODEL_EMPTY,
 * EXPONENTS_MALFORMED, TENSOR_SHAPE_MISMATCH about the base; errors of the sources and of the sink
 */
export async function aggregate(input: AggregationInput, sink: ByteSink): Promise<AggregationReport> {
  const { plan, base, memberCount } = input;
  const updates = [...input.updates].sort((a, b) => a.index - b.index);
  const strategy = input.rule ?? strategyOf(plan.strategy);
  checkPreconditions(updates, strategy, plan);
  const { header } = await readHeader(base);
  const layout = baseLayout(header, plan);
  const open = () =>
    Promise.all(
      updates.map(async ({ source }, position) => {
        const reader = await openUpdate(source, layout, plan);
        return presentReader(reader, layout, roundings[position]!);
      }),
    );
  const roundings = await Promise.all(
    updates.map(({ source }) => lateRounding(() => openUpdate(source, layout, plan), layout, plan)),
  );

  let readers = await open();
  let weights = updateWeights(updates, plan);
  const exponents = medianExponents(readers.map(({ notes }) => notes.proposed));
  if (strategy.weigh) {
    weights = strategy.weigh(await measureDistances(readers, layout), weights, plan.strategy);
    readers = await open();
  }
  const counted = updates.map((_, position) => position).filter((position) => weights[position]! > 0);
  const total = totalWeight(weights, layout.type);
  const chosen = counted.map((position) => readers[position]!);
  const buffers = new ColumnBuffers(layout.type, chosen.length, layout.coordinates);
  const model = await NextModel.start({ base, header, layout, exponents, strategy, mean: buffers.mean }, sink);
  const sum = buffers.summation(counted.map((position) => weights[position]!));
  const scratch = new Float64Array(buffers.runLength);
  const participation = updates.length / memberCount;
  const step =
    strategy.step &&
    ((run: Omit<ServerStep, "participation">) => strategy.step?.({ ...run, participation }, plan.strategy));
  for await (const { half, start, length } of runs(chosen, layout, buffers)) {
    const means = scratch.subarray(0, length);
    strategy.combine?.(buffers.columns(half, length), means, plan.strategy);
    const sums = strategy.combine ? means : sum(half, means);
    for (const { segment, from, to } of pieces(layout, start, length)) {
      const moved = { sums: sums.subarray(from - start, to - start), total: strategy.combine ? 1 : total };
      await model.move(segment, from - segment.start, moved, step);
    }
  }
  await model.finish();
  const sharing = strategy.combine ? weights.map((weight) => (weight > 0 ? 1 / counted.length : 0)) : undefined;
  return {
    shares: updates.map(({ index }, position) => ({
      index,
      share: sharing?.[position] ?? weights[position]! / total,
    })),
  };
}

/** The same as `aggregate`, with the model in memory and the same errors. @throws those of aggregate */
export async function aggregateToBytes(input: AggregationInput): Promise<{
  /** Safetensors of the next model. */
  readonly model: Uint8Array;
  /** The share of each hospital. */
  readonly report: AggregationReport;
}> {
  const sink = memorySink();
  const report = await aggregate(input, sink);
  return { model: sink.bytes(), report };
}

function checkPreconditions(
  updates: readonly IncludedUpdate[],
  strategy: AggregationRule,
  { strategy: spec, update }: AggregationInput["plan"],
): void {
  const required = Math.max(1, strategy.requiredUpdates(spec));
  if (updates.length < required) {
    throw new FedError(
      "STRATEGY_TOO_FEW_UPDATES",
      { strategy: strategy.name, updates: updates.length, required },
      { remedy: "wait for more hospitals, or plan for fewer Byzantine ones" },
    );
  }
  // Where most hospitals send nothing, the robust mean of a coordinate is 0: the model would never move.
  if (strategy.combine && update.topFraction < 1) {
    throw new FedError("STRATEGY_NEEDS_DENSE", { strategy: strategy.name, topFraction: update.topFraction });
  }
  updates.forEach(({ index }, position) => {
    if (position > 0 && updates[position - 1]?.index === index) throw new FedError("UPDATE_DUPLICATE", { index });
  });
}

async function measureDistances(readers: readonly UpdateReader[], layout: UpdateLayout): Promise<PairwiseDistances> {
  const smallest = Math.min(...layout.segments.map(({ exponent }) => exponent));
  const distances = new PairwiseDistances(readers.length, layout.type, smallest);
  const buffers = new ColumnBuffers(layout.type, readers.length, layout.coordinates);
  for await (const { half, start, length } of runs(readers, layout, buffers)) {
    const columns = buffers.columns(half, length);
    for (const { segment, from, to } of pieces(layout, start, length)) {
      const part = columns.map((column) => column.subarray(from - start, to - start));
      distances.add(part, segment.exponent);
    }
  }
  return distances;
}

/** A reader that gives integers at the layout's steps, whatever steps the update was rounded at. */
function presentReader({ notes, next }: UpdateReader, layout: UpdateLayout, rounding: LateRounding): UpdateReader {
  let start = 0;
  return {
    notes,
    async next(into) {
      await next(into);
      requantise(into, start, notes.exponents, layout, rounding);
      start += into.length;
    },
  };
}

/** The flat vector of all updates, run by run; while one is worked on, the next is being read. */
async function* runs(
  readers: readonly UpdateReader[],
  layout: UpdateLayout,
  buffers: ColumnBuffers,
): AsyncGenerator<{ readonly half: 0 | 1; readonly start: number; readonly length: number }> {
  const { runLength } = buffers;
  const lengthAt = (start: number) => Math.min(runLength, layout.coordinates - start);
  const read = async (half: 0 | 1, start: number) => {
    const columns = buffers.columns(half, lengthAt(start));
    await Promise.all(
      readers.map(async (reader, position) => {
        await reader.next(columns[position]!);
      }),
    );
  };
  let half: 0 | 1 = 0;
  let ahead = read(half, 0);
  for (let start = 0; start < layout.coordinates; start += runLength) {
    await ahead;
    const next: 0 | 1 = half === 0 ? 1 : 0;
    if (start + runLength < layout.coordinates) {
      ahead = read(next, start + runLength);
      ahead.catch(() => {}); // it is awaited next time round, unless the caller has given up by then
    }
    yield { half, start, length: lengthAt(start) };
    half = next;
  }
}

/** The stretches of tensors that a run consists of, in flat coordinates. */
function* pieces(
  { segments }: UpdateLayout,
  start: number,
  length: number,
): Generator<{ readonly segment: Segment; readonly from: number; readonly to: number }> {
  for (const segment of segments) {
    const from = Math.max(start, segment.start);
    const to = Math.min(start + length, segment.start + segment.length);
    if (from < to) yield { segment, from, to };
  }
}
