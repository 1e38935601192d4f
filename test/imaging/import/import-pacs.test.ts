import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect } from "chai";
import { importArchive, planImport } from "../../../imaging/import/import-archive.ts";
import type { ImportOptions } from "../../../imaging/import/import-options.ts";
import type { ImportReport } from "../../../imaging/import/import-report.ts";
import type { ImportSummary } from "../../../imaging/import/import-summary.ts";
import { NothingImported } from "../../../imaging/import/nothing-imported.ts";
import { uidFor } from "../../../imaging/phantom/ct-instance.ts";
import { readShardIndex } from "../../../imaging/shard/shard-format.ts";
import type { ImageServer } from "../../../imaging/source/image-server.ts";
import { openDicomWeb } from "../../../io/pacs/dicomweb.ts";
import type { PacsAccess } from "../../../io/pacs/http.ts";
import { multipartType, type Peer, partOf, sendJson, startPeer } from "../../io/pacs/dicomweb-peer.ts";
import { phantomFiles, writeInto } from "./phantom-archive.ts";
import { expectSameShards } from "./same-shards.ts";
import { importInto } from "./synthetic.ts";

const quick = { answerMs: 5000, slowMs: 300, slowBytes: 2 ** 14, retriesMs: [5, 5] };
const access: PacsAccess = { credentials: { kind: "none" }, tls: {}, proxies: {}, connections: 4, patience: quick };
const ids = ["P1", "P2", "P3", "P4"];
/** Delimiters of parts, but for the last letter, which only a reader of whole lines can tell from a delimiter. */
const insidePixels = Buffer.from("\r\n--the-boundary-of-partsX\r\n--the-boundary-of-part");
const isSeries = (path: string) => /\/series\/[\d.]+$/.test(path);
const studyOf = (id: string) => uidFor("study of", id);

