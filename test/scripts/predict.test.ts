import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";
import { genesisWeights } from "../../model/training/trainer.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";

const commandLine = fileURLToPath(new URL("../../scripts/consilium.ts", import.meta.url));
const consilium = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", commandLine, ...args]);

describe("consilium predict", () => {
  let dir: string;
  let scan: string;
  let several: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-predict-"));
    for await (const _ of writeSyntheticArchive(join(dir, "archive"), { patients: 1, matrix: 96, seed: 7 }));
    const [folder = ""] = (await readdir(join(dir, "archive"))).filter((name) => name.endsWith("tive"));
    const [patient = ""] = await readdir(join(dir, "archive", folder));
    scan = join(dir, "archive", folder, patient);
    several = join(dir, "several");
    for await (const _ of writeSyntheticArchive(several, { patients: 2, matrix: 64, seed: 7 }));
    await writeFile(join(dir, "model.safetensors"), genesisWeights(defaultPlan()));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("scores a scan of DICOM files by a model file alone, says what each slice weighs, and draws it", async () => {
    const { stdout } = await consilium("predict", join(dir, "model.safetensors"), scan, "--json", "--out", dir);
    const { researchUse, scans } = JSON.parse(stdout) as {
      researchUse: string;
      scans: { score: number; votes: { slice: number; weight: number; coupling: number }[] }[];
    };
    expect(researchUse).to.match(/no medical device/);
    expect(scans).to.have.length(1);
    expect(scans[0]?.score).to.be.within(0, 1);
    expect(scans[0]?.votes).to.have.length(8);
    expect(Math.max(...(scans[0]?.votes.map(({ weight }) => Math.abs(weight)) ?? []))).to.equal(1);
    const pictures = (await readdir(dir)).filter((name) => name.endsWith(".png"));
    expect(pictures).to.have.length(1);
    expect((await readFile(join(dir, pictures[0]!))).subarray(1, 4).toString()).to.equal("PNG");
  });

  it("refuses the files of several patients, naming the path as it was given", async () => {
    const outcome = await consilium("predict", join(dir, "model.safetensors"), several, "--json").catch(
      (error: { stdout: string }) => error,
    );
    const { error } = JSON.parse(outcome.stdout) as { error: { code: string; facts: Record<string, unknown> } };
    expect(error).to.include({ code: "SCANS_SEVERAL" });
    expect(error.facts).to.deep.equal({ patients: 2, path: several });
  });

  it("shows a scan of one slice once", async () => {
    const files = (await readdir(scan, { recursive: true })).filter((name) => name.endsWith(".dcm")).sort();
    const slice = join(dir, "one-slice");
    await mkdir(slice);
    await copyFile(join(scan, files[Math.floor(files.length / 2)]!), join(slice, "middle.dcm"));
    const { stdout } = await consilium("predict", join(dir, "model.safetensors"), slice, "--json");
    const { scans } = JSON.parse(stdout) as { scans: { votes: { slice: number }[] }[] };
    expect(scans[0]!.votes.map(({ slice: place }) => place)).to.deep.equal([0]);
  });

  it("says by a code what is wrong with a model or a threshold", async () => {
    const fails = async (...args: string[]) => {
      const outcome = await consilium("predict", ...args, "--json").catch(
        (error: { stdout: string; stderr: string }) => error,
      );
      return outcome.stdout + outcome.stderr;
    };
    expect(await fails(join(dir, "none.safetensors"), scan)).to.include("MODEL_UNREADABLE");
    expect(await fails(join(dir, "archive", "labels.csv"), scan)).to.include("SAFETENSORS_MALFORMED");
    expect(await fails(join(dir, "model.safetensors"), scan, "--threshold", "2")).to.include("OPTION_INVALID");
  });
});
