import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import { importArchive } from "../../../imaging/import/import-archive.ts";
import { writeSyntheticArchive } from "../../../imaging/phantom/write-archive.ts";
import { openShard, type Shard } from "../../../imaging/shard/shard.ts";
import { readShardIndex, type ScanRecord } from "../../../imaging/shard/shard-format.ts";
import { genesisWeights } from "../../../model/training/trainer.ts";
import { defaultPlan } from "../../../protocol/format/default-plan.ts";
import { askedPlan, fittedPlan } from "../../../scripts/cross-validate/capsule-plan.ts";
import { parseCrossOptions } from "../../../scripts/cross-validate/options.ts";
import { averaged } from "../../../study/cross-validate/averaged.ts";
import { openFoldStore } from "../../../study/cross-validate/fold-store.ts";
import { hospitalFolds } from "../../../study/cross-validate/hospital-folds.ts";
import type { FoldSets, Method } from "../../../study/cross-validate/method.ts";
import { chosenMethods } from "../../../study/cross-validate/methods.ts";
import { type CrossRow, crossValidate } from "../../../study/cross-validate/run.ts";
import { shuffledLabels } from "../../../study/cross-validate/shuffled-labels.ts";

const commandLine = fileURLToPath(new URL("../../../scripts/consilium.ts", import.meta.url));
const folds = 2;
const { signal } = new AbortController();

