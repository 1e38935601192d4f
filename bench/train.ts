// A training step of the compact preset against Python TensorFlow 2.18.1 with tf.function: same weights, same batch.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { marginLoss } from "../model/capsule/margin-loss.ts";
import { createNetwork } from "../model/network.ts";
import { createOptimiser } from "../model/optimisers.ts";
import { tf } from "../model/tensorflow.ts";
import type { BenchResult } from "./result.ts";

const execute = promisify(execFile);
const scans = 8;
const slices = 12;
const side = 64;
const steps = 20;

interface Reference {
  readonly lengths: number[];
  readonly loss: number;
  readonly gradientNorms: Record<string, number>;
  readonly stepMs: number;
  readonly inferMs: number;
  readonly peakBytes: number;
}

export async function run({ json }: { json: boolean }): Promise<BenchResult> {
  const network = createNetwork(
    {
      preset: "compact",
      input: { slices, height: side, width: side, channels: 1 },
      routing: { iterations: 3, variant: "sabour" },
      normalisation: "none",
      reconstruction: false,
    },
    1,
  );
  const peer = await reference(network.getWeights());
  const size = scans * slices * side * side;
  const pixels = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1009) / 1009);
  const x = tf.tensor5d(pixels, [scans, slices, side, side, 1]);
  const targets = tf.tensor2d(Array.from({ length: scans }, (_, i) => (i % 2 ? [0, 1] : [1, 0])));
  const infer = () => tf.tidy(() => network.forward(x, { training: false }).lengths.dataSync());
  const trainable = [...network.variables.values()];
  const optimiser = createOptimiser({ name: "sgd", learningRate: 1e-6, momentum: 0, nesterov: false }, 1e-6);
  const gradients = () =>
    tf.variableGrads(() => marginLoss(network.forward(x, { training: true }).lengths, targets), trainable);
  const error = tf.tidy(() => {
    const { value, grads } = gradients();
    const relative = (ours: number, theirs: number) => Math.abs(ours - theirs) / Math.max(Math.abs(theirs), 1e-3);
    return Math.max(
      relative(value.dataSync()[0] as number, peer.loss),
      ...Array.from(infer(), (length, i) => relative(length, peer.lengths[i] as number)),
      ...[...network.variables].map(([name, variable]) =>
        relative(grads[variable.name]?.norm().dataSync()[0] as number, peer.gradientNorms[name] as number),
      ),
    );
  });
  const inferMs = median(infer);
  const stepMs = median(() =>
    tf.tidy(() => {
      const { value, grads } = gradients();
      optimiser.step(network.variables, grads);
      return value.dataSync();
    }),
  );
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  optimiser.dispose();
  network.dispose();
  x.dispose();
  targets.dispose();
  if (!json) {
    console.error(`inference: ours ${inferMs.toFixed(1)} ms, Python ${peer.inferMs.toFixed(1)} ms`);
    console.error(`largest relative difference of lengths, loss and gradients: ${error.toExponential(1)}`);
  }
  return {
    name: "train",
    unit: "seconds",
    ours: stepMs / 1e3,
    peer: peer.stepMs / 1e3,
    peerName: "Python TensorFlow 2.18.1",
    ratio: stepMs / peer.stepMs,
    memoryRatio: peakBytes / peer.peakBytes,
  };
}

function median(work: () => unknown): number {
  work();
  const taken = Array.from({ length: steps }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  return taken[steps / 2] as number;
}

/** Runs the Python reference, in an environment of the user's cache that the first run makes. */
async function reference(weights: Uint8Array): Promise<Reference> {
  const here = (path: string) => fileURLToPath(new URL(`../test/model/reference/${path}`, import.meta.url));
  const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const cache = process.env["CONSILIUM_CACHE"] ?? join(base, "consilium");
  const environment = join(cache, "bench-tensorflow-2.18.1");
  await mkdir(cache, { recursive: true });
  if (!existsSync(join(environment, "bin/python"))) await execute("python3", ["-m", "venv", environment]);
  await execute(join(environment, "bin/pip"), ["install", "-q", "-r", here("requirements.txt")]);
  const scratch = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  try {
    const file = join(scratch, "weights.safetensors");
    await writeFile(file, weights);
    const args = [here("compact.py"), file, scans, slices, side, steps].map(String);
    const { stdout } = await execute(join(environment, "bin/python"), args);
    return JSON.parse(stdout) as Reference;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
