// `consilium strategies`: what each aggregation rule withstands, and what each update format costs, on synthetic scans.
import type { Command } from "commander";
import { z } from "zod";
import type { StrategySpec } from "../protocol/strategy/strategy-spec.ts";
import type { UpdateSpec } from "../protocol/update/update-spec.ts";
import { attackNames } from "./strategies/attackers.ts";
import { lungHistogram, type Scan } from "./strategies/lung-histograms.ts";
import { type Federation, type Outcome, runFederation, runInFloats } from "./strategies/run-federation.ts";
import { parameters } from "./strategies/small-network.ts";
import { progressBar } from "./terminal/progress.ts";
import { table } from "./terminal/table.ts";

const hospitals = 11;
const attackers = 2;
const scansPerHospital = 12;
const testScans = 120;
/** Of an update: honest ones are 0.05 to 0.4 long, so this bound is generous, and it is the rules that are compared. */
const clipNorm = 2;

const common = { maxSharePermille: 1000, maxStaleness: 0 } as const;
const adaptive = { serverLearningRate: 0.02, beta1: 0.9, beta2: 0.99, tau: 0.001 } as const;
const rules: readonly StrategySpec[] = [
  { name: "fedavg", ...common },
  { name: "fedavgm", ...common, serverLearningRate: 1, momentum: 0.5 },
  { name: "fedadam", ...common, ...adaptive },
  { name: "fedyogi", ...common, ...adaptive },
  { name: "fedadagrad", ...common, serverLearningRate: 0.02, tau: 0.001 },
  { name: "median", ...common },
  { name: "trimmed-mean", ...common, byzantine: attackers },
  { name: "krum", ...common, byzantine: attackers },
  { name: "multi-krum", ...common, byzantine: attackers },
  { name: "bulyan", ...common, byzantine: attackers },
  { name: "geometric-median", ...common, iterations: 20 },
];

const formats: readonly (Pick<UpdateSpec, "type" | "topFraction"> & { readonly name: string })[] = [
  { name: "I32", type: "I32", topFraction: 1 },
  { name: "I16", type: "I16", topFraction: 1 },
  { name: "I8", type: "I8", topFraction: 1 },
  { name: "I16, largest tenth", type: "I16", topFraction: 0.1 },
  { name: "I8, largest tenth", type: "I8", topFraction: 0.1 },
  { name: "I8, largest hundredth", type: "I8", topFraction: 0.01 },
];

const optionsSchema = z.object({
  seed: z.coerce.number().int().min(0),
  rounds: z.coerce.number().int().min(1).max(1000),
  json: z.boolean().default(false),
});

/** Adds the command to the program. */
export function strategiesCommand(program: Command): void {
  program
    .command("strategies")
    .description("Compare aggregation rules under attack, and update formats by size, on synthetic scans.")
    .option("--seed <n>", "of the scans, the network and the attackers", "1")
    .option("--rounds <n>", "rounds of each federation", "20")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExamples:\n  consilium strategies\n  consilium strategies --seed 3 --rounds 40 --json")
    .action(async (raw: unknown) => {
      const options = optionsSchema.parse(raw);
      const study = await runStudy(options);
      if (options.json) console.log(JSON.stringify(study));
      else tell(study);
    });
}

interface Study {
  readonly attacks: readonly { readonly rule: string; readonly attack: string; readonly outcome: Outcome }[];
  readonly formats: readonly { readonly format: string; readonly outcome: Outcome }[];
}

async function runStudy({ seed, rounds }: { seed: number; rounds: number }): Promise<Study> {
  const bar = progressBar("strategies");
  const scans: Scan[] = [];
  const wanted = hospitals * scansPerHospital + testScans;
  while (scans.length < wanted) {
    scans.push(lungHistogram(seed, scans.length));
    bar.update(scans.length, wanted, "scans");
    await new Promise(setImmediate);
  }
  const test = scans.slice(-testScans);
  const shards = Array.from({ length: hospitals }, (_, index) =>
    scans.slice(index * scansPerHospital, (index + 1) * scansPerHospital),
  );
  const [mean] = rules as readonly [StrategySpec];
  const usual: Federation = {
    ...{ shards, attackers: 0, attack: "none", strategy: mean, rounds, localEpochs: 2, seed },
    update: { type: "I16", clipNorm, topFraction: 1, localTensors: [] },
  };
  const attacks = [];
  const runs = rules.flatMap((strategy) => attackNames.map((attack) => ({ strategy, attack })));
  for (const [done, { strategy, attack }] of runs.entries()) {
    bar.update(done, runs.length, `${strategy.name}, ${attack}`);
    const outcome = await runFederation({ ...usual, strategy, attack, attackers }, test);
    attacks.push({ rule: strategy.name, attack, outcome });
  }
  const floats = { ...runInFloats(usual, test), updateBytes: 4 * parameters };
  const compared: { format: string; outcome: Outcome }[] = [{ format: "float32", outcome: floats }];
  for (const { name, ...format } of formats) {
    const outcome = await runFederation({ ...usual, update: { ...usual.update, ...format } }, test);
    compared.push({ format: name, outcome });
  }
  bar.stop();
  return { attacks, formats: compared };
}

function tell({ attacks, formats }: Study): void {
  const percent = (share: number) => (100 * share).toFixed(1);
  console.log(`Balanced accuracy, %, with ${attackers} of ${hospitals} hospitals hostile (chance is 50)`);
  const rows = rules.map(({ name }) => [
    name,
    ...attackNames.map((attack) => {
      const found = attacks.find((each) => each.rule === name && each.attack === attack);
      return percent(found?.outcome.balancedAccuracy.value ?? Number.NaN);
    }),
  ]);
  console.log(table(["rule", ...attackNames], rows));
  console.log(`\nUpdate formats, ${parameters.toLocaleString("en")} parameters, nobody hostile`);
  const sizes = formats.map(({ format, outcome: { updateBytes, balancedAccuracy, auc } }) => [
    format,
    updateBytes.toLocaleString("en"),
    (updateBytes / (4 * parameters)).toFixed(3),
    percent(balancedAccuracy.value),
    `${percent(balancedAccuracy.low)}–${percent(balancedAccuracy.high)}`,
    auc.value.toFixed(3),
  ]);
  console.log(table(["format", "bytes", "of float32", "balanced %", "95 %", "AUC"], sizes));
}
