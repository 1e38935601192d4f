import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openDimse } from "../../../io/pacs/dimse.ts";
import { phantomFiles } from "../../imaging/import/phantom-archive.ts";
import { hasOpenSsl, makeCertificates } from "./certificates.ts";
import {
  bringFirstOf,
  codeOf,
  dimseClients,
  expectWhole,
  files,
  firstOf,
  freePort,
  type OpenOptions,
  once,
  studiesOf,
} from "./dimse-clients.ts";
import { pduOf } from "./dimse-pdus.ts";
import { type DimsePeer, startDimsePeer, titles } from "./dimse-peer.ts";

describe("a PACS that speaks DIMSE", function () {
  this.timeout(60_000);
  let usual: DimsePeer;
  let peer: DimsePeer;
  const clients = dimseClients();
  const open = (...how: OpenOptions) => clients.open(peer, ...how);
  before(async () => {
    usual = await startDimsePeer(files);
  });
  beforeEach(() => {
    peer = usual;
    usual.hook = () => false;
  });
  afterEach(async () => {
    if (peer !== usual) await peer.stop();
  });
  after(async () => {
    await usual.stop();
    await clients.close();
  });

  it("finds studies, lists their instances and brings them by C-GET, whole series and one by one", async () => {
    const server = open();
    expect(await studiesOf(server)).to.deep.equal([...new Set(peer.stored.map(({ study }) => study))]);
    const listed = await firstOf(server, peer);
    expect(listed.map(({ instanceUid }) => instanceUid)).to.deep.equal(
      peer.stored.slice(0, 8).map((one) => one.instance),
    );
    expectWhole(await bringFirstOf(server, peer));
    expectWhole(await Promise.all(listed.map((one) => server.bring(one, {}))));
    expect(peer.asked).to.include.members(["find STUDY", "find SERIES", "find IMAGE", "get SERIES", "get IMAGE"]);
  });

  it("brings them by C-MOVE into a receiver that is open only meanwhile, and only for the two AE titles", async () => {
    const port = await freePort();
    peer = await startDimsePeer(files, { movesTo: () => port });
    const receiver = { host: "127.0.0.1", port };
    const server = open({ receiver });
    let stranger: Promise<string> | undefined;
    peer.hook = ({ kind }) => {
      if (kind === "move") stranger = greet(port);
      return false;
    };
    expectWhole(await bringFirstOf(server, peer));
    expect(await stranger).to.equal("rejected");
    expect(await greet(port)).to.equal("ECONNREFUSED");
    const taken = await startDimsePeer([], { port });
    expect(await codeOf(bringFirstOf(server, peer))).to.equal("PACS_RECEIVER");
    await taken.stop();
  });

  it("lists instances of other modalities by what the search says, without bringing them", async () => {
    peer = await startDimsePeer(phantomFiles({ index: 1, id: "P1", elements: { "00080060": ["CS", "SR"] } }));
    const [first] = await firstOf(open(), peer);
    const dataset = first!.dataset as Record<string, { Value: unknown[] }>;
    expect([dataset["00080060"]?.Value, dataset["00100020"]?.Value]).to.deep.equal([["SR"], ["P1"]]);
  });

  it("takes only keys of C-FIND for a search", () => {
    const address = { kind: "dimse", ...titles, host: "127.0.0.1", port: 1, isEncrypted: false } as const;
    const access = { tls: {}, connections: 1 };
    for (const query of ["limit=3", "StudyDate=1&StudyDate=2", "Rows=5", "QueryRetrieveLevel=IMAGE"]) {
      expect(() => openDimse(address, query, access), query).to.throw("PACS_QUERY");
    }
    openDimse(address, "0020000D=1.2,1.3&StudyDate=20200101-&PatientID=A*", access);
  });

  it("keeps to a rate limit", async () => {
    const bytes = peer.stored.slice(0, 8).reduce((sum, { dataset }) => sum + dataset.length, 0);
    const server = open({ bytesPerSecond: bytes });
    const started = performance.now();
    await bringFirstOf(server, peer);
    expect(performance.now() - started).to.be.within(800, 15_000);
  });

  describe("over TLS", () => {
    let dir: string;
    const read = (name: string) => readFile(join(dir, name), "utf8");
    before(async function () {
      if (!hasOpenSsl) this.skip();
      dir = await mkdtemp(join(tmpdir(), "consilium-dimse-"));
      makeCertificates(dir);
    });
    after(() => dir && rm(dir, { recursive: true, force: true }));

    it("shows a client certificate, and takes only a server of the hospital's CA", async () => {
      const ca = await read("ca.pem");
      peer = await startDimsePeer(files, {
        tls: { key: await read("server.key"), cert: await read("server.pem"), ca },
      });
      const own = { cert: await read("client.pem"), key: await read("client.key") };
      expectWhole(await bringFirstOf(open({ tls: { ca, ...own } }, true), peer));
      expect(await codeOf(studiesOf(open({ tls: own, patience: once }, true)))).to.equal("PACS_CERTIFICATE");
      expect(await codeOf(studiesOf(open({ tls: { ca }, patience: once }, true)))).to.be.oneOf([
        ...["PACS_CERTIFICATE", "PACS_TRUNCATED", "PACS_UNREACHABLE"],
      ]);
      expect(await codeOf(studiesOf(open({ patience: once })))).to.be.oneOf([
        "PACS_TRUNCATED",
        "PACS_UNREACHABLE",
        "PACS_MALFORMED",
      ]);
    });
  });
});

/** An association of somebody else: how it is answered. */
function greet(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    socket.on("connect", () => {
      const content = Buffer.concat([
        Buffer.from([0, 1, 0, 0]),
        Buffer.from("CONSILIUM".padEnd(16) + "STRANGER".padEnd(16)),
        Buffer.alloc(32),
      ]);
      socket.write(pduOf(1, content));
    });
    socket.on("data", (bytes: Buffer) => {
      resolve(bytes[0] === 3 ? "rejected" : "accepted");
      socket.destroy();
    });
  });
}
