import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { PacsAccess } from "../../../io/pacs/http.ts";
import { multipartParts } from "../../../io/pacs/multipart.ts";
import { openInstanceStore, parseStoreAnswer } from "../../../io/pacs/store-instances.ts";

const patience = { answerMs: 5000, slowMs: 5000, slowBytes: 1, retriesMs: [1] };
const access: PacsAccess = {
  credentials: { kind: "basic", user: "fl", password: "secret" },
  ...{ tls: {}, proxies: {}, connections: 1, patience },
};
const stored = (count: number) => JSON.stringify({ "00081199": { vr: "SQ", Value: Array(count).fill({}) } });

describe("storing results in a PACS", () => {
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse, parts: readonly Buffer[]) => void;
  let asked: { method?: string; url?: string; authorization?: string; parts: Buffer[] }[];
  before(async () => {
    server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of multipartParts(request, request.headers["content-type"]!, 2 ** 20)) {
        parts.push(Buffer.from(part));
      }
      const { method, url, headers } = request;
      asked.push({ ...{ method, url, authorization: headers.authorization }, parts });
      answer(request, response, parts);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  beforeEach(() => {
    asked = [];
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  const instances = [Buffer.from("one\r\n--b"), Buffer.from("two\r\n")];
  async function outcome(): Promise<string | number> {
    const store = openInstanceStore(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/pacs`), access);
    try {
      return await store.store(instances, {});
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await store.close();
    }
  }

  it("sends all objects in one request, as they are, with the credentials", async () => {
    answer = (_, response, parts) => response.end(stored(parts.length));
    expect(await outcome()).to.equal(2);
    const authorization = `Basic ${Buffer.from("fl:secret").toString("base64")}`;
    expect(asked).to.deep.equal([{ method: "POST", url: "/pacs/studies", authorization, parts: instances }]);
  });

  it("sends them again where the PACS is busy", async () => {
    answer = (_, response, parts) =>
      asked.length === 1 ? response.writeHead(503).end() : response.end(stored(parts.length));
    expect([await outcome(), asked.length]).to.deep.equal([2, 2]);
  });

  it("is an error where the PACS keeps fewer, refuses, or answers something else", async () => {
    const failed = { "00081198": { vr: "SQ", Value: [{ "00081197": { vr: "US", Value: [0x0122] } }] } };
    for (const [status, text, code] of [
      [202, JSON.stringify({ ...failed, ...(JSON.parse(stored(1)) as object) }), "PACS_NOT_STORED"],
      [409, JSON.stringify(failed), "PACS_NOT_STORED"],
      [200, stored(1), "PACS_NOT_STORED"],
      [200, "<html>", "PACS_MALFORMED"],
      [401, "", "PACS_UNAUTHORISED"],
      [400, "", "PACS_REFUSED"],
      [200, `{"00081199":${" ".repeat(2 ** 22)}`, "PACS_TOO_LARGE"],
    ] as const) {
      answer = (_, response) => response.writeHead(status).end(text);
      expect(await outcome(), String(status)).to.equal(code);
    }
    expect(parseStoreAnswer(JSON.stringify(failed))).to.deep.equal({ stored: 0, failed: 1, reason: "0x0122" });
  });
});
