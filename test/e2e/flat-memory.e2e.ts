// A party asks its endpoints and its peers many times a minute, for years: no request may leave anything behind in memory.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { callRpc } from "../../io/chain/json-rpc.ts";
import { addressOf, TestFederation, until } from "../io/p2p/federation-of-peers.ts";
import { patternBytes } from "../suites/blob-store.ts";

/** Bytes in use after collection; what ends by a timer has ended. */
async function heapInUse(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    collect();
  }
  return process.memoryUsage().heapUsed;
}

/** Growth of the heap for each time, bytes, once everything has been done often enough to be compiled and cached. */
async function growthPerTime(times: number, work: (at: number) => Promise<unknown>): Promise<number> {
  const doAll = async (from: number) => {
    for (let at = from; at < from + times; at++) await work(at);
    return heapInUse();
  };
  await doAll(0);
  const before = await doAll(times);
  return ((await doAll(2 * times)) - before) / times;
}

describe("the memory of a party", function () {
  this.timeout(300_000);
  const peers = new TestFederation();
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
    await peers.stop();
  });

  it("does not grow with requests to an endpoint", async () => {
    server = createServer((request, response) => {
      request.resume().on("end", () => response.end('{"jsonrpc":"2.0","id":1,"result":"0x1"}'));
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { signal } = new AbortController();
    const ask = () => callRpc(url, "eth_chainId", [], { timeoutMs: 1000, signal });
    expect(await growthPerTime(4000, ask)).to.be.below(80);
  });

  it("does not grow with objects that it fetches and others that it does not find", async () => {
    const hub = await peers.start();
    const client = await peers.start({ peers: [addressOf(hub)] });
    await until(() => client.network.connectedMembers().length === 1);
    const { signal } = new AbortController();
    const digests = await Promise.all([1, 2, 3].map((seed) => hub.store.put(patternBytes(100, seed))));
    const unknown = `0x${"ab".repeat(32)}` as const;
    const ask = async (at: number) => {
      const fetched = client.network.exchange.fetch(at % 2 ? (unknown as never) : digests[0]!, {
        maxBytes: 1000,
        signal,
      });
      await fetched.catch(() => {});
    };
    expect(await growthPerTime(2000, ask)).to.be.below(300);
  });
});
