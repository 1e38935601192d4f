// Trains a method from several seeds and takes the mean of the scores, which lowers the variance of training.
import { deriveSeed } from "../../foundation/random.ts";
import type { Prediction } from "../../foundation/statistics/scores.ts";
import type { FoldScores, Method } from "./method.ts";

/** @returns the method itself for one training */
export function averaged(method: Method, trainings: number): Method {
  if (trainings === 1) return method;
  const { title, settings } = method;
  return {
    ...method,
    title: `${title}, mean of ${trainings} trainings`,
    settings: { ...settings, trainings },
    async *run(sets, seed, options) {
      const found: FoldScores[] = [];
      for (let training = 1; training <= trainings; training++) {
        const work = method.run(sets, deriveSeed(seed, "training", training), options);
        let step = await work.next();
        while (!step.done) {
          const { done, total, note } = step.value;
          yield {
            done: done + (training - 1) * total,
            total: trainings * total,
            note: `training ${training}, ${note}`,
          };
          step = await work.next();
        }
        found.push(step.value);
      }
      return {
        parameters: found.reduce((sum, { parameters }) => sum + parameters, 0),
        chosen: found.map(({ chosen }) => chosen).join(", "),
        validation: meanScores(found.map(({ validation }) => validation)),
        heldOut: meanScores(found.map(({ heldOut }) => heldOut)),
      };
    },
  };
}

function meanScores(trainings: readonly (readonly Prediction[])[]): Prediction[] {
  const sums = new Map<string, Prediction>();
  for (const { patient, label, score } of trainings.flat()) {
    sums.set(patient, { patient, label, score: (sums.get(patient)?.score ?? 0) + score });
  }
  return [...sums.values()].map((each) => ({ ...each, score: each.score / trainings.length }));
}
