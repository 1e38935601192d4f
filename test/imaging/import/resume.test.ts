import { spawn } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { lockImport } from "../../../imaging/import/import-lock.ts";
import { openOutcomes } from "../../../imaging/import/outcomes.ts";
import { openShard } from "../../../imaging/shard/shard.ts";
import { codeOf, importInto, writeArchive } from "./synthetic.ts";

describe("an import that is cut off", () => {
  let root: string;
  let archive: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-resume-"));
    archive = await writeArchive(join(root, "archive"), { patients: 8 });
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("continues after kill -9 and ends with the same bytes as an uninterrupted one", async () => {
    await importInto(archive, join(root, "whole"));
    const dir = join(root, "killed");
    await killAfter(archive, dir, 3);
    expect(await readdir(root))
      .to.include("killed.importing")
      .and.to.not.include("killed");
    // As if the machine had died in the midst of a write.
    await appendFile(join(`${dir}.importing`, "pixels.bin"), "half a slice");
    const summary = await importInto(archive, dir);
    expect(summary.resumed).to.be.within(3, 7);
    const names = await readdir(join(root, "whole"));
    expect(await readdir(dir)).to.deep.equal(names);
    // Of the outcomes level itself decides which bytes hold them.
    for (const name of names.filter((one) => one !== "outcomes")) {
      const same = (await readFile(join(dir, name))).equals(await readFile(join(root, "whole", name)));
      expect(same, name).to.equal(true);
    }
    expect(await readdir(root)).to.not.include("killed.importing");
  });

  it("is done again where its outcomes are damaged, and ends with the same shard", async () => {
    const dir = join(root, "corrupt");
    await killAfter(archive, dir, 3);
    const outcomes = join(`${dir}.importing`, "outcomes");
    for (const name of await readdir(outcomes)) await writeFile(join(outcomes, name), "no level database");
    const summary = await importInto(archive, dir);
    expect([summary.resumed, summary.root]).to.deep.equal([0, (await openShard(join(root, "whole"))).root]);
  });

  it("keeps all that it has reported: each patient's outcome is on the disk before the next is begun", async () => {
    const dir = join(root, "told");
    await killAfter(archive, dir, 5);
    const outcomes = await openOutcomes(`${dir}.importing`);
    expect(await outcomes.all()).to.have.length.of.at.least(5);
    await outcomes.close();
    expect((await importInto(archive, dir)).resumed).to.be.at.least(5);
  });

  it("does a scan again whose pixels were damaged meanwhile", async () => {
    const dir = join(root, "damaged");
    await killAfter(archive, dir, 3);
    const path = join(`${dir}.importing`, "pixels.bin");
    const pixels = await readFile(path);
    pixels[10]! ^= 255;
    await writeFile(path, pixels);
    const summary = await importInto(archive, dir);
    expect(summary.resumed).to.equal(0);
    expect(summary.root).to.equal((await openShard(join(root, "whole"))).root);
  });

  it("refuses a second import into the same folder while the first is running", async () => {
    const dir = join(root, "twice");
    const child = startImport(archive, dir, "SIGSTOP", 1);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const refused = await importInto(archive, dir).catch((error: unknown) => error);
    const isOver = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await isOver;
    expect((refused as { code?: string }).code).to.equal("IMPORT_RUNNING");
  });

  it("is not held up by another process that has got the number of one that was killed", async () => {
    const staging = join(root, "reused.importing");
    await mkdir(staging);
    const lock = join(staging, "import.pid");
    const unlock = await lockImport(staging);
    const [, birth] = (await readFile(lock, "utf8")).trim().split(" ");
    await unlock();
    // The process that started this one lives, and was not born when the lock says.
    await writeFile(lock, `${process.ppid} ${birth}\n`);
    if (birth !== undefined) await (await lockImport(staging))();
    // Of a system that does not say when.
    await writeFile(lock, `${process.ppid}\n`);
    expect(await codeOf(lockImport(staging))).to.equal("IMPORT_RUNNING");
  });

  it("refuses a second import by the same process, too, and leaves the first its outcomes", async () => {
    const dir = join(root, "once");
    const outcome = { patient: "0123456789abcdef", inputs: "fedcba9876543210", quarantined: [] };
    const first = await openOutcomes(dir);
    await first.add(outcome);
    expect(await codeOf(openOutcomes(dir))).to.equal("IMPORT_RUNNING");
    expect(await first.find(outcome.inputs)).to.deep.equal(outcome);
    await first.close();
    const next = await openOutcomes(dir);
    expect(await next.all()).to.deep.equal([outcome]);
    await next.close();
  });

  it("stops when its signal aborts, and continues later", async () => {
    const dir = join(root, "stopped");
    const stop = new AbortController();
    let seen = 0;
    const onPatient = () => {
      if (++seen === 2) stop.abort(new Error("enough"));
    };
    const failure = await importInto(archive, dir, {}, { signal: stop.signal, onPatient }).catch(
      (error: unknown) => error,
    );
    expect((failure as Error).message).to.equal("enough");
    expect((await importInto(archive, dir)).resumed).to.be.at.least(2);
  });
});

/** Runs an import in a process that is killed when so many patients are done. */
async function killAfter(archive: string, dir: string, patients: number): Promise<void> {
  const child = startImport(archive, dir, "SIGKILL", patients);
  const signal = await new Promise((resolve) => child.once("close", (_, by) => resolve(by)));
  expect(signal).to.equal("SIGKILL");
}

function startImport(archive: string, dir: string, signal: NodeJS.Signals, patients: number) {
  const program = join(import.meta.dirname, "import-worker.ts");
  return spawn(process.execPath, [program, archive, dir, signal, String(patients)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}
