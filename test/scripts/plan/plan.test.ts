import { expect } from "chai";
import { Command } from "commander";
import { software } from "../../../foundation/version.ts";
import { canonicalBytes } from "../../../protocol/format/canonical.ts";
import { defaultPlan } from "../../../protocol/format/default-plan.ts";
import { encodePlan, type Plan } from "../../../protocol/format/plan.ts";
import { epsilonOf } from "../../../protocol/private/accountant.ts";
import { planFaults } from "../../../protocol/strategy/plan-faults.ts";
import { strategyNames } from "../../../protocol/strategy/registry.ts";
import { checkPlan } from "../../../scripts/plan/check-plan.ts";
import { explainPlan } from "../../../scripts/plan/explain-plan.ts";
import { planFrom } from "../../../scripts/plan/plan-from-choices.ts";
import { planArguments, planChoicesSchema, withPlanOptions } from "../../../scripts/plan/plan-options.ts";

const codeOf = (work: () => unknown) => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

/** The plan that the command line makes of such arguments. */
function planOf(args: readonly string[]): Plan {
  const command = withPlanOptions(new Command().exitOverride().option("--seed <n>"));
  return planFrom(planChoicesSchema.parse(command.parse(args, { from: "user" }).opts()));
}

/** Every field of a plan but its version, software and the name of the split, each other than the default. */
const everyField: Plan = {
  ...defaultPlan(),
  model: {
    preset: "iv3",
    input: { slices: 5, height: 80, width: 96, channels: 2 },
    routing: { iterations: 2, variant: "paper" },
    normalisation: "batch-local",
    reconstruction: true,
    mirror: true,
  },
  seed: 9,
  training: {
    localEpochs: 3,
    batchSize: 7,
    optimiser: { name: "sgd", learningRate: 0.02, momentum: 0.5, nesterov: true },
    schedule: "constant",
    classWeights: false,
    augmentation: false,
    proximalMu: 0.1,
  },
  update: { type: "I8", clipNorm: 3, topFraction: 0.5, localTensors: ["stem", "mixed"] },
  strategy: {
    ...({ name: "fedadam", maxSharePermille: 500, maxStaleness: 2 } as const),
    ...{ serverLearningRate: 0.1, beta1: 0.5, beta2: 0.6, tau: 0.01 },
  },
  ...{ sampleCap: 500, minUpdates: 3, rounds: 4, software },
  evaluation: { split: "by-patient-stratified", validation: 0.2, test: 0.3 },
};

describe("differential privacy of the command line", () => {
  it("finds the least noise for an epsilon over all sums, and trains as it must", () => {
    const plan = planOf(["--private", "--epsilon", "6", "--rounds", "40", "--sampling-rate", "0.2"]);
    const { patient, maxSeals, unitWeight } = plan.privacy!;
    expect([maxSeals, unitWeight, plan.sampleCap, plan.minUpdates]).to.deep.equal([50, 1, 1, 3]);
    expect(epsilonOf(patient!, 50, patient!.delta)).to.be.within(5.8, 6);
    expect(plan.training).to.deep.include({ localEpochs: 1, schedule: "constant", classWeights: false });
    expect(plan.training.optimiser).to.deep.equal({ name: "sgd", learningRate: 0.25, momentum: 0, nesterov: false });
    expect(planFaults(plan)).to.deep.equal([]);
    expect(planFrom({ delta: 1e-6 }, plan).privacy!.patient).to.deep.equal({ ...patient, delta: 1e-6 });
    expect(planOf(["--private", "--noise-multiplier", "2"]).privacy!.patient!.noiseMultiplier).to.equal(2);
    const text = explainPlan(plan).map(([topic, said]) => `${topic} ${said}`);
    expect(text.find((line) => line.startsWith("epsilon "))).to.match(
      /^epsilon epsilon 5\.\d\d at delta 0.00001 after 50 sums/,
    );
  });

  it("samples so many patients that the noise over their sum is less than with a smaller share", () => {
    const over = (...args: string[]) => {
      const { noiseMultiplier, samplingRate } = planOf(["--private", "--epsilon", "5", ...args]).privacy!.patient!;
      return noiseMultiplier / samplingRate;
    };
    expect(planOf(["--private", "--epsilon", "5"]).privacy!.patient!.samplingRate).to.equal(0.3);
    expect(over()).to.be.below(0.65 * over("--sampling-rate", "0.1"));
  });

  it("is refused with anything that follows from data without noise", () => {
    const args = ["--private", "--noise-multiplier", "2"];
    const conflicts = [
      ["--optimiser", "adam"],
      ["--local-epochs", "2"],
      ["--momentum", "0.9"],
      ["--schedule", "cosine"],
      ["--class-weights"],
      ["--normalisation", "batch-local"],
      ["--local-tensors", "stem"],
      ["--proximal-mu", "0.1"],
      ["--unit-weight", "16"],
      ["--sample-cap", "100"],
      ["--strategy", "fedadam"],
      ["--clip-norm", "0.01"],
      ["--integer-norm", "64", "--noise-multiplier", "0.5"],
    ];
    for (const more of conflicts) {
      expect(
        codeOf(() => planOf([...args, ...more])),
        more.join(" "),
      ).to.equal("PRIVATE_PLAN_CONFLICT");
    }
    const invalid = [
      ["--epsilon", "6"],
      ["--noise-multiplier", "0.01"],
      ["--sampling-rate", "0"],
      ["--delta", "0.5"],
      ["--integer-norm", "500"],
    ];
    for (const more of invalid)
      expect(
        codeOf(() => planOf([...args, ...more])),
        more.join(" "),
      ).to.equal("OPTION_INVALID");
    expect(codeOf(() => planOf(["--epsilon", "6"]))).to.equal("OPTION_INVALID");
    expect(codeOf(() => planOf(["--private", "--delta", "0.001"]))).to.equal("OPTION_INVALID");
    expect(codeOf(() => planOf(["--private", "--epsilon", "0.0001"]))).to.equal("OPTION_INVALID");
  });
});

