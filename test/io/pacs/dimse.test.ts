import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readInstance } from "../../../imaging/dicom/read-instance.ts";
import type { ImageServer, ListedInstance } from "../../../imaging/source/image-server.ts";
import { type DimseAccess, type DimseServer, openDimse } from "../../../io/pacs/dimse.ts";
import { phantomFiles } from "../../imaging/import/phantom-archive.ts";
import { hasOpenSsl, makeCertificates } from "./certificates.ts";
import { acceptance, command, fragment, pduOf } from "./dimse-pdus.ts";
import { type AskedOfPeer, type DimsePeer, startDimsePeer, storeAll, titles } from "./dimse-peer.ts";

const patient = { answerMs: 20_000, slowMs: 20_000, slowBytes: 1, retriesMs: [10, 10] };
const once = { ...patient, retriesMs: [] };
const hasty = { answerMs: 800, slowMs: 800, slowBytes: 2 ** 14, retriesMs: [] };
const maxInstanceBytes = 2 ** 20;

describe("a PACS that speaks DIMSE", function () {
  this.timeout(60_000);
  const files = [...phantomFiles({ index: 1, id: "P1" }), ...phantomFiles({ index: 2, id: "P2" })];
  let usual: DimsePeer;
  let peer: DimsePeer;
  /** Each has processes, which take their time to start. */
  const opened = new Map<string, DimseServer>();
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
    for (const one of opened.values()) await one.close();
  });

  function open(access: Partial<DimseAccess> = {}, isEncrypted = false, own = titles): DimseServer {
    const address = { kind: "dimse", ...own, host: "127.0.0.1", port: peer.port, isEncrypted } as const;
    const all = { ...{ tls: {}, connections: 2, patience: patient, maxInstanceBytes }, ...access };
    const key = JSON.stringify([address, all]);
    const server = opened.get(key) ?? openDimse(address, "ModalitiesInStudy=CT", all);
    opened.set(key, server);
    return server;
  }
  async function studiesOf(server: ImageServer): Promise<string[]> {
    const studies: string[] = [];
    for await (const study of server.find({})) studies.push(study);
    return studies;
  }
  /** The instances of the first study, which has one series. */
  async function firstOf(server: ImageServer): Promise<readonly ListedInstance[]> {
    const { study } = peer.stored[0]!;
    return server.instances(study, {});
  }
  const failureOf = (work: Promise<unknown>) =>
    work.then(
      () => expect.fail("it did not fail"),
      (error: { code: string; remedy: string; facts: Record<string, unknown> }) => error,
    );
  const codeOf = async (work: Promise<unknown>) => (await failureOf(work)).code;
  async function bringFirst(server: ImageServer): Promise<Uint8Array[]> {
    const [first] = await firstOf(server);
    const brought: Uint8Array[] = [];
    await server.bringSeries!(first!, async (bytes) => void brought.push(bytes), {});
    return brought;
  }
  const expectWhole = (brought: readonly Uint8Array[]) => {
    const pixelsOf = (bytes: Uint8Array) => {
      const { instance, pixels } = readInstance(bytes);
      return [instance.instanceUid, instance.patientId, JSON.stringify(pixels)];
    };
    expect(brought.map(pixelsOf)).to.deep.equal(files.slice(0, 8).map(pixelsOf));
  };

  it("finds studies, lists their instances and brings them by C-GET, whole series and one by one", async () => {
    const server = open();
    expect(await studiesOf(server)).to.deep.equal([...new Set(peer.stored.map(({ study }) => study))]);
    const listed = await firstOf(server);
    expect(listed.map(({ instanceUid }) => instanceUid)).to.deep.equal(
      peer.stored.slice(0, 8).map((one) => one.instance),
    );
    expectWhole(await bringFirst(server));
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
    expectWhole(await bringFirst(server));
    expect(await stranger).to.equal("rejected");
    expect(await greet(port)).to.equal("ECONNREFUSED");
    const taken = await startDimsePeer([], { port });
    expect(await codeOf(bringFirst(server))).to.equal("PACS_RECEIVER");
    await taken.stop();
  });

  it("lists instances of other modalities by what the search says, without bringing them", async () => {
    peer = await startDimsePeer(phantomFiles({ index: 1, id: "P1", elements: { "00080060": ["CS", "SR"] } }));
    const [first] = await firstOf(open());
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
    await bringFirst(server);
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
      expectWhole(await bringFirst(open({ tls: { ca, ...own } }, true)));
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

  describe("that is not as it should be", () => {
    const quick = { patience: once };
    /** What comes of the first study when the PACS answers its retrieval so. */
    async function withAnswer(
      answer: (asked: AskedOfPeer) => unknown,
      access: Partial<DimseAccess> = quick,
    ): Promise<string> {
      peer.hook = (asked) => {
        if (asked.kind !== "get") return false;
        void answer(asked);
        return true;
      };
      return codeOf(bringFirst(open(access)));
    }
    const first = () => peer.stored[0]!;
    const begin = ({ association }: AskedOfPeer) => association.send(command(association, { store: first() }));
    const contextOf = ({ association }: AskedOfPeer) => association.storageContext(first().classUid);

    it("is refused by name where it rejects the association, or is not there", async () => {
      const wrong = await failureOf(studiesOf(open(quick, false, { ...titles, called: "OTHER" })));
      expect([wrong.code, wrong.facts["reason"]]).to.deep.equal([
        "PACS_UNAUTHORISED",
        "association rejected, called AE title",
      ]);
      peer.hook = ({ kind, association }) => {
        if (kind === "associate") association.send(pduOf(3, Buffer.from([0, 2, 3, 1])));
        return kind === "associate";
      };
      expect(await codeOf(studiesOf(open(quick)))).to.equal("PACS_BUSY");
      peer.hook = ({ kind, association }) => {
        if (kind !== "associate") return false;
        const [own, ...others] = association.contexts;
        association.contexts = [{ ...own!, abstract: "1.2.840.10008.5.1.4.1.1.", syntaxes: ["1.2"] }, ...others];
        association.send(acceptance(association));
        return true;
      };
      expect(await codeOf(studiesOf(open(quick)))).to.equal("PACS_NO_SERVICE");
      peer.hook = ({ kind, association }) => {
        if (kind === "find") association.send(pduOf(7, Buffer.alloc(4)));
        return kind === "find";
      };
      expect(await codeOf(studiesOf(open(quick)))).to.equal("PACS_UNAUTHORISED");
      const address = {
        kind: "dimse",
        ...titles,
        host: "127.0.0.1",
        port: await freePort(),
        isEncrypted: false,
      } as const;
      const nobody = openDimse(address, "", { tls: {}, connections: 1, patience: once });
      expect(await codeOf(studiesOf(nobody))).to.equal("PACS_UNREACHABLE");
      await nobody.close();
    });

    it("is given up where it stalls: before the association, before an answer, in mid-instance, or byte by byte", async () => {
      peer.hook = ({ kind }) => kind === "associate";
      expect(await codeOf(studiesOf(open({ patience: hasty })))).to.equal("PACS_SLOW");
      expect(await withAnswer(() => {}, { patience: hasty })).to.equal("PACS_SLOW");
      expect(
        await withAnswer(
          (asked) => {
            begin(asked);
            asked.association.send(fragment(contextOf(asked), first().dataset.subarray(0, 1000), {}));
          },
          { patience: hasty },
        ),
      ).to.equal("PACS_SLOW");
      let timer: NodeJS.Timeout | undefined;
      expect(
        await withAnswer(
          (asked) => {
            begin(asked);
            timer = setInterval(() => asked.association.send(fragment(contextOf(asked), Buffer.alloc(1), {})), 20);
          },
          { patience: hasty },
        ),
      ).to.equal("PACS_SLOW");
      clearInterval(timer);
    });

    it("is refused where it breaks off, aborts, or sends what is no DIMSE", async () => {
      const cases: Record<string, (asked: AskedOfPeer) => void> = {
        closed: (asked) => {
          begin(asked);
          asked.association.send(fragment(contextOf(asked), first().dataset.subarray(0, 1000), {}));
          asked.association.socket.end();
        },
        aborted: ({ association }) => association.send(pduOf(7, Buffer.alloc(4))),
        "no PDU": ({ association }) => association.send(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")),
        "no fragment": ({ association }) => association.send(pduOf(4, Buffer.from([0, 0, 0, 1, 1, 3]))),
        "no context": ({ association }) =>
          association.send(fragment(99, Buffer.alloc(2), { isCommand: true, isLast: true })),
      };
      const codes: Record<string, string> = {};
      for (const [name, answer] of Object.entries(cases)) codes[name] = await withAnswer(answer);
      expect(codes).to.deep.equal({
        ...{ closed: "PACS_TRUNCATED", aborted: "PACS_TRUNCATED", "no PDU": "PACS_MALFORMED" },
        ...{ "no fragment": "PACS_MALFORMED", "no context": "PACS_MALFORMED" },
      });
    });

    it("is refused where it sends gigabytes, in little memory", async () => {
      const chunk = Buffer.alloc(2 ** 17);
      const endless = (send: () => boolean, socket: AskedOfPeer["association"]["socket"]) => {
        while (!socket.destroyed && send());
        if (!socket.destroyed) socket.once("drain", () => endless(send, socket));
      };
      let peak = 0;
      const watch = setInterval(() => {
        peak = Math.max(peak, ...childrenOf(process.pid).map(residentBytes));
      }, 20);
      const codes = [
        await withAnswer((asked) => {
          begin(asked);
          const piece = fragment(contextOf(asked), chunk, {});
          endless(() => asked.association.socket.write(piece), asked.association.socket);
        }),
        await withAnswer(({ association }) => {
          const header = Buffer.from([4, 0, 0xff, 0xff, 0xff, 0xff]);
          association.send(header);
          endless(() => association.socket.write(chunk), association.socket);
        }),
        await withAnswer(({ association }) => {
          const piece = fragment(1, chunk, { isCommand: true });
          endless(() => association.socket.write(piece), association.socket);
        }),
        await withAnswer(({ association }) => {
          association.send(command(association, { status: 0xff00, hasData: true }));
          const piece = fragment(association.contextId, chunk, {});
          endless(() => association.socket.write(piece), association.socket);
        }),
      ];
      clearInterval(watch);
      expect(codes).to.deep.equal(Array(4).fill("PACS_TOO_LARGE"));
      expect(peak).to.be.below(250e6);
    });

    it("is refused where it sends one instance again and again, or another one than was asked for", async () => {
      const again = ({ association }: AskedOfPeer) => storeAll(association, Array(50).fill(first()));
      expect(await withAnswer((asked) => again(asked).catch(() => {}))).to.equal("PACS_MALFORMED");
      const server = open(quick);
      peer.hook = () => false;
      const [asked] = await firstOf(server);
      peer.hook = ({ kind, association }) => {
        if (kind !== "get") return false;
        void storeAll(association, [peer.stored[3]!]).catch(() => {});
        return true;
      };
      expect(await codeOf(server.bring(asked!, {}))).to.equal("PACS_CONTRADICTS");
    });

    it("is refused where it says so, by what its status means", async () => {
      const statuses = [0xa701, 0x0124, 0xa801, 0xc000, 0xa900];
      const codes: string[] = [];
      for (const status of statuses) {
        codes.push(await withAnswer(({ association }) => association.send(command(association, { status }))));
      }
      expect(codes).to.deep.equal([
        ...["PACS_BUSY", "PACS_UNAUTHORISED", "PACS_UNAUTHORISED", "PACS_REFUSED", "PACS_REFUSED"],
      ]);
      expect(await withAnswer(({ association }) => association.send(command(association, { status: 0 })))).to.equal(
        "PACS_GONE",
      );
      const stored = [...peer.stored];
      const removed = ({ association }: AskedOfPeer) => {
        peer.stored.length = 0;
        association.send(command(association, { status: 0xc000 }));
      };
      expect(await withAnswer(removed)).to.equal("PACS_GONE");
      peer.stored.push(...stored);
    });

    it("does not end the import with the process that reads from it", async function () {
      if (process.platform !== "linux") this.skip();
      const kill = () => {
        for (const pid of childrenOf(process.pid)) process.kill(pid, "SIGKILL");
      };
      expect(await withAnswer(kill)).to.equal("PACS_READER_ENDED");
      // Where a second try is allowed, another process takes over.
      let killed = 0;
      peer.hook = ({ kind }) => {
        if (kind !== "get" || killed++ > 0) return false;
        kill();
        return true;
      };
      expectWhole(await bringFirst(open()));
    });

    it("ends with the signal, at once", async () => {
      const stop = new AbortController();
      peer.hook = ({ kind }) => {
        if (kind !== "get") return false;
        stop.abort(new Error("stopped"));
        return true;
      };
      const server = open();
      const [one] = await firstOf(server);
      const error = await failureOf(server.bring(one!, { signal: stop.signal }));
      expect(String(error)).to.include("stopped");
    });
  });
});

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

async function freePort(): Promise<number> {
  const taken = await startDimsePeer([]);
  await taken.stop();
  return taken.port;
}

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
