// Bugs about coins, noise and the privacy budget to plant in honest parties, or in the contract. The simulator must find every
// one (test/e2e/private-simulation.e2e.ts).
import { integersOf } from "../../node/private-input.ts";
import type { Mutant } from "./mutants.ts";
import type { Tamper } from "./site.ts";

/** Finds no coins on its disk after a restart, and draws others. */
const forgettingCoins: Tamper = ({ secrets }) => ({
  secrets: {
    read: async (name) => (name.startsWith("coins/") ? undefined : secrets.read(name)),
    write: (name, bytes) => secrets.write(name, bytes),
    erase: (name) => secrets.erase(name),
    names: () => secrets.names(),
  },
});

/** Adds noise that does not follow from the round's secret. */
const noisingAnew: Tamper = ({ makeMasked, randomSecret }) => ({
  makeMasked: (input) => {
    const fresh = randomSecret();
    const noisy = integersOf(input.trained).map((value, index) => value + (fresh[index % fresh.length]! & 1));
    return makeMasked!({ ...input, trained: new Uint8Array(noisy.buffer) });
  },
});

/** Adds a tenth of the noise. */
const sparingNoise: Tamper = ({ makeMasked }) => ({
  makeMasked: (input) => {
    const { noise } = input.sums;
    const variance = noise && { ...noise.variance, denominator: 100n * noise.variance.denominator };
    return makeMasked!({ ...input, sums: { ...input.sums, noise: noise && { ...noise, variance: variance! } } });
  },
});

/** Never sees a seal charged. */
const ignoringBudget: Tamper = ({ ledger }) => ({
  ledger: {
    ...ledger,
    privateSums: async (waiting) => {
      const found = await ledger.privateSums(waiting);
      return found && { ...found, seals: 0 };
    },
  },
});

export const noiseMutants: readonly Mutant[] = [
  {
    name: "draws the coins of its patients again after a restart",
    isNoisy: true,
    rules: ["coins-redrawn"],
    hospital: forgettingCoins,
    faults: { crashPerCall: 0.003 },
  },
  {
    name: "draws noise again after a restart",
    isNoisy: true,
    rules: ["masked-twice"],
    hospital: noisingAnew,
    // A hospital must be killed between masking and signing, and restart in time: with relayed hospitals rounds are longer.
    faults: { crashPerCall: 0.002, crashPerSecond: 0, loss: 0, relayed: 1, maxSeals: 1000, faultFreeAfter: 300 },
  },
  {
    name: "adds a tenth of the noise",
    isNoisy: true,
    rules: ["sum-spoilt"],
    hospital: sparingNoise,
  },
  {
    name: "opens rounds beyond the privacy budget",
    isNoisy: true,
    rules: ["opened-beyond-budget"],
    hospital: ignoringBudget,
    aggregator: ignoringBudget,
    faults: { maxSeals: 1 },
  },
  {
    name: "trusts a contract that charges no seal",
    isNoisy: true,
    rules: ["budget-exceeded"],
    isUncharged: true,
    faults: { maxSeals: 1 },
  },
];
