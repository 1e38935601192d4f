// Our side of the whole private round: ten hospitals that add one array to the model, under a plan with private sums.
//   node ours.ts INPUT STEP HOSPITALS ROUNDS DIR
import { readFileSync } from "node:fs";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { encodeSafetensors } from "../../protocol/format/safetensors.ts";
import { runFederation } from "../simulate/run-federation.ts";

const [file, step, hospitals, rounds, dir] = process.argv.slice(2) as [string, string, string, string, string];
const delta = Float32Array.from(
  new Int32Array(new Uint8Array(readFileSync(file)).buffer),
  (value) => value * Number(step),
);
const zeros = new Float32Array(delta.length);
const genesis = encodeSafetensors([{ name: "w", dtype: "F32", shape: [zeros.length], data: zeros }]);
const ordinary = defaultPlan({ rounds: Number(rounds) });
const plan: Plan = {
  ...ordinary,
  minUpdates: Number(hospitals),
  update: { ...ordinary.update, type: "I16", clipNorm: 512 },
  strategy: { ...ordinary.strategy, maxSharePermille: 1000, maxStaleness: 0 },
  privacy: { mode: "sum", unitWeight: 8, largest: 2047, maxSeals: Number(rounds) },
};

const measured = await runFederation({ hospitals: Number(hospitals), dir, plan, genesis }, (weights) => {
  for (let i = 0; i < weights.length; i++) weights[i]! += delta[i]!;
});
console.log(JSON.stringify(measured));
process.exit(0);
