// All presets against Python TensorFlow 2.18.1 under tf.function, on the same cores, for training or for inference.
import { pythonEnvironment } from "../python-environment.ts";
import type { BenchResult } from "../result.ts";
import { compare, requirements, type Work } from "./compare.ts";
import { compactSide, iv3Side, standardSide } from "./side.ts";

/** The headline is the preset with the worse ratio; all are printed. */
export async function benchPresets(name: string, kind: Work["kind"]): Promise<BenchResult> {
  const environment = await pythonEnvironment("tensorflow-2.18.1", requirements);
  const results: BenchResult[] = [];
  for (const [side, work] of [
    [compactSide, { kind, turns: 8, runsATurn: 10 }],
    [standardSide, { kind, turns: 8, runsATurn: 4 }],
    [iv3Side, { kind, turns: 5, runsATurn: 1 }],
  ] as const) {
    const { oursMs, peerMs, oursBytes, peerBytes, ...differences } = await compare(side, environment, work);
    const { preset, scans, slices, side: pixels, normalisation } = side;
    console.error(
      `${preset} (${scans} x ${slices} slices of ${pixels} x ${pixels}, normalisation ${normalisation}): ` +
        `ours ${oursMs.toFixed(1)} ms, Python ${peerMs.toFixed(1)} ms, ratio ${(oursMs / peerMs).toFixed(3)}, ` +
        `memory ${(oursBytes / peerBytes).toFixed(2)}`,
    );
    const words = Object.entries(differences).map(([what, value]) => `${what} ${value.toExponential(1)}`);
    console.error(`  largest relative difference: ${words.join(", ")}`);
    results.push({
      ...{ name, unit: "seconds", ours: oursMs / 1e3, peer: peerMs / 1e3 },
      ...{
        peerName: `Python TensorFlow 2.18.1 (${preset})`,
        ratio: oursMs / peerMs,
        memoryRatio: oursBytes / peerBytes,
      },
    });
  }
  return results.reduce((worst, each) => (each.ratio > worst.ratio ? each : worst));
}