describe("consilium cross-validate", () => {
  let dir: string;
  let shard: Shard;
  let records: readonly ScanRecord[];
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-cross-"));
    const archive = { patients: 28, matrix: 64, slices: [4, 5] as const, seed: 5 };
    for await (const _ of writeSyntheticArchive(join(dir, "archive"), archive));
    // A fixed key, so that pseudonyms, and with them folds, are the same in every run of this test.
    await writeFile(join(dir, "key"), `${"5a".repeat(32)}\n`, { mode: 0o600 });
    const asked = { keyFile: join(dir, "key"), shape: { height: 32, width: 32 } };
    for await (const _ of importArchive(join(dir, "archive"), join(dir, "shard"), asked));
    shard = await openShard(join(dir, "shard"));
    records = (await readShardIndex(join(dir, "shard"))).scans;
  });
  after(async () => {
    await shard.close();
    await rm(dir, { recursive: true, force: true });
  });

  const methods = async (
    rows: string,
    changes: Record<string, unknown> = {},
    genesis?: Uint8Array,
  ): Promise<Method[]> => {
    const small = { side: 32, slices: 2, rounds: 1, localEpochs: 1, batchSize: 4, cnnSide: 32, cnnEpochs: 1 };
    const given = {
      shard: dir,
      out: dir,
      rows,
      folds,
      seed: 3,
      hospitals: 2,
      partition: "equal",
      trainings: 1,
      stop: "best",
    };
    const options = parseCrossOptions({ ...given, ...small, ...changes });
    return chosenMethods(options, fittedPlan(await askedPlan(options), shard), shard, records, genesis);
  };
  const run = async (chosen: readonly Method[], out: string, { shuffleLabels = false, seed = 3 } = {}) => {
    const rows: CrossRow[] = [];
    const started: string[] = [];
    const options = { folds, seed, shuffleLabels, dir: join(dir, out), data: shard.root };
    for await (const event of crossValidate(shard, chosen, options, { signal })) {
      if (event.kind === "row") rows.push(event.row);
      else started.push(`${event.row} ${event.fold}`);
    }
    return { rows, started: [...new Set(started)] };
  };

  it("scores every patient once by each row, beside the majority, with intervals", async () => {
    const { rows } = await run(await methods("majority,logistic,cnn,compact,federated,alone,shuffled"), "all");
    expect(rows.map(({ name }) => name)).to.deep.equal([
      ...["majority", "logistic", "cnn", "compact", "federated", "alone-1", "alone-2", "shuffled"],
    ]);
    const everyone = records.map(({ patient }) => patient).sort();
    for (const { heldOut, auc, foldAucs, calibration, balancedAccuracy, meanAuc } of rows) {
      expect(
        heldOut
          .flat()
          .map(({ patient }) => patient)
          .sort(),
      ).to.deep.equal(everyone);
      expect(foldAucs).to.have.length(folds);
      expect(calibration.recalibrated).to.be.within(0, 1);
      for (const { value, low, high } of [auc, balancedAccuracy, meanAuc]) {
        expect(low).to.be.at.most(value);
        expect(high).to.be.at.least(value);
      }
    }
    const [majority] = rows;
    expect(majority?.auc.value).to.equal(0.5);
    expect(majority?.balancedAccuracy.value).to.equal(0.5);
  });

  it("never lets a method learn from, or choose by, a patient that it is then scored on", async () => {
    const seen: FoldSets[] = [];
    const spy: Method = {
      ...{ name: "spy", title: "spy", settings: {} },
      async *run(sets, seed, options) {
        seen.push(sets);
        return yield* (await methods("majority"))[0]!.run(sets, seed, options);
      },
    };
    await run([spy], "spy");
    expect(seen).to.have.length(folds);
    for (const sets of seen) {
      const parts = [sets.train, sets.validation, sets.test].map(({ scans }) => scans.map(({ patient }) => patient));
      expect(parts.flat()).to.have.length(28);
      expect(new Set(parts.flat()).size).to.equal(28);
      for (const hospital of hospitalFolds(records, 3, { kind: "dirichlet", alpha: 1 })(sets, 1)) {
        for (const split of ["train", "validation", "test"] as const) {
          const all = new Set(sets[split].scans.map(({ patient }) => patient));
          expect(hospital[split].scans.every(({ patient }) => all.has(patient))).to.equal(true);
        }
      }
    }
  });

  it("learns what can be learned, and nothing from labels that were dealt anew", async () => {
    /** Knows each patient's class as the archive has it, from pixels alone as far as the harness can tell. */
    const truth = new Map(records.map(({ patient, label }) => [patient, label]));
    const oracle: Method = {
      ...{ name: "oracle", title: "oracle", settings: {} },
      async *run({ validation, test }) {
        const score = ({ scans }: FoldSets["test"]) =>
          scans.map(({ patient, label }) => ({ patient, label, score: truth.get(patient) as number }));
        return { parameters: 0, chosen: "", validation: score(validation), heldOut: score(test) };
      },
    };
    const [real] = (await run([oracle], "oracle")).rows;
    expect(real?.auc.value).to.equal(1);
    expect(real?.balancedAccuracy.value).to.equal(1);
    const controls: CrossRow[] = [];
    for (let seed = 0; seed < 40; seed++) {
      controls.push(...(await run([oracle], "oracle", { shuffleLabels: true, seed })).rows);
    }
    const mean = controls.reduce((sum, { auc }) => sum + auc.value / controls.length, 0);
    expect(mean).to.be.within(0.45, 0.55);
    expect(controls.filter(({ auc }) => auc.low <= 0.5 && auc.high >= 0.5)).to.have.length.of.at.least(34);
  });

  it("gives the same scores to the bit for the same seed, and others for another", async () => {
    const chosen = await methods("logistic,compact,federated");
    const digests = async (out: string, seed = 3) =>
      (await run(chosen, out, { seed })).rows.map(({ digest }) => digest);
    const first = await digests("once");
    expect(await digests("twice")).to.deep.equal(first);
    expect(new Set([...first, ...(await digests("other", 4))]).size).to.equal(6);
  });

  it("continues after the folds that are done, and ignores those of other settings", async () => {
    const first = await run(await methods("logistic,compact"), "resumed");
    expect(first.started).to.deep.equal(["logistic 1", "logistic 2", "compact 1", "compact 2"]);
    const files = (await readdir(join(dir, "resumed"))).filter(
      (name) => name.startsWith("compact") && name.includes("fold"),
    );
    // A fold holds the score of each patient.
    expect((await stat(join(dir, "resumed", files[1]!))).mode & 0o777).to.equal(0o600);
    const whole = await readFile(join(dir, "resumed", files[1]!), "utf8");
    await rm(join(dir, "resumed", files[1]!));
    const second = await run(await methods("logistic,compact"), "resumed");
    expect(second.started).to.deep.equal(["compact 2"]);
    expect(second.rows.map(({ digest }) => digest)).to.deep.equal(first.rows.map(({ digest }) => digest));
    const other = await run(await methods("compact", { learningRate: 0.001 }), "resumed");
    expect(other.started).to.deep.equal(["compact 1", "compact 2"]);
    await writeFile(join(dir, "resumed", files[1]!), whole.slice(0, -20));
    const damaged = await run(await methods("compact"), "resumed").catch((error: unknown) => error);
    expect(isFedError(damaged, "FOLD_DAMAGED")).to.equal(true);
  });

  it("does not take a fold that it cannot read for one that is not there", async () => {
    const store = await openFoldStore(join(dir, "unreadable"), "row", { version: 1 });
    expect(await store.read(1)).to.equal(undefined);
    const [settings = ""] = await readdir(join(dir, "unreadable"));
    await mkdir(join(dir, "unreadable", settings.replace("settings", "fold-1"))); // a folder is no file
    const read = await store.read(1).then(undefined, ({ code }) => code);
    expect(read).to.equal("EISDIR");
  });

  it("averages what several trainings from different seeds say", async () => {
    const seeds: number[] = [];
    const seeded: Method = {
      ...{ name: "seeded", title: "seeded", settings: {} },
      async *run({ validation, test }, seed) {
        seeds.push(seed);
        const score = ({ scans }: FoldSets["test"]) =>
          scans.map(({ patient, label }) => ({ patient, label, score: seed / 2 ** 32 }));
        return { parameters: 5, chosen: "once", validation: score(validation), heldOut: score(test) };
      },
    };
    const [row] = (await run([averaged(seeded, 3)], "averaged")).rows;
    expect(new Set(seeds).size).to.equal(3 * folds);
    expect(row?.parameters).to.equal(15);
    expect(row?.title).to.include("mean of 3 trainings");
    for (const [fold, predictions] of row?.heldOut.entries() ?? []) {
      const mean = seeds.slice(3 * fold, 3 * fold + 3).reduce((sum, seed) => sum + seed / 2 ** 32 / 3, 0);
      for (const { score } of predictions) expect(score).to.be.closeTo(mean, 1e-12);
    }
    expect(row?.heldOut.flat()).to.have.length(28);
    expect(averaged(seeded, 1)).to.equal(seeded);
  });

  it("trains a hospital alone on its own patients, and the control on shuffled labels, but scores all by their own", async () => {
    const seen: FoldSets[] = [];
    const spy: Method = {
      ...{ name: "spy", title: "spy", settings: {} },
      async *run(sets, seed, options) {
        seen.push(sets);
        return yield* (await methods("majority"))[0]!.run(sets, seed, options);
      },
    };
    await run([shuffledLabels(spy)], "control");
    const truth = new Map(records.map(({ patient, label }) => [patient, label]));
    const wrong = ({ scans }: FoldSets["test"]) => scans.filter(({ patient, label }) => truth.get(patient) !== label);
    for (const sets of seen) {
      expect(wrong(sets.train).length).to.be.above(0);
      expect(wrong(sets.test)).to.deep.equal([]);
      const ofClass = sets.train.scans.filter(({ label }) => label === 1).length;
      const before = sets.train.scans.filter(({ patient }) => truth.get(patient) === 1).length;
      expect(ofClass).to.equal(before);
    }
    const [first, second] = (await run(await methods("alone"), "alone")).rows;
    expect(first!.digest).not.to.equal(second!.digest);
    expect(second!.heldOut.flat()).to.have.length(28);
  });

  it("keeps batch norm's weights at each hospital (FedBN), whose patients they then score", async () => {
    const chosen = await methods("federated", { normalisation: "batch-local", rounds: 2 });
    const [row] = (await run(chosen, "fedbn")).rows;
    expect(row?.heldOut.flat().every(({ score }) => score > 0 && score < 1)).to.equal(true);
  });

  it("moves the federation's model by the plan's server rule, and leaves the pooled capsules as they are", async () => {
    const chosen = { optimiser: "sgd", rounds: 2 };
    const rows: CrossRow[] = [];
    for (const rule of [{ strategy: "fedavgm", serverMomentum: 0.5 }, {}]) {
      rows.push(...(await run(await methods("compact,federated", { ...chosen, ...rule }), "rules")).rows);
    }
    const [pooled, moved, pooledAgain, averaged] = rows;
    expect(pooledAgain!.digest).to.equal(pooled!.digest);
    expect(averaged!.digest).not.to.equal(moved!.digest);
    expect(moved!.title).to.include("fedavgm");
  });

  it("begins each row of the capsules with the model that was given", async () => {
    const still = { learningRate: 1e-9, stop: "last" };
    const [first, second] = [5, 6].map((seed) => {
      const input = { slices: 2, height: 32, width: 32, channels: 1 };
      return genesisWeights({ ...defaultPlan(), model: { ...defaultPlan().model, input }, seed });
    });
    const scoresOf = async (genesis?: Uint8Array) => {
      const { rows } = await run(await methods("compact,federated,alone", still, genesis), "given");
      return rows.map(({ heldOut }) => new Map(heldOut.flat().map(({ patient, score }) => [patient, score])));
    };
    const [pooled, ...others] = await scoresOf(first);
    for (const row of others) {
      for (const [patient, score] of row) expect(score).to.be.closeTo(pooled!.get(patient)!, 1e-4);
    }
    for (const [other] of [await scoresOf(second), await scoresOf()]) {
      const moved = [...other!].filter(([patient, score]) => Math.abs(score - pooled!.get(patient)!) > 1e-3);
      expect(moved.length).to.be.above(14);
    }
  });

  it("scores the capsules of the best round by the validation patients, or of the last one", async () => {
    const rows = [];
    for (const stop of ["best", "last"]) {
      const chosen = await methods("compact", { stop, rounds: 4, learningRate: 0.05 });
      rows.push(...(await run(chosen, "stop")).rows.map(({ chosen }) => chosen));
    }
    expect(
      rows
        .slice(0, 2)
        .flat()
        .some((chosen) => chosen !== "round 4"),
    ).to.equal(true);
    expect(rows[1]).to.deep.equal(["round 4", "round 4"]);
  });

  it("imports an archive, and prints a table for people or all of it as JSON", async () => {
    const asked = ["--archive", join(dir, "archive"), "--out", join(dir, "command"), "--folds", "2", "--side", "32"];
    const consilium = async (...args: string[]) => {
      const command = [
        commandLine,
        "cross-validate",
        ...asked,
        "--cnn-side",
        "32",
        "--rows",
        "majority,logistic",
        ...args,
      ];
      return (await promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", ...command]))
        .stdout;
    };
    const { patients, rows } = JSON.parse(await consilium("--json")) as { patients: number; rows: CrossRow[] };
    expect(patients).to.equal(28);
    expect(rows.map(({ name, foldAucs }) => [name, foldAucs.length])).to.deep.equal([
      ["majority", 2],
      ["logistic", 2],
    ]);
    expect(await consilium()).to.match(
      /28 patients, 14 positive; 2 folds.*logistic regression.*Shortcuts:.*DeLong 1988/s,
    );
  });
});
