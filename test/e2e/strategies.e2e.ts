// Every strategy that a plan may name, in a federation of real processes that trains for two rounds and is audited.
import { expect } from "chai";
import { decodeSafetensors } from "../../protocol/format/safetensors.ts";
import { strategyNames } from "../../protocol/strategy/registry.ts";
import { planFrom } from "../../scripts/plan/plan-from-choices.ts";
import type { PlanChoices } from "../../scripts/plan/plan-options.ts";
import { smallSpec, smallTraining } from "../model/small-scans.ts";
import { RealFederation } from "./real-federation.ts";

const hospitals = 3;
/** Parameters that three hospitals are enough for. */
const fewEnough: Readonly<Record<string, PlanChoices>> = {
  krum: { byzantine: 0 },
  "multi-krum": { byzantine: 0 },
  bulyan: { byzantine: 0 },
};

/** State that the server keeps of each tensor in the model's file. */
const states: Readonly<Record<string, readonly string[]>> = {
  fedavgm: ["momentum"],
  fedadam: ["first", "second"],
  fedyogi: ["first", "second"],
  fedadagrad: ["second"],
  scaffold: ["control"],
};

describe("a federation of processes", () => {
  for (const strategy of strategyNames) {
    it(`trains by ${strategy} for two rounds, and every model is derived again`, async () => {
      const { training, ...plan } = planFrom({ strategy, rounds: 2, sampleCap: 1000, ...fewEnough[strategy] });
      const federation = await RealFederation.found({
        hospitals,
        trains: true,
        // A round ends as soon as all have acted; periods this long also do on a busy machine.
        terms: { commitPeriod: 1800, proposePeriod: 300, attestPeriod: 300 },
        plan: { ...plan, model: smallSpec, training: { ...smallTraining, optimiser: training.optimiser } },
      });
      try {
        await federation.start();
        await federation.untilAdopted(2, { withinMs: 800_000 });
        const { verdict, counts } = await federation.audit();
        expect(verdict).to.equal("verified");
        expect(counts).to.include({ models: 2, updates: 2 * hospitals });
        const [first, last] = await federation.modelFiles();
        const names = decodeSafetensors(last!).tensors.map(({ name }) => name);
        const kept = new Set(names.filter((name) => name.startsWith("server/")).map((name) => name.split("/")[1]));
        expect([...kept].sort()).to.deep.equal(states[strategy] ?? []);
        expect(Buffer.compare(first!, last!)).not.to.equal(0);
      } finally {
        await federation.stop();
      }
    });
  }
});