describe("private sums of the command line", () => {
  const privacy = { mode: "sum", unitWeight: 128, largest: 2047, maxSeals: 16 };

  it("bring what goes with them: no bound of shares, three updates, a sum for each round and as many to spare", () => {
    const plan = planOf(["--private"]);
    expect(plan).to.deep.equal({
      ...planFrom({}),
      strategy: { name: "fedavg", maxSharePermille: 1000, maxStaleness: 0 },
      minUpdates: 3,
      privacy,
    });
    expect(planOf(["--private", "--rounds", "3"]).privacy!.maxSeals).to.equal(6);
    expect(planOf(["--private", "--update-type", "I8"]).privacy!.largest).to.equal(127);
    const chosen = ["--private", "--unit-weight", "64", "--largest", "500", "--max-seals", "9", "--min-updates", "5"];
    const { privacy: own, minUpdates } = planOf(chosen);
    expect(own).to.deep.equal({ mode: "sum", unitWeight: 64, largest: 500, maxSeals: 9 });
    expect(minUpdates).to.equal(5);
  });

  it("have buckets by --buckets, with a median over them and enough hospitals", () => {
    const plan = planOf(["--private", "--buckets", "3"]);
    expect(plan.privacy!.buckets).to.equal(3);
    expect(plan.strategy.name).to.equal("median");
    expect(plan.minUpdates).to.equal(9);
    expect(planFrom({ rounds: 4, maxSeals: 8 }, plan).strategy.name, "of a plan that has them").to.equal("median");
    const trimmed = planOf(["--private", "--buckets", "5", "--strategy", "trimmed-mean", "--byzantine", "2"]);
    expect(trimmed.strategy).to.deep.include({ name: "trimmed-mean", byzantine: 2 });
    expect(trimmed.minUpdates).to.equal(14);
    const lines = explainPlan(plan).map((line) => line.join(" "));
    expect(
      lines.some((line) => line.startsWith("buckets 3 groups are drawn of a round's hospitals, 12 or more")),
    ).to.equal(true);
  });

  it("refuse buckets without private sums, of too few hospitals, under another strategy, and with noise", () => {
    expect(codeOf(() => planOf(["--buckets", "3"]))).to.equal("OPTION_INVALID");
    expect(codeOf(() => planOf(["--private", "--buckets", "2"]))).to.equal("OPTION_INVALID");
    expect(codeOf(() => planOf(["--private", "--buckets", "3", "--min-updates", "5"]))).to.equal("BUCKETS_TOO_SMALL");
    expect(codeOf(() => planOf(["--private", "--buckets", "3", "--strategy", "fedavg"]))).to.equal(
      "PRIVATE_PLAN_CONFLICT",
    );
    expect(codeOf(() => planOf(["--private", "--buckets", "3", "--epsilon", "8"]))).to.equal("PRIVATE_PLAN_CONFLICT");
  });

  it("stay with a plan that has them, and leave it with --no-private", () => {
    const from = planOf(["--private"]);
    expect(planFrom({ seed: 9 }, from)).to.deep.equal({ ...from, seed: 9 });
    expect(planFrom({ maxSeals: 20 }, from).privacy).to.deep.equal({ ...privacy, maxSeals: 20 });
    expect("privacy" in planFrom({ private: false }, from)).to.equal(false);
  });

  it("are refused with what they do not go with, and their options without them", () => {
    expect(codeOf(() => planOf(["--private", "--strategy", "krum"]))).to.equal("STRATEGY_NEEDS_UPDATES");
    expect(codeOf(() => planOf(["--private", "--top-fraction", "0.1"]))).to.equal("STRATEGY_NEEDS_UPDATES");
    expect(codeOf(() => planOf(["--private", "--max-share-permille", "400"]))).to.equal("PRIVATE_PLAN_CONFLICT");
    expect(codeOf(() => planOf(["--private", "--min-updates", "2"]))).to.equal("PRIVATE_PLAN_CONFLICT");
    expect(codeOf(() => planOf(["--private", "--unit-weight", "100"]))).to.equal("OPTION_INVALID");
    expect(codeOf(() => planOf(["--max-seals", "9"]))).to.equal("OPTION_INVALID");
  });

  it("are said in words, with each reason of a refusal", () => {
    const plan = planOf(["--private"]);
    const text = explainPlan(plan).map(([topic, said]) => `${topic} ${said}`);
    expect(text.some((line) => line.startsWith("privacy private sums: only sums of updates are opened, 16"))).to.equal(
      true,
    );
    const bad = { ...plan, strategy: defaultPlan().strategy, reports: ["finalLoss"] };
    const { refusals } = checkPlan(canonicalBytes(bad));
    expect(refusals.map(({ code }) => code)).to.deep.equal(["PRIVATE_PLAN_CONFLICT", "PRIVATE_PLAN_CONFLICT"]);
    expect(refusals.every(({ why, remedy }) => why !== "" && remedy !== "")).to.equal(true);
  });
});

