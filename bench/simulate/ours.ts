// Our side of the simulation benchmark: hospitals that return the model as they got it, but for a small shift.
//   node ours.ts HOSPITALS ROUNDS PARAMETERS DIR
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import { encodeSafetensors } from "../../protocol/format/safetensors.ts";
import { runFederation } from "./run-federation.ts";

const [hospitals, rounds, parameters, dir] = process.argv.slice(2) as [string, string, string, string];
const zeros = new Float32Array(Number(parameters));
const genesis = encodeSafetensors([{ name: "w", dtype: "F32", shape: [zeros.length], data: zeros }]);
const plan = { ...defaultPlan({ rounds: Number(rounds) }), minUpdates: Number(hospitals) };

/** Each hospital with a different update: equal ones would be one object, transferred once. */
function shift(weights: Float32Array, seed: number): void {
  const by = 1e-4 * (1 + (seed % 1000) / 1000);
  for (let i = 0; i < weights.length; i++) weights[i]! += by;
}

const measured = await runFederation({ hospitals: Number(hospitals), dir, plan, genesis }, shift);
console.log(JSON.stringify(measured));
process.exit(0);
