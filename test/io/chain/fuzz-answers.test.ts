// Whatever an endpoint answers: a value or an error of the table, never anything else. Values: test/decoders.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { isFedError } from "../../../foundation/errors.ts";
import { callRpc } from "../../../io/chain/json-rpc.ts";
import { headerOf, LogReader } from "../../../io/chain/log-reader.ts";

const word = fc.constantFrom(..."0123456789abcdef").map((digit) => digit.repeat(64));
const hex = fc.oneof(
  fc.array(fc.constantFrom(..."0123456789abcdefX"), { maxLength: 300 }).map((digits) => `0x${digits.join("")}`),
  fc.array(word, { maxLength: 12 }).map((words) => `0x${words.join("")}`),
);
const fields = fc.dictionary(
  fc.constantFrom("number", "hash", "timestamp", "topics", "data", "blockNumber", "logs", "address", "status"),
  fc.oneof(hex, fc.jsonValue()),
);
const anything = fc.oneof(fields, fc.array(fields, { maxLength: 3 }), fc.jsonValue(), hex);

async function onlyFedErrors(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isFedError(error)) throw error;
  }
}

describe("answers of an RPC endpoint, fuzzed", function () {
  this.timeout(60_000);

  it("to a reader of logs", () =>
    fc.assert(
      fc.asyncProperty(anything, async (value) => {
        await onlyFedErrors(() => headerOf(async () => value, 1));
        await onlyFedErrors(() => new LogReader(`0x${"11".repeat(20)}`).readRange(async () => value, 1, 3));
      }),
    ));

  describe("bodies", () => {
    let server: Server;
    let url: string;
    let body = "";
    let status = 200;

    before(async () => {
      server = createServer((request, response) =>
        request.resume().on("end", () => response.writeHead(status).end(body)),
      );
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    after(() => {
      server.closeAllConnections();
      server.close();
    });

    it("of any form and status", () =>
      fc.assert(
        fc.asyncProperty(
          fc.oneof(
            fc.string(),
            fc
              .record({
                error: fc.oneof(
                  fc.jsonValue(),
                  fc.record({ code: fc.integer(), message: fc.string(), data: anything }),
                ),
              })
              .map((each) => JSON.stringify(each)),
            fc.record({ result: fc.jsonValue() }).map((each) => JSON.stringify(each)),
          ),
          fc.constantFrom(200, 204, 400, 403, 413, 429, 500),
          fc.constantFrom("eth_getLogs", "eth_call"),
          async (text, code, method) => {
            body = code === 204 ? "" : text;
            status = code;
            await onlyFedErrors(() => callRpc(url, method, [], { timeoutMs: 10_000 }));
          },
        ),
        { numRuns: 150 },
      ));
  });
});
