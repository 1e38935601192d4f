import { mkdtemp, readFile, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { epsilonOf } from "../../../protocol/private/accountant.ts";
import { noiseOf } from "../../../protocol/private/patient-noise.ts";
import { powerOfTwo } from "../../../protocol/update/power-of-two.ts";
import { updateLayout } from "../../../protocol/update/update-layout.ts";
import { planFrom } from "../../../scripts/plan/plan-from-choices.ts";
import { privacyCommand } from "../../../scripts/privacy.ts";
import { histogramPatients } from "../../../study/privacy/histogram-patients.ts";
import { runNoisy } from "../../../study/privacy/noisy-federation.ts";
import { populationOf } from "../../../study/privacy/population.ts";
import { privacyNetworks } from "../../../study/privacy/privacy-networks.ts";
import type { PrivacyCell } from "../../../study/privacy/privacy-study.ts";
import { privacySentences } from "../../../study/privacy/show-privacy.ts";
import { densityHistogram, type Scan } from "../../../study/strategies/lung-histograms.ts";
import {
  addGradient,
  initialWeights,
  learningRate,
  parameters,
  train,
} from "../../../study/strategies/small-network.ts";
import { weightsOf } from "../../../study/strategies/weight-vector.ts";
import { printedBy } from "../../scripts/printed-by.ts";

const signal = 0.15;
const patients = 12;
let folder: string;
let scans: Scan[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "consilium-privacy-study-"));
  const drawn = await populationOf({ seed: 1, patients, signal, folder });
  scans = drawn.map((patient) => ({ label: patient.label, input: densityHistogram(patient) }));
});
after(() => rm(folder, { recursive: true }));

const run = (...args: string[]) => printedBy(privacyCommand, ["privacy", "measure", ...args, "--scans", folder]);

describe("the population of the study of privacy", () => {
  it("is read from its folder as it was drawn, and draws again what a kill cut short", async () => {
    const of = async (count: number, from?: string) => {
      let drawn = 0;
      const found = await populationOf({ seed: 1, patients: count, signal, folder: from }, () => drawn++);
      return { found, drawn };
    };
    const fresh = await of(3);
    const kept = await of(3, folder);
    expect([fresh.drawn, kept.drawn]).to.deep.equal([3, 0]);
    expect(kept.found).to.deep.equal(fresh.found);
    expect(kept.found.map(({ label }) => label)).to.deep.equal([0, 1, 0]);
    const file = join(folder, `seed-1-signal-${signal}.scans`);
    const { size } = await stat(file);
    await truncate(file, size - 1);
    expect((await of(patients, folder)).drawn).to.equal(1);
    expect((await stat(file)).size).to.equal(size);
  });
});

describe("the steps of the study of privacy", () => {
  const hospitals = 4;
  const clip = 0.5;
  const plan = planFrom({
    ...{ private: true, noiseMultiplier: 2, samplingRate: 1, rounds: 1, learningRate: 1, batchSize: 4 },
    patientClipNorm: clip / 4,
  });
  const shards = () => [0, 1, 2, 3].map((place) => scans.slice(3 * place, 3 * place + 3));
  const modelOf = async (isNoisy: boolean) =>
    weightsOf(await runNoisy(histogramPatients(shards(), 1), plan, { seed: 1, isNoisy }));

  it("have the gradient by which the small network trains", () => {
    const start = initialWeights(1);
    const trained = train(start, scans.slice(0, 1), { epochs: 1 });
    const change = new Float64Array(parameters);
    addGradient(start, scans[0]!, -learningRate, change);
    for (const [place, value] of trained.entries()) expect(value - start[place]!).to.be.closeTo(change[place]!, 1e-6);
    expect(Math.max(...change.map(Math.abs))).to.be.above(0.01);
  });

  it("move the model by the patients' clipped gradients, and with noise by as much noise as the plan says", async () => {
    const start = initialWeights(1);
    const expected = Float64Array.from(start);
    for (const scan of scans) {
      const gradient = new Float64Array(parameters);
      addGradient(start, scan, 1, gradient);
      const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
      for (let i = 0; i < parameters; i++)
        expected[i] = expected[i]! - (Math.min(1, clip / norm) * gradient[i]!) / (4 * hospitals);
    }
    const genesis = histogramPatients(shards(), 1).genesis();
    const { segments } = updateLayout(parseSafetensorsHeader(genesis, genesis.byteLength), plan);
    const step = powerOfTwo(segments[0]!.exponent) / hospitals;
    const [exact, noisy] = [await modelOf(false), await modelOf(true)];
    // Each of twelve parts is rounded to a neighbour.
    for (const [place, value] of exact.entries()) expect(value).to.be.closeTo(expected[place]!, 12 * step);
    const squares = noisy.reduce((sum, value, place) => sum + ((value - exact[place]!) / step) ** 2, 0);
    const { stdDev } = noiseOf(plan.privacy!.patient!, hospitals);
    expect(Math.sqrt(squares / parameters) / (stdDev * Math.sqrt(hospitals))).to.be.within(0.93, 1.07);
  });
});

