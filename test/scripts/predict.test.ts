import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { isFedError } from "../../foundation/errors.ts";
import { dicomLimits } from "../../imaging/dicom/limits.ts";
import { parseElements } from "../../imaging/dicom/parse-elements.ts";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";
import { createSegCaps } from "../../model/segmentation/segcaps.ts";
import { genesisWeights } from "../../model/training/trainer.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { auditOfModel } from "../../scripts/predict/model-audit.ts";
import { specOf } from "../../scripts/predict/open-network.ts";

const commandLine = fileURLToPath(new URL("../../scripts/consilium.ts", import.meta.url));
const consilium = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", commandLine, ...args]);

describe("consilium predict", () => {
  let dir: string;
  let scan: string;
  let several: string;
  let model: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-predict-"));
    for await (const _ of writeSyntheticArchive(join(dir, "archive"), { patients: 1, matrix: 96, seed: 7 }));
    const [folder = ""] = (await readdir(join(dir, "archive"))).filter((name) => name.endsWith("tive"));
    const [patient = ""] = await readdir(join(dir, "archive", folder));
    scan = join(dir, "archive", folder, patient);
    several = join(dir, "several");
    for await (const _ of writeSyntheticArchive(several, { patients: 2, matrix: 64, seed: 7 }));
    model = join(dir, "model.safetensors");
    await writeFile(model, genesisWeights(defaultPlan()));
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

  it("tells from a model's tensors which preset it is", () => {
    for (const [preset, side] of [
      ["compact", 64],
      ["standard", 128],
    ] as const) {
      const plan = defaultPlan({ preset, channels: 2, reconstruction: true });
      expect(specOf(genesisWeights(plan))).to.deep.equal(plan.model);
      expect(plan.model.input.height).to.equal(side);
    }
  });

  interface Outcome {
    readonly scans: readonly { scan: string; score: number; dicom?: string[] }[];
    readonly unscored: readonly { scan: string; code: string; remedy: string }[];
    readonly audit: { verdict: string; text: string };
    readonly model: string;
  }
  const outcomeOf = async (...args: string[]): Promise<Outcome & { readonly status: number }> => {
    const { stdout, code = 0 } = (await consilium("predict", model, ...args, "--json").catch(
      (error: { stdout: string; code: number }) => error,
    )) as { stdout: string; code?: number };
    return { ...(JSON.parse(stdout) as Outcome), status: code };
  };

  it("scores each of several patients, and lists one without a usable scan with the reason", async () => {
    const { scans, unscored, status } = await outcomeOf(several);
    expect(scans.map(({ scan }) => scan.split("/")[1]).sort()).to.deep.equal(["patient1", "patient2"]);
    expect([unscored.length, status]).to.deep.equal([0, 0]);
    const [spoilt] = scans;
    const damaged = join(dir, "damaged");
    await cp(several, damaged, { recursive: true });
    const files = (await readdir(join(damaged, spoilt!.scan))).map((name) => join(damaged, spoilt!.scan, name));
    for (const file of files) await truncate(file, (await stat(file)).size - 3000);
    const less = await outcomeOf(damaged);
    expect(less.scans.map(({ score }) => score)).to.deep.equal(scans.slice(1).map(({ score }) => score));
    expect(less.unscored).to.have.length(1);
    expect(less.unscored[0]).to.include({ scan: spoilt!.scan, code: "SERIES_DAMAGED" });
    expect(less.status).to.equal(1);
  });

  describe("as DICOM", () => {
    let results: string[];
    let audited: Outcome;
    let received: Buffer;
    let pacs: Server;
    after(() => new Promise((resolve) => pacs.close(resolve)));
    before(async () => {
      await writeFile(join(dir, "segmenter.safetensors"), createSegCaps({ side: 16 }).getWeights());
      const named = join(dir, "named");
      await cp(scan, named, { recursive: true });
      // A name in another character set than the results'.
      for (const file of await readdir(named, { recursive: true })) {
        if (!file.endsWith(".dcm")) continue;
        const bytes = await readFile(join(named, file));
        bytes.write("M\xdcLLER^PHANTOM".padEnd(18), bytes.indexOf("SYNTHETIC^PHANTOM"), "latin1");
        await writeFile(join(named, file), bytes);
      }
      const digest = blobDigest(genesisWeights(defaultPlan()));
      const rounds = [
        { round: 1, verdict: "verified", model: `0x${"1".repeat(64)}` },
        { round: 2, verdict: "verified", model: digest },
      ];
      const federation = { chainId: 1, contract: `0x${"2".repeat(40)}` };
      await writeFile(join(dir, "report.json"), JSON.stringify({ version: 1, federation, rounds }));
      const segmenter = ["--segmenter", join(dir, "segmenter.safetensors")];
      pacs = createServer(async (request, response) => {
        const pieces: Buffer[] = [];
        for await (const piece of request) pieces.push(piece as Buffer);
        received = Buffer.concat(pieces);
        response.end(JSON.stringify({ "00081199": { vr: "SQ", Value: [{}, {}, {}] } }));
      });
      await new Promise<void>((resolve) => pacs.listen(0, "127.0.0.1", resolve));
      const store = ["--send", `dicomweb+http://127.0.0.1:${(pacs.address() as AddressInfo).port}/dicom-web`];
      audited = await outcomeOf(
        ...[named, "--dicom", join(dir, "results"), ...segmenter, "--audit-report", join(dir, "report.json"), ...store],
      );
      results = audited.scans[0]!.dicom!;
    });

    it("writes a picture, masks and a report that name the model, its audit, and that they are no diagnosis", async () => {
      expect(results.map((file) => basename(file))).to.deep.equal(["slices.dcm", "segmentation.dcm", "report.dcm"]);
      expect(audited.audit.verdict).to.equal("verified");
      const report = (await readFile(results[2]!)).toString("utf8");
      for (const text of [audited.model, audited.audit.text, "Not for diagnosis"]) expect(report).to.include(text);
    });

    it("stores them in the PACS that is named, as they are", async () => {
      for (const file of results) expect(received.includes(await readFile(file)), file).to.equal(true);
    });

    it("files them in the patient's own study, with the patient's name in Unicode, for their owner only", async () => {
      const source = (await readdir(scan, { recursive: true })).find((name) => name.endsWith(".dcm"))!;
      const read = async (file: string) => {
        const { elements } = parseElements(await readFile(file), dicomLimits, { partial: true });
        return ["00100020", "0020000d", "00080020", "00100010"].map((tag) => elements.text(tag));
      };
      const [id, study, date] = await read(join(scan, source));
      for (const file of results) {
        expect(await read(file)).to.deep.equal([id, study, date, "MÜLLER^PHANTOM"]);
        expect((await stat(file)).mode & 0o777).to.equal(0o600);
        expect((await stat(dirname(file))).mode & 0o777).to.equal(0o700);
      }
    });

    it("writes objects that dciodvfy accepts", async function () {
      const found = await promisify(execFile)("dciodvfy", ["--version"]).catch((error: { code: unknown }) => error);
      // It is no part of the project: apt-get install dicom3tools.
      if ("code" in found && found.code === "ENOENT") this.skip();
      for (const file of results) {
        const { stderr } = await promisify(execFile)("dciodvfy", ["-new", file]);
        expect(stderr.split("\n").filter((line) => line.startsWith("Error"))).to.deep.equal([], file);
      }
    });

    it("writes objects that pydicom reads, pixels and all", async function () {
      const script =
        "import sys, pydicom\nfor f in sys.argv[1:]:\n d = pydicom.dcmread(f)\n print(d.Modality, d.pixel_array.shape if 'PixelData' in d else d.ContentSequence[5].MeasuredValueSequence[0].NumericValue)";
      const python = process.env["CONSILIUM_PYTHON"] ?? "python3";
      const answer = await promisify(execFile)(python, ["-c", script, ...results]).catch(
        (error: { stderr?: string; code: unknown }) => error,
      );
      // It is no part of the project: pip install pydicom numpy.
      if ("code" in answer && (answer.code === "ENOENT" || /No module named/.test(answer.stderr ?? ""))) this.skip();
      const lines = (answer as { stdout: string }).stdout.trim().split("\n");
      expect(lines[0]).to.match(/^OT \(\d+, 896, 3\)$/);
      expect(lines[1]).to.match(/^SEG \(\d+, 96, 96\)$/);
      expect(Number(lines[2]!.split(" ")[1])).to.be.closeTo(100 * audited.scans[0]!.score, 0.01);
    });

    it("refuses results for scans that name no study: files without UIDs, a shard", async () => {
      const codeFor = async (place: string) => {
        const failed = await consilium("predict", model, place, "--dicom", join(dir, "none"), "--json").catch(
          ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ stdout, stderr }),
        );
        return /[A-Z]+(_[A-Z]+)+/.exec(failed.stderr + failed.stdout)?.[0];
      };
      const nameless = join(dir, "nameless");
      await cp(scan, nameless, { recursive: true });
      for (const file of await readdir(nameless, { recursive: true })) {
        if (!file.endsWith(".dcm")) continue;
        const bytes = await readFile(join(nameless, file));
        // The study's UID becomes text that is none.
        const at = bytes.indexOf(Buffer.from([0x20, 0, 0x0d, 0, 0x55, 0x49])) + 8;
        bytes.write("study", at, "latin1");
        await writeFile(join(nameless, file), bytes);
      }
      const shard = join(dir, "shard");
      await consilium("import", several, "--out", shard, "--pictures", "0");
      expect(await codeFor(nameless)).to.equal("RESULTS_WITHOUT_STUDY");
      expect(await codeFor(shard)).to.equal("RESULTS_WITHOUT_STUDY");
    });

    it("says the worst of all rounds that the model rests on, and where no audit knows it", async () => {
      const auditReport = join(dir, "other.json");
      const federation = { chainId: 1, contract: `0x${"2".repeat(40)}` };
      const verdictBy = async (...rounds: readonly (readonly [verdict: string, model: string])[]) => {
        const listed = rounds.map(([verdict, made], index) => ({ round: index + 1, verdict, model: made }));
        await writeFile(auditReport, JSON.stringify({ version: 1, federation, rounds: listed }));
        return (await auditOfModel([audited.model], { auditReport })).verdict;
      };
      const [own, other] = [audited.model, `0x${"1".repeat(64)}`];
      expect((await auditOfModel([own], {})).verdict).to.equal("not audited");
      expect(await verdictBy(["verified", other])).to.equal("unknown model");
      expect(await verdictBy(["broken", other], ["verified", own])).to.equal("broken");
      expect(await verdictBy(["verified", own], ["broken", other])).to.equal("verified");
      await writeFile(auditReport, "{}");
      const refused = await auditOfModel([own], { auditReport }).catch((error: unknown) => error);
      expect(isFedError(refused, "AUDIT_REPORT_MALFORMED")).to.equal(true);
    });
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
    const none = join(dir, "none.safetensors");
    const labels = join(dir, "archive", "labels.csv");
    const [missing, foreign, threshold, segmenter, store] = await Promise.all([
      ...[fails(none, scan), fails(labels, scan), fails(model, scan, "--threshold", "2")],
      fails(model, scan, "--segmenter", model),
      fails(model, scan, "--dicom", dir, "--store", "dicomweb+http://127.0.0.1:1/"), // its name before
    ]);
    expect(missing).to.include("MODEL_UNREADABLE");
    expect(foreign).to.include("SAFETENSORS_MALFORMED");
    expect(threshold).to.include("OPTION_INVALID");
    expect(segmenter).to.include("OPTION_MISSING");
    expect(store).to.include("OPTION_INVALID").and.to.include("--send");
  });
});
