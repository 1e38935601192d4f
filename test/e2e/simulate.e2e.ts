// `consilium simulate` as a user runs it: real processes, a real chain, real files, and interruptions.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { markedProcesses, marker } from "../../bench/simulate/process-tree.ts";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";
import { genesisWeights } from "../../model/training/trainer.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";

const commandLine = fileURLToPath(new URL("../../scripts/consilium.ts", import.meta.url));
const small = ["--patients", "28", "--matrix", "64", "--hospitals", "3", "--rounds", "2", "--local-epochs", "1"];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], mark: string) {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", commandLine, ...args], {
    env: { ...process.env, [marker]: mark },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  let onText = () => {};
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
    onText();
  });
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  /** Resolves when the command has printed the words on stderr. */
  const printed = (words: RegExp) =>
    new Promise<void>((resolve, reject) => {
      onText = () => {
        if (words.test(stderr)) resolve();
      };
      onText();
      void ended.then(() => reject(new Error(`never printed: ${words}\n${stderr}`)));
    });
  return { child, ended, printed };
}

async function untilGone(mark: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (markedProcesses(mark).length === 0) return;
    await sleep(100);
  }
  throw new Error(`left running: ${markedProcesses(mark).join(", ")}`);
}

describe("consilium simulate", () => {
  let scratch: string;
  let models: readonly string[] = [];
  const digests = async (run: string) =>
    Promise.all(
      (await readdir(join(run, "models")))
        .filter((name) => name.startsWith("round-"))
        .sort()
        .map(async (name) => blobDigest(await readFile(join(run, "models", name)))),
    );
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "consilium-e2e-"));
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  it("runs from DICOM files to a verified audit, prints the verdict last, and leaves no process", async () => {
    const run = join(scratch, "whole");
    const { code, stdout, stderr } = await start(["simulate", ...small, "--run-dir", run], "whole").ended;
    expect(code, stderr).to.equal(0);
    expect(stdout.trim().split("\n").at(-1)).to.match(/verified/i);
    for (const file of [
      ...["scores.json", "scores.png", "roc.png", "reliability.png", "examples.png", "explanations.png"],
      ...["rounds.json", "federation.json", "plan.json"],
    ]) {
      expect(existsSync(join(run, file)), file).to.equal(true);
    }
    const { models: scored, pointing } = JSON.parse(readFileSync(join(run, "scores.json"), "utf8")) as {
      models: unknown[];
      pointing: { points: number; hits: number; chance: number };
    };
    expect(scored).to.have.length(6);
    expect(pointing.points).to.be.above(0);
    const card = readFileSync(join(run, "import", "data-card.html"), "utf8");
    expect(card).to.include(`${pointing.hits} of ${pointing.points} slices`).and.include("data:image/png;base64,");
    expect(existsSync(join(run, "logs", "hospital-3.log"))).to.equal(true);
    models = await digests(run);
    expect(models).to.have.length(2);
    await untilGone("whole");
  });

  it("scores by a model that it audits now, and says so in the results", async () => {
    const run = join(scratch, "whole");
    const scan = join(scratch, "scan");
    for await (const _ of writeSyntheticArchive(scan, { patients: 1, matrix: 96, seed: 7 }));
    const predict = async (model: string) => {
      const args = ["predict", model, scan, "--dicom", join(scratch, "results"), "--run-dir", run, "--json"];
      const { code, stdout, stderr } = await start(args, "predicted").ended;
      expect(code, stderr).to.equal(0);
      const { audit, scans } = JSON.parse(stdout) as {
        audit: { verdict: string; text: string };
        scans: { dicom: string[] }[];
      };
      const report = scans[0]!.dicom.find((file) => file.endsWith("report.dcm"))!;
      expect((await readFile(report)).toString("utf8")).to.include(audit.text);
      return audit.verdict;
    };
    const own = (await readdir(join(run, "models"))).filter((name) => name.startsWith("round-")).sort();
    expect(await predict(join(run, "models", own.at(-1)!))).to.equal("verified");
    await writeFile(join(scratch, "genesis.safetensors"), genesisWeights(defaultPlan()));
    expect(await predict(join(scratch, "genesis.safetensors"))).to.equal("unknown model");
    await untilGone("predicted");
  });

  it("lets an inspector repeat a hospital's training, and reports whether the update is the same", async () => {
    const run = join(scratch, "whole");
    const reproduce = (config: string) => {
      const files = ["--config", config, "--journal", join(run, "chain.ndjson")];
      return start(["reproduce", ...files, "--round", "2", "--json"], "reproduced").ended;
    };
    const { code, stdout, stderr } = await reproduce(join(run, "hospital-2", "config.json"));
    expect(code, stderr).to.equal(0);
    const { same, updates } = JSON.parse(stdout) as { same: boolean; updates: { same: boolean }[] };
    expect([same, updates.length]).to.deep.equal([true, 2]);
    const config = JSON.parse(readFileSync(join(run, "hospital-2", "config.json"), "utf8"));
    const other = join(run, "hospital-2", "other-shard.json");
    await writeFile(other, JSON.stringify({ ...config, shard: "../hospital-1/shard" }));
    expect((await reproduce(other)).code).to.equal(2);
    await untilGone("reproduced");
  });

  it("exports the last model of a run by one command, and overwrites nothing unless told to", async () => {
    const run = join(scratch, "whole");
    const [model, plan] = [join(scratch, "model.safetensors"), join(scratch, "plan.json")];
    const files = ["--run-dir", run, "--out", model, "--plan", plan, "--json"];
    const { code, stdout, stderr } = await start(["model", "export", "--final", ...files], "exported").ended;
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ round: 2, model: models[1] });
    expect(blobDigest(await readFile(model))).to.equal(models[1]);
    expect((await readFile(plan)).equals(await readFile(join(run, "plan.json")))).to.equal(true);
    const again = await start(["model", "export", "--round", "1", ...files], "again").ended;
    expect(again.stdout).to.include("FILE_EXISTS");
    const unknown = await start(["model", "export", "--round", "9", ...files], "unknown").ended;
    expect(unknown.stdout).to.include("ROUND_NOT_FINAL");
  });

  it("trains by SCAFFOLD, whose control variates a hospital reproduces", async () => {
    const run = join(scratch, "scaffold");
    const args = ["simulate", ...small, "--strategy", "scaffold", "--in-process", "--run-dir", run, "--json"];
    const { code, stderr } = await start(args, "scaffold").ended;
    expect(code, stderr).to.equal(0);
    const files = ["--config", join(run, "hospital-2", "config.json"), "--journal", join(run, "chain.ndjson")];
    const reproduced = await start(["reproduce", ...files, "--round", "2", "--json"], "scaffold again").ended;
    expect(reproduced.code, reproduced.stderr).to.equal(0);
    await untilGone("scaffold");
  });

  it("trains the standard preset on the slices that it takes, and scores by the model's file alone", async () => {
    const run = join(scratch, "standard");
    const larger = ["--preset", "standard", "--slices", "2", "--rounds", "1", "--in-process"];
    const args = ["simulate", ...small, ...larger, "--run-dir", run, "--json"];
    const { code, stdout, stderr } = await start(args, "standard").ended;
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/verified/);
    const shard = JSON.parse(readFileSync(join(run, "import", "shard.json"), "utf8"));
    expect(shard).to.include({ height: 128, width: 128 });
    const [model = ""] = (await readdir(join(run, "models"))).filter((name) => name.startsWith("round-"));
    const predicted = ["predict", join(run, "models", model), join(run, "import"), "--json"];
    const scored = await start(predicted, "standard scored").ended;
    expect(scored.code, scored.stderr).to.equal(0);
    expect(JSON.parse(scored.stdout).scans).to.have.length(28);
    await untilGone("standard");
  });

  it("makes the same models when all hospitals share one process", async () => {
    const run = join(scratch, "together");
    const { code, stdout, stderr } = await start(
      ["simulate", ...small, "--in-process", "--run-dir", run, "--json"],
      "together",
    ).ended;
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/verified/);
    expect(await digests(run)).to.deep.equal(models);
    await untilGone("together");
    const files = ["--config", join(run, "hospital-2", "config.json"), "--journal", join(run, "chain.ndjson")];
    const reproduced = await start(["reproduce", ...files, "--round", "2", "--json"], "together again").ended;
    expect(reproduced.code, reproduced.stderr).to.equal(0);
  });

  it("leaves no process when it is stopped, and makes the same models when it is resumed", async () => {
    const run = join(scratch, "stopped");
    const first = start(["simulate", ...small, "--run-dir", run], "stopped");
    await first.printed(/round 1 .*final/);
    first.child.kill("SIGINT");
    expect((await first.ended).code).to.equal(130);
    await untilGone("stopped");
    const { code, stderr } = await start(["simulate", "--resume", "--run-dir", run], "resumed").ended;
    expect(code, stderr).to.equal(0);
    expect(await digests(run)).to.deep.equal(models);
    await untilGone("resumed");
  });

  it("takes every process with it when it is killed, and makes the same models when it is resumed", async () => {
    const run = join(scratch, "killed");
    const first = start(["simulate", ...small, "--run-dir", run], "killed");
    await first.printed(/round 1 .*final/);
    first.child.kill("SIGKILL");
    await first.ended;
    await untilGone("killed");
    const { code, stderr } = await start(["simulate", "--resume", "--run-dir", run], "revived").ended;
    expect(code, stderr).to.equal(0);
    expect(await digests(run)).to.deep.equal(models);
    await untilGone("revived");
  });

  for (const [what, args, code] of [
    ["an archive that is not there", ["--archive", "/nonexistent"], "ARCHIVE_"],
    ["more hospitals than patients", [...small, "--hospitals", "200"], "PATIENTS_TOO_FEW"],
    ["a word that is no number", ["--rounds", "many"], "OPTION_INVALID"],
  ] as const) {
    it(`refuses ${what} in one line with a remedy`, async () => {
      const run = join(scratch, what.replaceAll(" ", "-"));
      const ended = await start(["simulate", ...args, "--run-dir", run], what).ended;
      expect(ended.code).to.equal(1);
      const lines = ended.stderr.trim().split("\n").slice(-2);
      expect(lines[0]).to.include(code);
      expect(lines[1]?.trim()).to.have.length.above(10);
      expect(ended.stderr).not.to.include("    at ");
      await untilGone(what);
    });
  }
});
