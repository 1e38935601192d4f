// Routing by agreement between input capsules (slices) and output capsules.
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { tf } from "../tensorflow/tensorflow.ts";
import { type CapsuleVariant, squash, squashGradient } from "./squash.ts";

export interface Routing {
  readonly iterations: number;
  /** sabour: logits accumulate (Sabour 2017, procedure 1). paper: they are replaced, and the paper's squash is used. */
  readonly variant: CapsuleVariant;
}

/**
 * A capsule layer whose weights are shared over its input capsules.
 * @param u input capsules [n, i, d]
 * @param weights [d, j * k]
 * @param j number of output capsules
 * @returns v [n, j, k], the couplings c [n, j, i] of the last iteration, which carry no gradient, and the votes uHat
 * [n, j, i, k]
 */
export function capsuleLayer(
  u: Tensor3D,
  weights: Tensor2D,
  j: number,
  routing: Routing,
): { v: Tensor3D; couplings: Tensor3D; uHat: Tensor4D } {
  const [n, i, d] = u.shape;
  const k = weights.shape[1]! / j;
  const uHat = tf
    .matMul(u.reshape([n * i, d]), weights)
    .reshape([n, i, j, k])
    .transpose([0, 2, 1, 3]) as Tensor4D; // [n, j, i, k]
  return { ...route(uHat, routing), uHat };
}

/** What the gradient needs of an iteration: c [n, j, i] (absent where uniform), s and v [n, j, 1, k]. */
interface Iteration {
  readonly c: Tensor | undefined;
  readonly s: Tensor;
  readonly v: Tensor;
}

/**
 * All iterations as one operation: tfjs would record a hundred small ones. The gradient is complete, through the couplings
 * too (test/model/tensorflow/gradients.test.ts compares it with finite differences).
 */
function route(uHat: Tensor4D, { iterations, variant }: Routing): { v: Tensor3D; couplings: Tensor3D } {
  const [n, j, i, k] = uHat.shape;
  let couplings: Tensor | undefined;
  const apply = tf.customGrad((...inputs) => {
    const [votes, save] = inputs as unknown as [Tensor4D, (tensors: Tensor[]) => void];
    const steps: Iteration[] = [];
    let b: Tensor | undefined; // logits [n, j, i]
    for (let iteration = 1; iteration <= iterations; iteration++) {
      const c = b && softmaxOverOutputs(b);
      const s = c ? tf.matMul(c.reshape([n, j, 1, i]), votes) : tf.sum(votes, 2, true).mul(1 / j); // [n, j, 1, k]
      const v = squash(s, variant);
      steps.push({ c, s, v });
      if (iteration === iterations) break;
      const agreement = tf.matMul(votes, v, false, true).reshape([n, j, i]);
      b = b === undefined || variant === "paper" ? agreement : b.add(agreement);
    }
    const last = steps.at(-1) as Iteration;
    couplings = tf.keep(last.c ? last.c.clone() : tf.fill([n, j, i], 1 / j));
    save([votes, ...steps.flatMap(({ c, s, v }) => (c ? [c, s, v] : [s, v]))]);
    const gradFunc = (dv: Tensor, saved: Tensor[]) => {
      const [kept, ...rest] = saved as [Tensor4D, ...Tensor[]];
      const [firstS, firstV, ...later] = rest as [Tensor, Tensor, ...Tensor[]];
      const keptSteps: Iteration[] = [{ c: undefined, s: firstS, v: firstV }];
      for (let at = 0; at < later.length; at += 3) {
        const [c, s, v] = later.slice(at, at + 3) as [Tensor, Tensor, Tensor];
        keptSteps.push({ c, s, v });
      }
      return routeGradient(dv.reshape([n, j, 1, k]), kept, keptSteps, variant);
    };
    return { value: last.v.reshape([n, j, k]), gradFunc };
  });
  const v = apply(uHat) as Tensor3D;
  // Kept over the end of the operation; the copy belongs to the caller's tidy, like any other tensor.
  const kept = couplings as unknown as Tensor3D;
  const copy = kept.clone();
  kept.dispose();
  return { v, couplings: copy };
}

/** dv [n, j, 1, k] of the last iteration to duHat [n, j, i, k], from the last iteration to the first. */
function routeGradient(dv: Tensor, uHat: Tensor4D, steps: readonly Iteration[], variant: CapsuleVariant): Tensor {
  const [n, j, i] = uHat.shape;
  // duHat is a sum of outer products over i and k: columns [n, j, i, 1] times rows [n, j, 1, k], multiplied at once.
  const columns: Tensor[] = [];
  const rows: Tensor[] = [];
  let dvNow = dv;
  let dbLater: Tensor | undefined; // of the logits of the iteration after
  for (let at = steps.length - 1; at >= 0; at--) {
    const { c, s, v } = steps[at] as Iteration;
    if (at < steps.length - 1) {
      const da = dbLater as Tensor; // the logits are, or include, this iteration's agreement
      columns.push(da.reshape([n, j, i, 1]));
      rows.push(v);
      dvNow = tf.matMul(da.reshape([n, j, 1, i]), uHat);
    }
    const ds = squashGradient(s, dvNow, variant); // [n, j, 1, k]
    columns.push(c ? c.reshape([n, j, i, 1]) : tf.fill([n, j, i, 1], 1 / j));
    rows.push(ds);
    if (c === undefined) break;
    const dc = tf.matMul(uHat, ds, false, true).reshape([n, j, i]);
    const weighted = dc.mul(c);
    const db = weighted.sub(c.mul(weighted.sum(1, true)));
    dbLater = variant === "sabour" && dbLater ? db.add(dbLater) : db;
  }
  return tf.matMul(tf.concat(columns, 3), tf.concat(rows, 2));
}

/** Couplings of each input capsule with the outputs: softmax of b [n, j, i] over j. */
function softmaxOverOutputs(b: Tensor): Tensor {
  return tf.softmax(b.transpose([0, 2, 1])).transpose([0, 2, 1]);
}