describe("consilium privacy measure", function () {
  this.timeout(60_000);
  const small = ["--patients", "8", "--hospitals", "4", "--test-patients", "4", "--rounds", "2", "--epsilons", "8,2"];

  it("measures every training of every seed, with the epsilon that its rounds cost, the same again", async () => {
    const text = await run(...small, "--seeds", "1", "--json");
    const { setup, cells } = JSON.parse(text) as { setup: { steps: object }; cells: PrivacyCell[] };
    const trainings = cells.map(({ training }) => training);
    expect(trainings).to.deep.equal(["alone", "plain", "steps", { epsilon: 8 }, { epsilon: 2 }]);
    for (const { bySeed } of cells) expect(bySeed[0]).to.be.within(0, 1);
    for (const { training, cost } of cells.slice(3)) {
      expect(cost!.epsilon).to.be.below((training as { epsilon: number }).epsilon);
      expect(cost!.epsilon).to.equal(epsilonOf(cost!, 2, cost!.delta));
    }
    expect(setup.steps).to.deep.equal({ ...privacyNetworks.histograms.steps, rounds: 2 });
    expect(await run(...small, "--seeds", "1", "--json")).to.equal(text);
  });

  it("shows tables, and a picture of AUC by patients", async () => {
    const picture = join(folder, "privacy.svg");
    const text = await run(...small, "--seeds", "1", "--markdown", "--picture", picture);
    expect(text).to.include(
      "| patients | hospitals | one hospital alone | federated averaging | steps without noise |",
    );
    expect(text).to.match(/\| epsilon 2 \| 2 \| 0\.3 \| [\d.]+ \| 1\.\d\d \| 0\.00001 \|/);
    expect(await readFile(picture, "utf8")).to.include("epsilon 8");
  });

  it("trains the capsules by a hospital's own steps", async () => {
    const text = await run(
      ...small,
      "--seeds",
      "1",
      "--network",
      "capsules",
      "--rounds",
      "1",
      "--epsilons",
      "8",
      "--json",
    );
    const { cells } = JSON.parse(text) as { cells: PrivacyCell[] };
    for (const { bySeed } of cells) expect(bySeed[0]).to.be.within(0, 1);
  });

  it("calls a federation useful only where it is better than one hospital alone on every account", () => {
    const estimate = (low: number, high: number) => ({ value: (low + high) / 2, low, high });
    const said = (low: number, high: number) =>
      privacySentences(
        [{ ...{ hospitals: 4, patients: 100, training: { epsilon: 5 }, bySeed: [], auc: estimate(0.8, 0.9) } }].map(
          (cell) => ({ ...cell, overPlain: estimate(-0.2, -0.1), overAlone: estimate(low, high) }),
        ),
      )[0];
    expect(said(0.01, 0.1)).to.match(/\(useful\)\.$/);
    expect(said(-0.01, 0.1)).to.match(/\(undecided\)\.$/);
    expect(said(-0.1, -0.01)).to.match(/\(not useful\)\.$/);
  });

  it("refuses hospitals with fewer than two patients, by the option's name", async () => {
    const error = await run("--patients", "15", "--hospitals", "8").catch((caught) => caught);
    expect(error).to.have.property("code", "OPTION_INVALID");
    expect(error.facts.option).to.equal("--patients");
  });

  it("has made the tables of docs/privacy-accuracy.md: the same patients, hospitals and epsilons", async () => {
    const page = await readFile(new URL("../../../docs/privacy-accuracy.md", import.meta.url), "utf8");
    const [, rows = ""] = page.split(
      "| patients | hospitals | one hospital alone | federated averaging | steps without noise | epsilon 10 | epsilon 5 | epsilon 2 |\n|---|---|---|---|---|---|---|---|\n",
    );
    const places = [...(rows.split("\n\n")[0] as string).matchAll(/^\| (\d+) \| (\d+) \|/gm)].map(([, ...all]) => all);
    expect(places).to.deep.equal(
      ["100", "250", "500", "1000"].flatMap((count) => [
        [count, "4"],
        [count, "8"],
      ]),
    );
  });
});
