// Trains the comparisons of a federation: each hospital alone on its shard, from the same first model, for the same epochs and
// with the same seeds; one model on all data pooled; and a control on shuffled labels, whose score must be at chance.
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
  /** Name from which its seeds derive. */
  readonly seedName: string;
  readonly place: Place;
  /** File of its model. */
  readonly modelFile: string;
}

/** Trains those whose model file does not exist yet, two at a time. */
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
