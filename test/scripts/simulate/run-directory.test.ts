import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { newestUnfinished, openRunDirectory } from "../../../scripts/simulate/run-directory.ts";
import { parseSettings } from "../../../scripts/simulate/settings.ts";
import { expectCode } from "../../suites/blob-store.ts";

describe("the run directory", () => {
  const settings = parseSettings({ hospitals: "3", rounds: "2" });
  let scratch: string;
  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), "consilium-run-"));
  });
  afterEach(() => rm(scratch, { recursive: true, force: true }));
  const create = (name: string, fresh = false) =>
    openRunDirectory(join(scratch, name), { kind: "new", settings, fresh });

  it("remembers its settings and the stages that are done", async () => {
    const run = await create("a");
    await run.markDone("import");
    const again = await openRunDirectory(join(scratch, "a"), { kind: "resume" });
    expect(again.settings).to.deep.equal(settings);
    expect([again.done("import"), again.done("rounds")]).to.deep.equal([true, false]);
  });

  it("is for its owner only: it holds shards and pictures of the given archive", async () => {
    expect((await stat((await create("a")).path)).mode & 0o777).to.equal(0o700);
  });

  it("is not begun anew unless that is asked for", async () => {
    await (await create("a")).markDone("import");
    await expectCode(() => create("a"), "RUN_EXISTS");
    expect((await create("a", true)).done("import")).to.equal(false);
  });

  it("does not take over a folder that holds something else", async () => {
    await writeFile(join(scratch, "thesis.txt"), "mine");
    await expectCode(() => openRunDirectory(scratch, { kind: "new", settings, fresh: true }), "RUN_FOREIGN");
    expect(await readFile(join(scratch, "thesis.txt"), "utf8")).to.equal("mine");
  });

  it("of another version is named as that, and left as it is", async () => {
    const run = await create("a");
    const record = JSON.parse(await readFile(run.at("run.json"), "utf8"));
    await writeFile(run.at("run.json"), JSON.stringify({ ...record, layout: 999 }));
    await expectCode(() => openRunDirectory(run.path, { kind: "resume" }), "RUN_VERSION");
    await expectCode(() => create("a"), "RUN_VERSION");
  });

  it("can be resumed only where there is one", async () => {
    await expectCode(() => openRunDirectory(join(scratch, "none"), { kind: "resume" }), "RUN_UNKNOWN");
  });

  it("is found again as the newest that has not finished", async () => {
    await (await create("2026-01-01")).markDone("import");
    await (await create("2026-01-02")).markFinished();
    expect(await newestUnfinished(scratch)).to.equal(join(scratch, "2026-01-01"));
    expect(await newestUnfinished(join(scratch, "none"))).to.equal(undefined);
  });
});

describe("the simulation's options", () => {
  for (const [option, value] of [
    ["hospitals", "0"],
    ["hospitals", "many"],
    ["rounds", "1.5"],
    ["partition", "by-mood"],
    ["matrix", "9"],
    ["seed", "-1"],
  ] as const) {
    it(`refuse --${option} ${value}`, () => {
      expect(() => parseSettings({ [option]: value }))
        .to.throw()
        .with.property("code", "OPTION_INVALID");
    });
  }
});
