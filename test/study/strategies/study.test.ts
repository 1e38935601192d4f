// The study's own arithmetic and sentences, and both of its federations at sizes that take a second.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { Command } from "commander";
import { meanInterval } from "../../../foundation/statistics/mean-interval.ts";
import { strategySpecSchema } from "../../../protocol/strategy/strategy-spec.ts";
import { strategiesCommand } from "../../../scripts/strategies.ts";
import { markdownTable } from "../../../scripts/terminal/table.ts";
import { type Setup, setups } from "../../../study/strategies/setups.ts";
import { attackTable, verdicts } from "../../../study/strategies/show-study.ts";
import { type AttackCell, runStudy, type Study } from "../../../study/strategies/study.ts";

async function run(setup: Setup, seeds: readonly number[], withFormats = false): Promise<Study> {
  const work = runStudy(setup, seeds, { withFormats });
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
    expect(step.value.done).to.be.below(step.value.total);
  }
}

describe("the sentences about attacks", () => {
  const cell = (rule: AttackCell["rule"], attack: AttackCell["attack"], calm: number[], attacked: number[]) => ({
    ...{ rule, attack, bySeed: attacked, auc: meanInterval(attacked) },
    balancedAccuracy: meanInterval(attacked),
    change: meanInterval(attacked.map((value, seed) => value - calm[seed]!)),
  });
  const calm = [0.96, 0.97, 0.98];

  it("call broken, weakened, undecided and unharmed what the intervals say", () => {
    const [broken, weakened, undecided, unharmed] = verdicts([
      cell("fedavg", "scale", calm, [0.5, 0.51, 0.49]),
      cell("fedavgm", "scale", calm, [0.81, 0.82, 0.84]),
      cell("median", "scale", calm, [0.95, 0.6, 0.97]),
      cell("krum", "scale", calm, [0.95, 0.97, 0.97]),
      cell("krum", "none", calm, calm),
    ]);
    expect(broken).to.match(/^Broken.*: fedavg \(scale\)\.$/);
    expect(weakened).to.match(/^Weakened.*: fedavgm \(scale\)\.$/);
    expect(undecided).to.match(/^Undecided.*: median \(scale\)\.$/);
    expect(unharmed).to.match(/: krum\.$/);
  });

  it("say nothing by one seed", () => {
    expect(verdicts([cell("fedavg", "scale", [0.9], [0.5])])).to.deep.equal([]);
  });
});

describe("the study of private sums under attack", () => {
  it("loses a plain sum to one hostile hospital, and keeps the median of three buckets", async () => {
    const quick: Setup = {
      ...setups.buckets,
      scansPerHospital: 4,
      testScans: 40,
      rounds: 10,
      attacks: ["none", "scale"],
    };
    const { attacks } = await run(quick, [1]);
    const [plain, attacked, buckets, defended] = attacks.map(({ balancedAccuracy }) => balancedAccuracy.value);
    expect(Math.min(plain!, buckets!, defended!)).to.be.above(0.8);
    expect(attacked).to.be.below(0.7);
  });
});

describe("the study of rules under attack", () => {
  it("gives each rule as many hospitals as its precondition wants", () => {
    for (const { rules, hospitals, attackers } of Object.values(setups)) {
      for (const rule of rules) {
        strategySpecSchema.parse(rule);
        if ("byzantine" in rule) expect(rule.byzantine).to.equal(attackers);
        const needed = { bulyan: 4 * attackers + 3, krum: 2 * attackers + 3, "multi-krum": 2 * attackers + 3 };
        expect(hospitals, rule.name).to.be.at.least(needed[rule.name as keyof typeof needed] ?? 2 * attackers + 1);
      }
    }
  });

  it("measures every rule and attack at every seed, and compares formats, the same again for the same seeds", async () => {
    const small: Setup = {
      ...setups.histograms,
      ...{ hospitals: 5, attackers: 1, scansPerHospital: 2, testScans: 6, rounds: 1 },
      rules: setups.histograms.rules.filter(({ name }) => name === "fedavg" || name === "median"),
      attacks: ["none", "inner product"],
    };
    const study = await run(small, [1, 2], true);
    expect(study.attacks.map(({ rule, attack, bySeed }) => [rule, attack, bySeed.length])).to.deep.equal([
      ["fedavg", "none", 2],
      ["fedavg", "inner product", 2],
      ["median", "none", 2],
      ["median", "inner product", 2],
    ]);
    expect(study.attacks.find(({ attack }) => attack === "none")?.change.value).to.equal(0);
    const [floats, , , eight] = study.formats;
    expect([floats?.format, floats?.ofFloat32, eight?.format]).to.deep.equal(["float32", 1, "I8"]);
    expect(eight?.bytes).to.be.below(floats?.bytes as number);
    expect(await run(small, [1, 2], true)).to.deep.equal(study);
    const page = markdownTable(...attackTable(small, study.attacks));
    expect(page.split("\n")).to.have.length(4);
    expect(page).to.match(/^\| rule \| none \| inner product \|\n\|---\|---\|---\|\n\| fedavg \| \d+\.\d ± \d+\.\d \|/);
  });

  it("trains the capsules as hospitals do, under attack", async () => {
    const small: Setup = {
      ...setups.capsules,
      ...{ hospitals: 3, attackers: 1, scansPerHospital: 2, validationScans: 4, testScans: 4, rounds: 1 },
      rules: setups.capsules.rules.filter(({ name }) => name === "median"),
      attacks: ["scale"],
    };
    const study = await run(small, [1]);
    expect(study.parameters).to.equal(18_180);
    expect(study.attacks[0]?.bySeed[0]).to.be.within(0, 1);
  });
});

describe("consilium strategies", () => {
  const run = (...args: string[]) => {
    const program = new Command("consilium").exitOverride();
    strategiesCommand(program);
    return program.parseAsync(["strategies", ...args], { from: "user" });
  };
  const codeOf = (...args: string[]) =>
    run(...args).then(
      () => undefined,
      ({ code, facts }: { code: string; facts: object }) => ({ code, ...facts }),
    );

  it("says which option is wrong, and what there is to choose from", async () => {
    const found = await codeOf("--attacks", "none,bribery");
    expect(found).to.deep.include({ code: "OPTION_INVALID", option: "--attacks" });
    expect(found).to.have.property("why").that.includes("little-is-enough");
    expect(await codeOf("--rules", "mean")).to.deep.include({ code: "OPTION_INVALID", option: "--rules" });
    expect(await codeOf("--seeds", "0")).to.deep.include({ code: "OPTION_INVALID", option: "--seeds" });
  });

  it("refuses a rule whose precondition its hospitals do not meet", async () => {
    const args = ["--network", "capsules", "--rules", "bulyan", "--attacks", "none", "--seeds", "1", "--rounds", "1"];
    expect(await codeOf(...args)).to.deep.include({ code: "STRATEGY_TOO_FEW_UPDATES", required: 11 });
  });

  const pageOf = (name: string) => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), "utf8");

  it("has made the tables of docs/aggregation.md and docs/privacy.md: the same rules, attacks and formats", () => {
    const pages = { plain: pageOf("aggregation"), buckets: pageOf("privacy") };
    for (const { rules, attacks, buckets } of Object.values(setups)) {
      const page = buckets === undefined ? pages.plain : pages.buckets;
      const [, table = ""] = page.split(`| ${["rule", ...attacks].join(" | ")} |\n`);
      const names = [...(table.split("\n\n")[0] as string).matchAll(/^\| ([a-z-]+) \|/gm)].map(([, name]) => name);
      expect(names).to.deep.equal(rules.map(({ name }) => name));
    }
  });
});