describe("a plan of the command line", () => {
  it("is the default plan where nothing is asked for", () => {
    expect(planFrom({})).to.deep.equal({ ...defaultPlan(), software });
    for (const preset of ["standard", "iv3"] as const) {
      const plan = planOf(["--preset", preset, "--rounds", "3"]);
      expect(plan).to.deep.equal({ ...defaultPlan({ preset, rounds: 3 }), software });
    }
  });

  it("has an option for every field", () => {
    const args = [
      ...["--preset", "iv3", "--slices", "5", "--height", "80", "--width", "96", "--channels", "2"],
      ...["--routing-iterations", "2", "--routing-variant", "paper", "--normalisation", "batch-local"],
      ...[
        "--reconstruction",
        "--mirror",
        "--seed",
        "9",
        "--local-epochs",
        "3",
        "--batch-size",
        "7",
        "--optimiser",
        "sgd",
      ],
      ...["--learning-rate", "0.02", "--momentum", "0.5", "--nesterov", "--schedule", "constant"],
      ...["--no-class-weights", "--no-augmentation", "--proximal-mu", "0.1", "--update-type", "I8"],
      ...["--clip-norm", "3", "--top-fraction", "0.5", "--local-tensors", "stem,mixed", "--strategy", "fedadam"],
      ...["--max-share-permille", "500", "--max-staleness", "2", "--server-learning-rate", "0.1"],
      ...["--beta1", "0.5", "--beta2", "0.6", "--tau", "0.01", "--sample-cap", "500", "--min-updates", "3"],
      ...["--rounds", "4", "--validation-share", "0.2", "--test-share", "0.3"],
    ];
    expect(planOf(args)).to.deep.equal(everyField);
  });

  it("reaches every strategy with its own parameters", () => {
    const own: Readonly<Record<string, readonly [flag: string, field: string]>> = {
      fedavgm: ["--server-momentum", "momentum"],
      fedadam: ["--beta1", "beta1"],
      fedyogi: ["--beta2", "beta2"],
      fedadagrad: ["--tau", "tau"],
      scaffold: ["--control-clip-norm", "controlClipNorm"],
      "trimmed-mean": ["--byzantine", "byzantine"],
      krum: ["--byzantine", "byzantine"],
      "multi-krum": ["--byzantine", "byzantine"],
      bulyan: ["--byzantine", "byzantine"],
      "geometric-median": ["--iterations", "iterations"],
    };
    for (const name of strategyNames) {
      const [flag, field] = own[name] ?? [];
      const value = flag === "--byzantine" || flag === "--iterations" ? 2 : 0.5;
      const { strategy } = planOf(["--strategy", name, ...(flag ? [flag, String(value)] : [])]);
      expect(strategy.name).to.equal(name);
      if (field) expect(strategy).to.have.property(field, value);
    }
  });

  it("comes out the same from the arguments that its choices become", () => {
    for (const args of [
      ["--strategy", "bulyan"],
      ["--reconstruction", "--mirror", "--no-augmentation", "--local-tensors", "a,b"],
    ]) {
      const command = withPlanOptions(new Command().exitOverride()).parse(args, { from: "user" });
      const again = planArguments(planChoicesSchema.parse(command.opts()));
      expect(planOf(again)).to.deep.equal(planOf(args));
    }
  });

  it("changes what is chosen of a plan to start from, and keeps the rest", () => {
    const plan = planFrom({ rounds: 9, beta1: 0.7, augmentation: true }, everyField);
    expect(plan).to.deep.equal({
      ...everyField,
      rounds: 9,
      training: { ...everyField.training, augmentation: true },
      strategy: { ...everyField.strategy, beta1: 0.7 },
    });
    // Another strategy has its own parameters and keeps those that all have.
    expect(planFrom({ strategy: "krum" }, { ...everyField, update: defaultPlan().update }).strategy).to.deep.equal({
      ...{ name: "krum", byzantine: 1, maxSharePermille: 500, maxStaleness: 2 },
    });
  });

  it("is refused where a parameter is not the strategy's, a value is out of range, or it could not run", () => {
    expect(codeOf(() => planFrom({ strategy: "median", beta1: 0.5 }))).to.equal("OPTION_INVALID");
    expect(codeOf(() => planFrom({ momentum: 0.5 }))).to.equal("OPTION_INVALID");
    expect(codeOf(() => planFrom({ batchSize: 0 }))).to.equal("OPTION_INVALID");
    expect(codeOf(() => planFrom({ seed: -1 }))).to.equal("OPTION_INVALID");
    expect(codeOf(() => planFrom({ strategy: "median", topFraction: 0.1 }))).to.equal("STRATEGY_NEEDS_DENSE");
    expect(codeOf(() => planFrom({ strategy: "scaffold", optimiser: "adam" }))).to.equal("STRATEGY_NEEDS_SGD");
  });
});

