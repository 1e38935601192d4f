// The interface of aggregation rules. One file a rule, each citing its paper; protocol/strategy/aggregate.ts runs them.
//
// For callers (node, aggregator, audit):
//   makeUpdate({ base, local, residual, plan, round, hospital }) → { update, residual, norm, clipped }   update/make-update.ts
//   verifyUpdate(source, { base: header, plan }) → { norm }, or throws                                   update/verify-update.ts
//   maxUpdateBytes(header, plan) → what to allow when fetching an update                                 update/update-layout.ts
//   aggregate({ plan, base, updates, memberCount }, sink) → report; aggregateToBytes(input) → { model, report }
//     with base: ByteSource and updates: { index, sampleCount, age, source }[] in any order              strategy/aggregate.ts
//   requiredUpdates(plan.strategy) → number: fewer updates than this cannot be aggregated                strategy/registry.ts
//   memorySource(bytes), memorySink(): ByteSource, ByteSink                                              update/byte-source.ts
import type { IntegerArray } from "../update/integers.ts";
import type { Segment } from "../update/update-layout.ts";
import type { PairwiseDistances } from "./pairwise-distances.ts";
import type { StrategyName, StrategySpec } from "./strategy-spec.ts";

/** The integers of all counted updates for one run of coordinates, by member index: one array a hospital. */
export type Columns = readonly IntegerArray[];

/** The plan's section on the strategy of that name. */
export type SpecOf<Name extends StrategyName> = Extract<
  StrategySpec,
  {
    /** Of the rule. */
    name: Name;
  }
>;

/** One run of a tensor on its way to the new model; all arrays have the same length. */
export interface ServerStep {
  /** delta: the model's tensor moves. control: the server's SCAFFOLD control variate does. */
  readonly group: Segment["group"];
  /** The round's mean change, in the tensor's own units. */
  readonly delta: Float64Array;
  /** The tensor's values in the base model; to be overwritten with the new ones. */
  readonly values: Float32Array;
  /** The server's state for this tensor, in the order of `Strategy.state`; to be overwritten with the next round's. */
  readonly state: readonly Float32Array[];
  /** Updates in this round as a share of the round's members. */
  readonly participation: number;
}

/**
 * An aggregation rule. In order: `weigh` turns geometry into integer weights, `combine` turns integers into their
 * (robust) mean, `step` moves the model. The defaults are the weighted mean and "model + delta".
 */
export interface Strategy<Name extends StrategyName = StrategyName> {
  /** The `name` of the plan's section that chooses this rule. */
  readonly name: Name;
  /** Fewest updates: with fewer the rule's guarantee does not hold, and aggregate throws STRATEGY_TOO_FEW_UPDATES. */
  requiredUpdates(spec: SpecOf<Name>): number;
  /** State tensors that the server keeps in the model's file, as `server/<state>/<tensor>`. */
  readonly state?: readonly string[];
  /** Integer weights from the squared distances between updates; 0 leaves an update out. */
  weigh?(distances: PairwiseDistances, weights: readonly number[], spec: SpecOf<Name>): number[];
  /** Writes each coordinate's robust mean, in steps. Such a rule ignores sample counts and needs dense updates. */
  combine?(columns: Columns, mean: Float64Array, spec: SpecOf<Name>): void;
  /** Moves a run of a tensor by the round's mean change; without it the model moves by the mean itself. */
  step?(run: ServerStep, spec: SpecOf<Name>): void;
}

/**
 * A rule that is not one of the plan's, for studies: its functions get the section of the plan that it stands in for. A
 * federation cannot use it, since hospitals and auditors compute only the rules that a plan can name.
 */
export type AggregationRule = Omit<Strategy, "name"> & {
  /** For errors and tables; no plan can have it. */
  readonly name: string;
};
