// Studies an aggregation rule of one's own, beside FedAvg, with updates as a federation has them: clipped, rounded to
// integers, verified, and averaged exactly. Here: the mean of each coordinate's middle values, and one hostile hospital.
//   node own-strategy.ts
// A federation cannot train by such a rule: its hospitals and auditors compute the rules that a plan can name. CONTRIBUTING.md
// says how a rule becomes one of these.
import * as protocol from "consilium/protocol";

const interquartileMean: protocol.AggregationRule = {
  name: "interquartile-mean",
  requiredUpdates: () => 4,
  combine(columns, mean) {
    const cut = Math.floor(columns.length / 4);
    for (let at = 0; at < mean.length; at++) {
      const middle = columns
        .map((column) => Number(column[at]))
        .sort((a, b) => a - b)
        .slice(cut, columns.length - cut);
      mean[at] = middle.reduce((sum, value) => sum + value, 0) / middle.length; // integers: the same in any order
    }
  },
};

const truth = [0.5, -1, 2];
const plan = {
  seed: 7,
  sampleCap: 100,
  update: { type: "I32", clipNorm: 64, topFraction: 1, localTensors: [] as string[] },
  strategy: { name: "fedavg", maxSharePermille: 1000, maxStaleness: 0 },
} as const satisfies Partial<protocol.Plan>;

const modelOf = (weights: readonly number[]): Uint8Array =>
  protocol.encodeSafetensors([{ name: "w", dtype: "F32", shape: [weights.length], data: Float32Array.from(weights) }]);
const weightsOf = (model: Uint8Array) => [...protocol.decodeSafetensors(model).tensors[0]!.data].map(Number);

/** Half of the way to what the hospital's own data say; hospital 0 goes away from it, ten times as far. */
const train = (weights: readonly number[], hospital: number): number[] =>
  weights.map((value, i) => value + (hospital === 0 ? -5 : 0.5) * (truth[i]! + 0.01 * (hospital - 3) - value));

async function learn(rule: protocol.AggregationRule | undefined, rounds: number): Promise<number> {
  let base = modelOf([0, 0, 0]);
  for (let round = 1; round <= rounds; round++) {
    const header = protocol.parseSafetensorsHeader(base, base.byteLength);
    const updates: protocol.IncludedUpdate[] = [];
    for (let index = 0; index < 6; index++) {
      const hospital = protocol.parseAddress(`0x${String(index).padStart(40, "0")}`);
      const local = modelOf(train(weightsOf(base), index));
      const { update } = protocol.makeUpdate({ base, local, residual: undefined, plan, round, hospital });
      const source = protocol.memorySource(update);
      await protocol.verifyUpdate(source, { base: header, plan });
      updates.push({ index, sampleCount: 20, age: 0, source });
    }
    const input = { plan, base: protocol.memorySource(base), updates, memberCount: 6, rule };
    base = (await protocol.aggregateToBytes(input)).model;
  }
  return Math.hypot(...weightsOf(base).map((value, i) => value - truth[i]!));
}

for (const rule of [undefined, interquartileMean])
  console.log(`${rule?.name ?? "fedavg"}: ${(await learn(rule, 12)).toFixed(3)} from the truth after 12 rounds`);