describe("consilium plan check", () => {
  const codes = (bytes: Uint8Array) => checkPlan(bytes).refusals.map(({ code }) => code);
  const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, undefined, 2));

  it("takes what `consilium plan` writes, and says something of every section", () => {
    for (const strategy of strategyNames) expect(codes(encodePlan(planFrom({ strategy })))).to.deep.equal([]);
    const topics = explainPlan(everyField).map(([topic]) => topic);
    expect(new Set(topics).size).to.equal(topics.length);
    expect(topics).to.include.members(["network", "training", "update", "local", "strategy", "late", "round", "seed"]);
  });

  it("names everything that is refused, not only the first of it", () => {
    const plan = defaultPlan();
    expect(codes(text({ ...plan, seed: -1, rounds: 0 }))).to.deep.equal(["PLAN_MALFORMED", "PLAN_MALFORMED"]);
    expect(codes(text({ ...plan, more: 1 }))).to.deep.equal(["PLAN_MALFORMED"]);
    expect(codes(text(plan))).to.deep.equal(["PLAN_NOT_CANONICAL"]);
    expect(codes(new TextEncoder().encode("{"))).to.deep.equal(["PLAN_MALFORMED"]);
    expect(codes(new Uint8Array(1 << 17))).to.deep.equal(["PLAN_TOO_LARGE"]);
    const strategy = { ...planFrom({ strategy: "scaffold" }).strategy };
    expect(codes(canonicalBytes({ ...plan, strategy }))).to.deep.equal(["STRATEGY_NEEDS_SGD"]);
  });
});
