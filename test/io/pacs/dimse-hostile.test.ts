import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { type DimseAccess, openDimse } from "../../../io/pacs/dimse.ts";
import {
  bringFirstOf,
  codeOf,
  dimseClients,
  expectWhole,
  failureOf,
  files,
  firstOf,
  freePort,
  type OpenOptions,
  once,
  studiesOf,
} from "./dimse-clients.ts";
import { acceptance, command, fragment, pduOf } from "./dimse-pdus.ts";
import { type AskedOfPeer, type DimsePeer, startDimsePeer, storeAll, titles } from "./dimse-peer.ts";

const hasty = { answerMs: 800, slowMs: 800, slowBytes: 2 ** 14, retriesMs: [] };

describe("a PACS that speaks DIMSE and is not as it should be", function () {
  this.timeout(60_000);
  let peer: DimsePeer;
  const clients = dimseClients();
  const open = (...how: OpenOptions) => clients.open(peer, ...how);
  before(async () => {
    peer = await startDimsePeer(files);
  });
  beforeEach(() => {
    peer.hook = () => false;
  });
  after(async () => {
    await peer.stop();
    await clients.close();
  });

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
    return codeOf(bringFirstOf(open(access), peer));
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
    const [asked] = await firstOf(server, peer);
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
    expectWhole(await bringFirstOf(open(), peer));
  });

  it("ends with the signal, at once", async () => {
    const stop = new AbortController();
    peer.hook = ({ kind }) => {
      if (kind !== "get") return false;
      stop.abort(new Error("stopped"));
      return true;
    };
    const server = open();
    const [one] = await firstOf(server, peer);
    const error = await failureOf(server.bring(one!, { signal: stop.signal }));
    expect(String(error)).to.include("stopped");
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
