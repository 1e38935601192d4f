import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { readTokenCommand } from "../../../io/pacs/credentials.ts";
import { type DicomWebServer, openDicomWeb } from "../../../io/pacs/dicomweb.ts";
import type { PacsAccess } from "../../../io/pacs/http.ts";
import { phantomFiles } from "../../imaging/import/phantom-archive.ts";
import { hasOpenSsl, makeCertificates } from "./certificates.ts";
import { type Hook, multipartType, type Peer, partOf, sendJson, startPeer } from "./dicomweb-peer.ts";

const patience = { answerMs: 3000, slowMs: 150, slowBytes: 2 ** 14, retriesMs: [5, 5] };
const access: PacsAccess = { credentials: { kind: "none" }, tls: {}, proxies: {}, connections: 4, patience };

describe("a PACS with DICOMweb", function () {
  this.timeout(30_000);
  const files = phantomFiles({ index: 1, id: "P1" });
  let peer: Peer;
  const opened: DicomWebServer[] = [];
  beforeEach(async () => {
    peer = await startPeer(files);
  });
  afterEach(async () => {
    await peer.stop();
    for (const one of opened.splice(0)) await one.close();
  });

  function open(more: Partial<PacsAccess> = {}, query = ""): DicomWebServer {
    const server = openDicomWeb(peer.url, query, { ...access, ...more });
    opened.push(server);
    return server;
  }
  async function studies(server = open(), signal?: AbortSignal): Promise<string[]> {
    const found: string[] = [];
    for await (const study of server.find(signal ? { signal } : {})) found.push(study);
    return found;
  }
  async function bringFirst(server = open()): Promise<Uint8Array> {
    const [first] = await server.instances(peer.studies()[0]!, {});
    return server.bring(first!, {});
  }
  const failureOf = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => ({ code: "none" }),
      (failure: unknown) => failure,
    );
    return error as { code: string; message: string; remedy: string; facts: Record<string, unknown> };
  };
  const codeOf = async (work: Promise<unknown>) => (await failureOf(work)).code;
  const onInstances =
    (answer: Hook): Hook =>
    (request, response) =>
      request.url!.includes("/instances/") ? answer(request, response) : false;

  it("brings instances byte by byte as they are stored", async () => {
    expect(Buffer.from(await bringFirst()).equals(files[0]!)).to.equal(true);
  });

  it("asks for stored bytes, uncompressed, and passes the query on", async () => {
    let headers: IncomingMessage["headers"] = {};
    peer.hook = onInstances((request) => {
      headers = request.headers;
      return false;
    });
    const server = open({}, "ModalitiesInStudy=CT&StudyDate=20200101-20201231");
    await bringFirst(server);
    expect(headers["accept-encoding"]).to.equal("identity");
    expect(headers.accept).to.equal('multipart/related; type="application/dicom"; transfer-syntax=*');
    await studies(server);
    expect(peer.asked.at(-1)).to.include("ModalitiesInStudy=CT&StudyDate=20200101-20201231");
    // Servers ignore names that they do not know, and would list every study.
    for (const query of [
      "limit=3",
      "a b=c",
      "offset=1&StudyDate=2020",
      "../x=1",
      "StudyDat=2020",
      "modalitiesinstudy=CT",
    ])
      expect(() => open({}, query), query).to.throw("PACS_QUERY");
  });

  it("asks page by page, and stops where a server does not know pages", async () => {
    const page = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => ({ "0020000D": { vr: "UI", Value: [`1.2.${from + index}`] } }));
    peer.hook = (request, response) => {
      const from = Number(new URL(request.url!, "http://x").searchParams.get("offset"));
      sendJson(response, from < 400 ? page(from, 200) : page(from, 7));
      return true;
    };
    expect(await studies()).to.have.length(407);
    peer.hook = (_, response) => {
      sendJson(response, page(0, 250));
      return true;
    };
    expect(await studies()).to.have.length(250);
  });

  it("finds nothing where a server answers 204", async () => {
    peer.hook = (_, response) => {
      response.writeHead(204).end();
      return true;
    };
    expect(await studies()).to.deep.equal([]);
  });

  it("reads what a server compresses nevertheless, and refuses what it cannot undo", async () => {
    let encoding = "gzip";
    let packed = gzipSync(partOf(files[0]!));
    peer.hook = onInstances((_, response) => {
      response.writeHead(200, { "content-type": multipartType, "content-encoding": encoding }).end(packed);
      return true;
    });
    expect(Buffer.from(await bringFirst()).equals(files[0]!)).to.equal(true);
    packed = packed.subarray(0, packed.length - 100);
    expect(await codeOf(bringFirst())).to.equal("PACS_TRUNCATED");
    packed = Buffer.from("no gzip at all");
    expect(await codeOf(bringFirst())).to.equal("PACS_MALFORMED");
    encoding = "zstd";
    expect(await codeOf(bringFirst())).to.equal("PACS_MALFORMED");
  });

  it("gives up a server that sends a byte now and then", async () => {
    const timers: NodeJS.Timeout[] = [];
    peer.hook = onInstances((_, response) => {
      response.writeHead(200, { "content-type": multipartType });
      const part = partOf(files[0]!);
      let at = 0;
      timers.push(setInterval(() => response.write(part.subarray(at, ++at)), 10));
      return true;
    });
    expect(await codeOf(bringFirst())).to.equal("PACS_SLOW");
    for (const timer of timers) clearInterval(timer);
  });

  it("gives up a server that does not answer", async () => {
    peer.hook = () => true;
    expect(await codeOf(studies(open({ patience: { ...patience, answerMs: 50 } })))).to.equal("PACS_SLOW");
  });

  it("names what a status means, and tries again only what may pass", async () => {
    for (const [status, code, tries] of [
      [400, "PACS_REFUSED", 1],
      [401, "PACS_UNAUTHORISED", 1],
      [403, "PACS_UNAUTHORISED", 1],
      [404, "PACS_GONE", 1],
      [500, "PACS_REFUSED", 1],
      [502, "PACS_UNREACHABLE", 3],
      [503, "PACS_BUSY", 3],
    ] as const) {
      const before = peer.asked.length;
      peer.hook = (_, response) => {
        response.writeHead(status).end("a page with P1 in it");
        return true;
      };
      const error = await failureOf(studies());
      expect([error.code, peer.asked.length - before], String(status)).to.deep.equal([code, tries]);
      expect(error.message).to.not.include("P1");
    }
  });

  it("follows no redirection", async () => {
    peer.hook = (request, response) => {
      if (request.url!.includes("elsewhere")) return false;
      response.writeHead(302, { location: "/elsewhere" }).end();
      return true;
    };
    expect(await codeOf(studies())).to.equal("PACS_REFUSED");
    expect(peer.asked).to.have.length(1);
  });

  it("continues after a failure that passes", async () => {
    let failures = 0;
    peer.hook = (request) => {
      if (++failures > 2) return false;
      request.socket.destroy();
      return true;
    };
    expect(await studies()).to.have.length(1);
  });

  it("ends at once when it is told to", async () => {
    peer.hook = () => true;
    const stop = new AbortController();
    const work = studies(open(), stop.signal);
    stop.abort(new Error("told to"));
    expect((await failureOf(work)).message).to.equal("told to");
  });

  it("refuses answers that are not DICOMweb, by name", async () => {
    const answers: readonly [type: string, body: string, code: string][] = [
      ["text/html", "<html>login</html>", "PACS_MALFORMED"],
      ["application/dicom+json", "{", "PACS_MALFORMED"],
      ["application/dicom+json", "[{}]", "PACS_MALFORMED"],
      ["application/dicom+json", '[{"0020000D": {"Value": ["1.2/../3"]}}]', "PACS_MALFORMED"],
      ["application/dicom+json", '[{"0020000D": {"Value": ["1.2"]}}', "PACS_TRUNCATED"],
      ["application/dicom+json", `[${"[".repeat(100_000)}`, "PACS_MALFORMED"],
      ["application/dicom+json", `[{"a":${"[".repeat(100_000)}`, "PACS_TOO_LARGE"],
    ];
    for (const [type, body, code] of answers) {
      peer.hook = (_, response) => {
        response.writeHead(200, { "content-type": type }).end(body);
        return true;
      };
      expect(await codeOf(studies()), body.slice(0, 20)).to.equal(code);
    }
  });

  describe("shows who is asking", () => {
    const wanted: Hook = (request, response) => {
      if (request.headers.authorization === expected) return false;
      response.writeHead(401).end();
      return true;
    };
    let expected = "";

    it("by user and password", async () => {
      expected = `Basic ${Buffer.from("anna:s3cret:word").toString("base64")}`;
      peer.hook = wanted;
      const credentials = { kind: "basic", user: "anna", password: "s3cret:word" } as const;
      expect(await studies(open({ credentials }))).to.have.length(1);
      const error = await failureOf(studies(open({ credentials: { ...credentials, password: "wr0ng" } })));
      expect(error.code).to.equal("PACS_UNAUTHORISED");
      expect(JSON.stringify([error.message, error.facts, error.remedy])).to.not.match(/wr0ng|anna/);
    });

    it("by a bearer token, which is read again when it is no longer accepted", async () => {
      let reads = 0;
      const credentials = { kind: "bearer", read: async () => `token-${++reads}\n` } as const;
      expected = "Bearer token-1";
      peer.hook = wanted;
      const server = open({ credentials });
      expect(await studies(server)).to.have.length(1);
      expect(reads).to.equal(1);
      expected = "Bearer token-2";
      // Several at once renew it once.
      await Promise.all([studies(server), studies(server), studies(server)]);
      expect(reads).to.equal(2);
      expected = "Bearer another";
      expect(await codeOf(studies(server))).to.equal("PACS_UNAUTHORISED");
    });

    it("by what a command prints", async () => {
      expect((await readTokenCommand("printf abc.def")).trim()).to.equal("abc.def");
      const error = await failureOf(readTokenCommand("echo secret-on-stderr >&2; exit 3"));
      expect(error.code).to.equal("PACS_TOKEN");
      expect(JSON.stringify([error.message, error.facts])).to.not.include("secret");
      const credentials = { kind: "bearer", read: async () => "two words\r\nX-Evil: 1" } as const;
      expect(await codeOf(studies(open({ credentials })))).to.equal("PACS_TOKEN");
    });
  });

  describe("over TLS", () => {
    let dir: string | undefined;
    const pem = (name: string) => readFileSync(join(dir!, name), "utf8");
    before(function () {
      if (!hasOpenSsl) {
        console.log("skipped: openssl, which makes the certificates, is not installed");
        this.skip();
      }
      dir = mkdtempSync(join(tmpdir(), "consilium-tls-"));
      makeCertificates(dir);
    });
    after(() => {
      if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
    });
    beforeEach(async () => {
      await peer.stop();
      peer = await startPeer(files, { tls: { key: pem("server.key"), cert: pem("server.pem"), ca: pem("ca.pem") } });
    });

    it("believes the hospital's own CA and shows a client certificate", async () => {
      const client = { cert: pem("client.pem"), key: pem("client.key") };
      expect(await studies(open({ tls: { ca: pem("ca.pem"), ...client } }))).to.have.length(1);
      expect(await codeOf(studies(open({ tls: client })))).to.equal("PACS_CERTIFICATE");
      expect(peer.asked).to.have.length(1);
    });

    it("is refused without a client certificate where the PACS wants one", async () => {
      expect(await codeOf(studies(open({ tls: { ca: pem("ca.pem") } })))).to.be.oneOf([
        "PACS_CERTIFICATE",
        "PACS_UNREACHABLE",
      ]);
      expect(peer.asked).to.have.length(0);
    });

    it("goes through a proxy, unless NO_PROXY names the host", async () => {
      const through: string[] = [];
      const sockets: Socket[] = [];
      const proxy = createServer().on("connect", (request: IncomingMessage, socket: Socket) => {
        through.push(request.url!);
        const target = connect(Number(request.url!.split(":")[1]), "127.0.0.1", () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          socket.pipe(target).pipe(socket);
        });
        for (const one of [socket, target]) sockets.push(one.on("error", () => {}));
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      const https = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const tls = { ca: pem("ca.pem"), cert: pem("client.pem"), key: pem("client.key") };
      expect(await studies(open({ tls, proxies: { https } }))).to.have.length(1);
      expect(through).to.deep.equal([peer.url.host]);
      expect(await studies(open({ tls, proxies: { https, none: "127.0.0.1" } }))).to.have.length(1);
      expect(through).to.have.length(1);
      for (const one of sockets) one.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    });
  });
});
