// The question that every hospital asks first: would we have done as well alone? Each trains on its own shard, from the
// same first model, for as many epochs and with the same seeds as it did in the federation. So does a model on all data
// pooled, which no federation could have had, and a control on shuffled labels: were that above chance, no score of the
// table could be believed.
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { openTrainerProcess } from "../../node/learner-process.ts";
import type { Place } from "../../node/trainer-messages.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { trainingSeed } from "../../protocol/judge/round-context.ts";
import type { Log } from "../../protocol/ports.ts";

export interface LoneTraining {
  readonly name: string;
  /** Whose seeds it takes. */
  readonly seedName: string;
  readonly place: Place;
  /** Where its model goes. */
  readonly modelFile: string;
}

/** Trains those whose model is not there yet, a few at the same time. */
export async function trainAlone(
  trainings: readonly LoneTraining[],
  { plan, rounds, genesis, log }: { plan: Plan; rounds: number; genesis: Uint8Array; log: Log },
  { signal, onProgress }: { signal: AbortSignal; onProgress: (name: string, done: number, total: number) => void },
): Promise<void> {
  const queue = trainings.filter(({ modelFile }) => !existsSync(modelFile));
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { name } = next;
      const weights = await trainOne(next, { plan, rounds, genesis, log }, signal, (done, total) =>
        onProgress(name, done, total),
      );
      await mkdir(dirname(next.modelFile), { recursive: true });
      await writeFile(`${next.modelFile}.tmp`, weights);
      await rename(`${next.modelFile}.tmp`, next.modelFile);
    }
  };
  await Promise.all([work(), work()]);
}

async function trainOne(
  { place, seedName, name }: LoneTraining,
  { plan, rounds, genesis, log }: { plan: Plan; rounds: number; genesis: Uint8Array; log: Log },
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<Uint8Array> {
  const trainer = openTrainerProcess({ log: log.child(name) });
  const learner = trainer.learner(place);
  try {
    let base = genesis;
    for (let round = 1; round <= rounds; round++) {
      const request = { plan, round: round as RoundId, base, seed: trainingSeed(plan, round, seedName) };
      const outcome = await learner.train(request, {
        signal,
        onProgress: ({ step, steps }) => onProgress((round - 1) * steps + step, rounds * steps),
      });
      base = outcome.weights;
    }
    return base;
  } finally {
    await trainer.close();
  }
}
