import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { importArchive } from "../../../imaging/import/import-archive.ts";
import type { ImportSummary } from "../../../imaging/import/import-summary.ts";
import { uidFor } from "../../../imaging/phantom/ct-instance.ts";
import { type DimseServer, openDimse } from "../../../io/pacs/dimse.ts";
import { command, fragment } from "../../io/pacs/dimse-pdus.ts";
import { type AskedOfPeer, type DimsePeer, startDimsePeer, titles } from "../../io/pacs/dimse-peer.ts";
import { phantomFiles, writeInto } from "./phantom-archive.ts";
import { expectSameShards } from "./same-shards.ts";
import { importInto } from "./synthetic.ts";

const patience = { answerMs: 20_000, slowMs: 20_000, slowBytes: 1000, retriesMs: [5] };
const ids = ["P1", "P2", "P3", "P4"];
const studyOf = (id: string) => uidFor("study of", id);

describe("an import from a PACS with DIMSE", function () {
  this.timeout(60_000);
  let root: string;
  let peer: DimsePeer;
  let labels: string;
  let all: DimsePeer["stored"];
  const opened: DimseServer[] = [];
  const files = ids.flatMap((id, index) => phantomFiles({ index, id, study: studyOf(id) }));

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-dimse-"));
    for (const [place, bytes] of files.entries()) await writeInto(join(root, "archive", `${place}.dcm`), bytes);
    labels = join(root, "labels.csv");
    await writeInto(labels, `PatientID,label\n${ids.map((id, index) => `${id},${index % 2}\n`).join("")}N1,1\n`);
    await importInto(join(root, "archive"), join(root, "from-folder"), { labels });
    peer = await startDimsePeer(files);
    all = [...peer.stored];
  });
  beforeEach(() => {
    peer.hook = () => false;
    peer.asked.length = 0;
    peer.stored.length = 0;
    peer.stored.push(...all);
  });
  after(async () => {
    for (const one of opened) await one.close();
    await peer.stop();
    await rm(root, { recursive: true, force: true });
  });

  function open(maxInstanceBytes?: number): DimseServer {
    const address = { kind: "dimse", ...titles, host: "127.0.0.1", port: peer.port, isEncrypted: false } as const;
    const server = openDimse(address, "ModalitiesInStudy=CT", { tls: {}, connections: 2, patience, maxInstanceBytes });
    opened.push(server);
    return server;
  }

  async function importTo(name: string, server: DimseServer): Promise<ImportSummary> {
    const work = importArchive(server, join(root, name), { keyFile: join(root, "key"), workers: 1, labels });
    for (;;) {
      const step = await work.next();
      if (step.done) return step.value;
    }
  }

  it("gives the shard that the same files give from a folder, and takes new studies without bringing the others again", async () => {
    const server = open();
    expect((await importTo("shard", server)).scans).to.equal(4);
    await expectSameShards(join(root, "shard"), join(root, "from-folder"));
    expect(await readdir(join(root, "shard"))).to.deep.equal(await readdir(join(root, "from-folder")));
    // Once for the headers, once for the pixels.
    expect(peer.asked.filter((what) => what === "get SERIES")).to.have.length(8);
    peer.asked.length = 0;
    expect((await importTo("shard", server)).unchanged).to.equal(true);
    expect(peer.asked.filter((what) => what.startsWith("get"))).to.deep.equal([]);
    const later = await startDimsePeer(phantomFiles({ index: 9, id: "N1" }));
    peer.stored.push(...later.stored);
    await later.stop();
    const { scans, resumed } = await importTo("shard", server);
    expect([scans, resumed]).to.deep.equal([5, 4]);
    // Of the new one: for its headers, for the box of its lungs, for its pixels.
    expect(peer.asked.filter((what) => what.startsWith("get")).sort()).to.deep.equal([
      ...["get IMAGE", "get SERIES", "get SERIES"],
    ]);
  });

  it("leaves out, by name, a study that is deleted after the search, and one that is deleted after its headers", async () => {
    let brought = 0;
    const remove = (id: string) => {
      for (const one of all) if (one.study === studyOf(id)) peer.stored.splice(peer.stored.indexOf(one), 1);
    };
    peer.hook = ({ kind, level, study }) => {
      if (kind === "find" && level === "SERIES" && study === studyOf("P1")) remove("P1");
      // The three that are left have been described.
      if (kind === "get" && ++brought === 4) remove("P3");
      return false;
    };
    const { scans, quarantine } = await importTo("deleted", open());
    expect(scans).to.equal(2);
    const codes = quarantine.map(({ code, facts }) => facts["first"] ?? code);
    expect(codes).to.deep.equal(["PACS_GONE", "PACS_GONE"]);
  });

  it("refuses a study whose answer is hostile, by name, and imports the others", async () => {
    const answers: Record<string, (asked: AskedOfPeer) => void> = {
      P2: ({ association }) => {
        const one = all.find(({ study }) => study === studyOf("P2"))!;
        association.send(command(association, { store: one }));
        const piece = fragment(association.storageContext(one.classUid), Buffer.alloc(2 ** 17), {});
        for (let count = 0; count < 9; count++) association.send(piece);
      },
      P3: ({ association }) => association.send(Buffer.from("no PDU at all")),
    };
    peer.hook = (asked) => {
      const id = ids.find((one) => studyOf(one) === asked.study);
      const answer = asked.kind === "get" && id !== undefined ? answers[id] : undefined;
      answer?.(asked);
      return answer !== undefined;
    };
    const { scans, quarantine } = await importTo("hostile", open(2 ** 20));
    expect(scans).to.equal(2);
    expect(new Set(quarantine.map(({ code }) => code))).to.deep.equal(new Set(["PACS_TOO_LARGE", "PACS_MALFORMED"]));
  });
});