describe("an import from a PACS with DICOMweb", function () {
  this.timeout(60_000);
  let root: string;
  let peer: Peer;
  let labels: string;
  let counter = 0;
  let files: Buffer[];

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-pacs-"));
    files = ids.flatMap((id, index) => {
      const elements = { "00080050": ["SH", `ACC${index}`] as const };
      const main = phantomFiles({ index, id, study: studyOf(id), elements });
      // A second series that is not axial, as most studies have one.
      const scout = { ...elements, "00080008": ["CS", "ORIGINAL\\PRIMARY\\LOCALIZER"] as const };
      return index % 2
        ? main
        : [...main, ...phantomFiles({ index, id, study: studyOf(id), series: 9, elements: scout })];
    });
    for (const bytes of files) insidePixels.copy(bytes, bytes.length - 200);
    for (const [place, bytes] of files.entries()) await writeInto(join(root, "archive", `${place}.dcm`), bytes);
    labels = join(root, "labels.csv");
    await writeInto(labels, `PatientID,label\n${ids.map((id, index) => `${id},${index % 2}`).join("\n")}\n`);
    await importInto(join(root, "archive"), join(root, "from-folder"), { labels });
  });
  beforeEach(async () => {
    peer = await startPeer(files);
  });
  afterEach(() => peer.stop());
  after(() => rm(root, { recursive: true, force: true }));

  async function importFrom(
    options: Partial<ImportOptions> = {},
    dir = join(root, `shard${counter++}`),
    server?: ImageServer,
    onPatient?: () => void,
  ): Promise<{ summary: ImportSummary; dir: string }> {
    const web = openDicomWeb(peer.url, "ModalitiesInStudy=CT", access);
    const asked = { keyFile: join(root, "key"), workers: 1, labels, ...options };
    try {
      const work = importArchive(server ?? web, dir, asked);
      for (;;) {
        const step = await work.next();
        if (step.done) return { summary: step.value, dir };
        if (step.value.stage === "patients") onPatient?.();
      }
    } finally {
      await web.close();
    }
  }
  const failureOf = (work: Promise<unknown>) =>
    work.then(
      () => expect.fail("it did not fail"),
      (error: { code: string; message: string; facts: Record<string, unknown> }) => error,
    );
  const codesOf = ({ quarantine }: ImportSummary) => quarantine.map(({ code }) => code);

  const expectSameShard = (dir: string) => expectSameShards(dir, join(root, "from-folder"));

  it("gives the shard that the same files give from a folder, and brings only the series that are chosen", async () => {
    const before = await readdir(root);
    const { summary, dir } = await importFrom();
    expect(summary.scans).to.equal(4);
    await expectSameShard(dir);
    const brought = peer.asked.filter((path) => path.includes("/instances/"));
    // One instance of each series, one for the box of each chosen series, then these in one answer each; no more of the scouts.
    expect(brought).to.have.length(4 + 2 + 4);
    expect(peer.asked.filter(isSeries)).to.have.length(4);
    expect((await importFrom({}, dir)).summary.unchanged).to.equal(true);
    const names = (await readdir(root)).filter((name) => !before.includes(name));
    expect(names).to.deep.equal([basename(dir)]);
    expect(await readdir(dir)).to.deep.equal(await readdir(join(root, "from-folder")));
  });

  async function plan(options: Partial<ImportOptions> = {}): Promise<ImportReport> {
    const web = openDicomWeb(peer.url, "", access);
    try {
      const work = planImport(web, { keyFile: join(root, "key"), labels, workers: 1, ...options });
      for (;;) {
        const step = await work.next();
        if (step.done) return step.value.report;
      }
    } finally {
      await web.close();
    }
  }

  it("plans without bringing more than one instance of a series", async () => {
    const { patients } = await plan();
    expect(patients.map(({ outcome }) => outcome)).to.deep.equal(Array(4).fill("PLANNED"));
    expect(peer.asked.filter((path) => path.includes("/instances/"))).to.have.length(6);
  });

  async function writeLabels(column: string, nameOf: (id: string) => string): Promise<string> {
    const path = join(root, `labels${counter++}.csv`);
    const rows = ids.map((id, index) => `${nameOf(id)},${index % 2}\n`);
    await writeInto(path, `${column},label\n${rows.join("")}`);
    return path;
  }

  it("takes labels by StudyInstanceUID, and only studies with a row", async () => {
    // A later study of the first patient, of which no row says anything.
    const later = phantomFiles({ index: 7, id: "P1", study: uidFor("later"), series: 3 });
    await peer.stop();
    peer = await startPeer([...later, ...files]);
    const { summary, dir } = await importFrom({ labels: await writeLabels("StudyInstanceUID", studyOf) });
    expect(codesOf(summary)).to.include("STUDY_NOT_LABELLED");
    const pixels = await readFile(join(dir, "pixels.bin"));
    expect(pixels.equals(await readFile(join(root, "from-folder", "pixels.bin")))).to.equal(true);
    expect(summary).to.include({ positive: 2, negative: 2 });
  });

  it("takes new studies into the shard of the last import, and leaves everybody in their split", async () => {
    const splitsOf = async (dir: string) => {
      const { scans } = await readShardIndex(dir);
      return new Map(scans.map(({ patient, split }) => [patient, split]));
    };
    const rows = [0, 1, 2, 3].map((index) => `N${index},${index % 2}\n`);
    const more = join(root, "more.csv");
    await writeInto(more, `${await readFile(labels, "utf8")}${rows.join("")}`);
    const { dir } = await importFrom({ labels: more });
    const before = await splitsOf(dir);
    await peer.stop();
    peer = await startPeer([...[0, 1, 2, 3].flatMap((n) => phantomFiles({ index: 20 + n, id: `N${n}` })), ...files]);
    const { summary } = await importFrom({ labels: more }, dir);
    expect([summary.scans, summary.resumed]).to.deep.equal([8, 4]);
    const after = await splitsOf(dir);
    for (const [patient, split] of before) expect(after.get(patient)).to.equal(split);
  });

  it("takes labels by AccessionNumber", async () => {
    const { patients } = await plan({ labels: await writeLabels("Accession Number", (id) => `ACC${ids.indexOf(id)}`) });
    expect(patients.map(({ label }) => label).sort()).to.deep.equal(["negative", "negative", "positive", "positive"]);
    expect(patients.map(({ matchedBy }) => matchedBy)).to.deep.equal(Array(4).fill(["AccessionNumber"]));
  });

  it("does not take an accession number for the PatientID of another patient", async () => {
    // The accession numbers of this hospital are other patients' ids.
    const crossed = await writeLabels("accession", (id) => id);
    expect((await failureOf(plan({ labels: crossed }))).code).to.equal("LABELS_MISSING");
  });

  it("stops at --max-studies", async () => {
    expect((await plan({ maxStudies: 2 })).patients).to.have.length(2);
    expect(peer.asked.filter((path) => path.endsWith("/metadata"))).to.have.length(2);
  });

  it("lists a study that was deleted after the query, and imports the others", async () => {
    const [gone] = peer.studies();
    peer.hook = (request) => {
      if (request.url!.includes("/metadata")) peer.remove(gone!);
      return false;
    };
    const { patients, refusedFiles, rows } = await plan();
    expect([patients.length, refusedFiles, rows?.unmatched.length]).to.deep.equal([3, 1, 1]);
  });

  it("leaves out a patient whose study is deleted between metadata and pixels, by name", async () => {
    peer.hook = ({ url }) => {
      if (isSeries(url!)) peer.remove(studyOf("P3"));
      return false;
    };
    const { summary } = await importFrom();
    expect(summary.scans).to.equal(3);
    expect(summary.quarantine.find(({ code }) => code === "SERIES_DAMAGED")?.facts["first"]).to.equal("PACS_GONE");
  });

  it("stops where the PACS dies in mid-study, and continues with the patients that are left", async () => {
    const dir = join(root, "killed");
    const port = Number(peer.url.port);
    let brought = 0;
    let keep = () => {};
    const kept = new Promise<void>((resolve) => {
      keep = resolve;
    });
    peer.hook = (request, response) => {
      if (!isSeries(request.url!) || ++brought < 3) return false;
      // Not before a patient is kept, however slow the machine is.
      void kept.then(() =>
        response.writeHead(200, { "content-type": multipartType }).write(partOf(files[0]!, { isLast: false }), () => {
          peer.stop();
          request.socket.destroy();
        }),
      );
      return true;
    };
    const error = await failureOf(importFrom({}, dir, undefined, keep));
    expect(error.code).to.equal("PACS_UNREACHABLE");
    expect(await readdir(root))
      .to.include("killed.importing")
      .and.not.include("killed");
    peer = await startPeer(files, { port });
    const { summary } = await importFrom({}, dir);
    expect(summary.resumed).to.be.within(1, 3);
    await expectSameShard(dir);
  });

  it("asks again for a part that is cut off, and gives the same shard", async () => {
    let cut = 0;
    peer.hook = (request, response) => {
      // Two series each break off at their third instance, and one once and for all.
      if (!isSeries(request.url!) || (++cut % 2 !== 0 && !request.url!.includes(studyOf("P2")))) return false;
      const own = files.filter((bytes) => bytes.includes(request.url!.split("/").at(-1)!));
      const parts = own.slice(0, 3).map((bytes) => partOf(bytes, { isLast: false }));
      response.writeHead(200, { "content-type": multipartType });
      response.end(Buffer.concat(parts).subarray(0, -100));
      return true;
    };
    await expectSameShard((await importFrom()).dir);
  });

  it("lets the files count where a server's metadata says something else, and refuses files that change", async () => {
    const web = openDicomWeb(peer.url, "", access);
    const liar: ImageServer = {
      ...web,
      instances: async (study, waiting) =>
        (await web.instances(study, waiting)).map((one) => ({
          ...one,
          dataset: { ...(one.dataset as object), "00280030": { vr: "DS", Value: [5, 5] } },
        })),
    };
    await expectSameShard((await importFrom({}, join(root, "liar"), liar)).dir);
    let brought = 0;
    const other: ImageServer = {
      ...web,
      bringSeries: undefined,
      bring: async (instance, waiting) => {
        const bytes = Buffer.from(await web.bring(instance, waiting));
        // After the first file of each series, files no longer are what the metadata says.
        if (++brought > 6) bytes.write("HFP", bytes.indexOf("HFS"));
        return bytes;
      },
    };
    const error = await failureOf(importFrom({}, join(root, "other"), other));
    await web.close();
    expect(error).to.be.instanceOf(NothingImported);
    const reasons = (error as unknown as NothingImported).entries.map(({ facts }) => facts["first"]);
    expect(reasons.filter(Boolean)).to.deep.equal(Array(4).fill("PACS_CONTRADICTS"));
  });

  it("keeps patients, addresses and secrets out of messages", async () => {
    await peer.stop();
    const error = await failureOf(importFrom());
    expect(error.code).to.equal("PACS_UNREACHABLE");
    expect(JSON.stringify(error.facts)).to.equal(JSON.stringify({ server: peer.url.host, reason: "ECONNREFUSED" }));
    peer = await startPeer(files);
    peer.hook = (request, response) => {
      if (!request.url!.includes("/metadata")) return false;
      sendJson(response, [{ "0020000E": { Value: ["../../secret"] }, "00080018": { Value: ["1.2"] } }]);
      return true;
    };
    const refused = await failureOf(importFrom());
    expect(refused.code).to.equal("ARCHIVE_NO_CT");
    expect(peer.asked.some((path) => path.includes("secret"))).to.equal(false);
  });
});
