// The project's network, trained by the code of a federation: pooled, or at hospitals that send clipped and rounded updates,
// which are verified and averaged on integers. Only chain and network are left out, which do not change these bytes.

import type { Prediction } from "../../foundation/statistics/scores.ts";
import type { PartitionOptions } from "../../imaging/shard/deal-patients.ts";
import { createNetwork } from "../../model/network/network.ts";
import { genesisWeights, type LocalWeights, openTrainer } from "../../model/training/trainer.ts";
import type { HospitalAddress, RoundId } from "../../protocol/format/digest.ts";
import { zeroDigest } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { trainingSeed } from "../../protocol/judge/round-context.ts";
import type { Learner, Split, TrainOutcome } from "../../protocol/learner.ts";
import { averageRound, placeName } from "../strategies/average-round.ts";
import { BestPoint, type FoldSets, type Method } from "./method.ts";
import { resizedSet } from "./resized-set.ts";

/** The patients of each hospital in one fold; with the plan's seed, so that hospitals are similar in all folds. */
export type Deal = (sets: FoldSets, seed: number) => readonly FoldSets[];

/** best: the round with the best area on the validation patients. last: the plan's last one, as in a federation. */
export type Stop = "best" | "last";

/** All patients in one place. */
export function centralCapsules(plan: Plan, { stop, genesis }: Trained): Method {
  const { height } = plan.model.input;
  const how = { how: "pooled", stop, genesis } as const;
  return {
    name: "compact",
    title: `${titleOf(plan)}, pooled`,
    settings: { plan: { ...plan }, ...trainedSettings({ stop, genesis }) },
    run: (sets, seed, options) => train({ ...plan, seed }, [resized(sets, height)], how, options),
  };
}

/** One hospital with its own patients alone, scored on the held-out patients of all. */
export function aloneCapsules(plan: Plan, place: number, dealt: Dealt): Method {
  const { hospitals, partition, deal, stop, genesis } = dealt;
  const { height } = plan.model.input;
  const how = { how: "pooled", stop, genesis } as const;
  return {
    name: `alone-${place + 1}`,
    title: `${titleOf(plan)}, hospital ${place + 1} alone`,
    settings: { plan: { ...plan }, hospitals, partition: { ...partition }, place, ...trainedSettings(dealt) },
    run: (sets, seed, options) => {
      const all = resized(sets, height);
      const { train: own, validation } = deal(all, plan.seed)[place]!;
      return train({ ...plan, seed }, [{ train: own, validation, test: all.test }], how, options);
    },
  };
}

export function federatedCapsules(plan: Plan, dealt: Dealt): Method {
  const { hospitals, partition, deal, stop, genesis } = dealt;
  const { height } = plan.model.input;
  const how = { how: "federated", stop, genesis } as const;
  return {
    name: "federated",
    title: `${titleOf(plan)}, ${hospitals} hospitals${plan.strategy.name === "fedavg" ? "" : `, ${plan.strategy.name}`}`,
    settings: { plan: { ...plan }, hospitals, partition: { ...partition }, ...trainedSettings(dealt) },
    run: (sets, seed, options) => train({ ...plan, seed }, deal(resized(sets, height), plan.seed), how, options),
  };
}

function titleOf({ model: { preset, input } }: Plan): string {
  return `${preset} capsules, ${input.height} px`;
}

/** Where the capsules begin, and which of their rounds is scored. */
export interface Trained {
  readonly stop: Stop;
  /** A first model for every fold and row, by the plan's network; without it each draws its own from its seed. */
  readonly genesis?: Uint8Array | undefined;
}

/** The hospitals as well. */
export interface Dealt extends Trained {
  readonly hospitals: number;
  readonly partition: Omit<PartitionOptions, "seed">;
  readonly deal: Deal;
}

interface Hospital {
  readonly name: HospitalAddress;
  readonly learner: Learner;
  residual: Uint8Array | undefined;
}

/** Folds that were kept before there was a choice are of the best round, and began with drawn weights. */
function trainedSettings({ stop, genesis }: Trained): { stop?: Stop; genesis?: string } {
  return { ...(stop === "best" ? {} : { stop }), ...(genesis ? { genesis: blobDigest(genesis) } : {}) };
}

/** Trains all rounds, and scores the best one by the validation patients of all hospitals, or the last one. */
async function* train(
  plan: Plan,
  parts: readonly FoldSets[],
  { how, stop, genesis }: Trained & { readonly how: "pooled" | "federated" },
  { signal }: { signal: AbortSignal },
): ReturnType<Method["run"]> {
  const hospitals = parts.map((sets, index) => openHospital(sets, index));
  const best = new BestPoint();
  let model = genesis ?? genesisWeights(plan);
  let area = Number.NaN;
  const total = plan.rounds * hospitals.length;
  for (let round = 1; round <= plan.rounds; round++) {
    const trained: TrainOutcome[] = [];
    for (const [index, { learner, name, residual }] of hospitals.entries()) {
      const seed = trainingSeed(plan, round, name);
      trained.push(await learner.train({ plan, round: round as RoundId, base: model, seed, residual }, { signal }));
      const done = (round - 1) * hospitals.length + index + 1;
      yield {
        done,
        total,
        note: Number.isNaN(area) ? `round ${round}` : `round ${round}, validation AUC ${area.toFixed(2)}`,
      };
    }
    model = how === "pooled" ? (trained[0]?.weights ?? model) : await average(plan, model, round, hospitals, trained);
    if (stop === "last" && round < plan.rounds) continue;
    area = await best.offer(`round ${round}`, async (split) => {
      const found: Prediction[] = [];
      for (const { learner } of hospitals) found.push(...(await learner.predict({ plan, model, split }, { signal })));
      return found;
    });
  }
  return best.scores(parameterCount(plan));
}

/** Resizes before dealing, so that the cache of resized scans is bounded for any number of hospitals. */
function resized({ train, validation, test }: FoldSets, side: number): FoldSets {
  return {
    train: resizedSet(train, side),
    validation: resizedSet(validation, side),
    test: resizedSet(test, side),
  };
}

/** One hospital's learner over its patients of the fold; FedBN's weights are kept in memory. */
function openHospital(sets: FoldSets, index: number): Hospital {
  const kept = new Map<number, Uint8Array>();
  const local: LocalWeights = {
    read: async (round) => kept.get(Math.max(...[...kept.keys()].filter((each) => each < round))),
    write: async (round, weights) => void kept.set(round, weights),
  };
  const data = {
    shard: async () => ({ root: zeroDigest, quarantine: zeroDigest, trainScans: sets.train.scans.length }),
    split: async (_plan: Plan, split: Split) => sets[split],
  };
  return { name: placeName(index), learner: openTrainer(data, { local }), residual: undefined };
}

async function average(
  plan: Plan,
  base: Uint8Array,
  round: number,
  hospitals: readonly Hospital[],
  trained: readonly TrainOutcome[],
): Promise<Uint8Array> {
  const sent = hospitals.map(({ name, residual }, index) => {
    const { weights, sampleCount, unitMove } = trained[index]!;
    return { name, weights, sampleCount, residual, unitMove };
  });
  const { model, updates } = await averageRound(plan, base, round, sent);
  for (const [index, hospital] of hospitals.entries()) hospital.residual = updates[index]?.residual;
  return model;
}

function parameterCount({ model }: Plan): number {
  const network = createNetwork(model);
  try {
    return network.parameterCount;
  } finally {
    network.dispose();
  }
}
