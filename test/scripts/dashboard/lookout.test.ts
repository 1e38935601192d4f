// What a party shows of itself, and past runs read from disk.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { emptyState, sightSchema } from "../../../dashboard/state/state.ts";
import { Lookout, lookSchema } from "../../../scripts/dashboard/lookout.ts";
import { readPastRun, recordFile } from "../../../scripts/dashboard/run-record.ts";
import { listRuns, runsTable } from "../../../scripts/past-runs/list.ts";
import { FakeLog } from "../../fakes/party-ports.ts";

const member = `0x${"11".repeat(20)}` as never;

describe("what the dashboard reads", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-dashboard-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const connection = (changes: object) => ({
    ...{ peerId: "p", member, direction: "inbound" as const, isDirect: true, score: 0 },
    ...changes,
  });

  it("shows links, transfer, disk and the quarantine's counts without its pseudonyms", async () => {
    const entry = {
      what: "scan",
      code: "TOO_FEW_SLICES",
      facts: {},
      remedy: "",
      patient: "secret-pseudonym",
      files: 1,
    };
    await mkdir(join(dir, "shard"));
    const quarantine = { salt: "s", digest: "d", entries: [entry, entry, { ...entry, what: "file" }] };
    await writeFile(join(dir, "shard", "quarantine.json"), JSON.stringify(quarantine));
    await mkdir(join(dir, "blobs", "objects"), { recursive: true });
    await writeFile(join(dir, "blobs", "objects", "x"), "12345");
    const lookout = new Lookout({ store: dir, maxStoreGiB: 1, shard: join(dir, "shard") });
    expect(await lookout.look()).to.deep.equal({ warnings: [] }); // not open yet
    lookout.opened({
      self: member,
      network: {
        connections: () => [
          connection({ isDirect: false }),
          connection({ isDirect: true }),
          connection({ member: undefined }),
        ],
        traffic: () => ({ sentBytes: 3, receivedBytes: 4 }),
      },
    });
    const { sight } = lookSchema.parse(JSON.parse(JSON.stringify(await lookout.look())));
    expect(sight).to.deep.include({
      links: [{ member, relayed: false }],
      strangers: 1,
      traffic: { sentBytes: 3, receivedBytes: 4 },
    });
    expect(sight?.store).to.include({ objects: 1, objectBytes: 5, maxBytes: 2 ** 30 });
    expect(sight?.quarantine?.[0]).to.deep.equal({ code: "TOO_FEW_SLICES", what: "scan", entries: 2 });
    expect(JSON.stringify(sight)).not.to.include("secret");
    expect(sightSchema.safeParse(sight).success).to.equal(true);
  });

  it("keeps the newest warnings until somebody looks, and passes all lines on", async () => {
    const lookout = new Lookout({ store: dir });
    const inner = new FakeLog();
    const log = lookout.noting(inner).child("chain");
    for (let line = 0; line < 60; line++) log.warn(`w${line}`, { big: 5n, nothing: undefined });
    log.info("fine");
    const { warnings } = await lookout.look();
    expect(warnings).to.have.length(50);
    expect(warnings.at(-1)).to.deep.include({ level: "warn", event: "w59", facts: { big: "5" } });
    expect((await lookout.look()).warnings).to.deep.equal([]);
    expect(inner.lines).to.have.length(61);
  });

  const settings = (archive?: string) =>
    JSON.stringify({ layout: 1, settings: { archive }, finished: true, stages: [] });
  const report = {
    verdict: "verified",
    members: [{ role: "hospital", addresses: ["0xold", "0xa"] }],
    rounds: [
      {
        ...{
          round: 1,
          verdict: "verified",
          status: "final",
          opener: "o",
          plan: "p",
          base: "b",
          model: "m",
          findings: [],
        },
        hospitals: [{ hospital: "0xa", contribution: "included", share: 1, sampleCount: 5 }],
        proposals: [{ status: "accepted", included: ["0xa"], attestations: [{ hospital: "0xa", agree: true }] }],
      },
    ],
  };

  it("reads a run that kept no record from its audit, and lists it", async () => {
    const run = join(dir, "2026-01-01");
    await mkdir(join(run, "audit"), { recursive: true });
    await writeFile(join(run, "run.json"), settings());
    await writeFile(join(run, "audit", "report.json"), JSON.stringify(report));
    await writeFile(join(run, "examples.png"), "png");
    await mkdir(join(dir, "no-run"));
    const state = await readPastRun(run);
    expect(state.rounds[0]).to.deep.include({ status: "final", verdict: "verified", included: ["0xa"] });
    expect(state.about.hasSlices).to.equal(true);
    const listed = await listRuns(dir);
    expect(listed.map(({ name, verdict, finalRounds }) => [name, verdict, finalRounds])).to.deep.equal([
      ["2026-01-01", "verified", 1],
    ]);
    expect(runsTable(listed, dir)).to.include("2026-01-01");
    expect(runsTable([], dir)).to.include("no run");
  });

  it("takes a run's own record, no picture of a given archive, and nothing of a broken file", async () => {
    const about = {
      kind: "simulation",
      title: "r",
      software: "c",
      startedAt: 5,
      stage: "verified",
      hasSlices: true,
    } as const;
    await writeFile(join(dir, "run.json"), settings("/a/hospital's/archive"));
    await writeFile(join(dir, "examples.png"), "png");
    await writeFile(join(dir, recordFile), JSON.stringify(emptyState(about)));
    expect((await readPastRun(dir)).about).to.deep.include({ title: "r", stage: "verified", hasSlices: false });
    await writeFile(join(dir, recordFile), `{"version":1,"about":{"title":5}}`);
    expect((await readPastRun(dir)).about.stage).to.equal("past run");
  });
});
