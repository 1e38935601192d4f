// Every known way of public providers to refuse a range, a size, a rate or a call.
import { expect } from "chai";
import type { OpenLedger } from "../../../io/chain/ledger.ts";
import type { RoundId } from "../../../protocol/format/digest.ts";
import { startHardhat, type TestChain } from "./chain.ts";
import { codeOf, digestOf, foundFederation, type TestFederation } from "./federation.ts";
import { type RpcProxy, type Rule, startProxy, Trouble } from "./proxy.ts";

const one = 1 as RoundId;
const error = (code: number, text: string, more = {}) => new Trouble("error", code, text, more);
const deep = `${'{"data":'.repeat(100_000)}1${"}".repeat(100_000)}`;

/** As the providers word it (sources: io/chain/refusals.ts). */
const ranges: readonly (readonly [string, Trouble])[] = [
  ["Infura, results", error(-32005, "query returned more than 10000 results. Try with this block range [0x1, 0x2].")],
  ["Infura, time", error(-32005, "query timeout exceeded")],
  ["Infura, blocks", error(-32602, "range 1000000 exceeds limit of 10000")],
  [
    "Alchemy, size",
    error(-32602, "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range"),
  ],
  [
    "Alchemy, free plan",
    error(-32600, "You can make eth_getLogs requests with up to a 500 block range.", { status: 400 }),
  ],
  ["QuickNode", error(-32614, "eth_getLogs is limited to a 10,000 range", { status: 413 })],
  ["Ankr", error(-32600, "block range is too wide")],
  ["Ankr, newer", error(-32602, "maximum [from, to] blocks distance: 10000")],
  ["PublicNode and geth", error(-32602, "exceed maximum block range: 50000")],
  ["reth", error(-32602, "query exceeds max results 20000, retry with the range 25766988-25775072")],
  ["reth, blocks", error(-32602, "query exceeds max block range 100000")],
  ["Erigon, blocks", error(-32602, "query block range exceeds server limit, narrow your filter: 1000")],
  ["Erigon, logs", error(-32000, "query returns too many logs, narrow your filter: 20000")],
  ["Besu", error(-32005, "Requested range exceeds maximum RPC range limit")],
  ["Nethermind", error(-32005, "Too many logs requested. Max logs per response is 20000.")],
  ["Tenderly", error(-32602, "invalid params", { data: { payload: "range 9009594 is bigger than range limit 2000" } })],
  ["Morph", error(-32000, "block range is larger than max block range, block range = 5120, max block range = 5000")],
  ["BNB Chain", error(-32005, "limit exceeded")],
  ["Optimism", error(-32020, "backend response too large")],
  ["dRPC", error(35, "ranges over 10000 blocks are not supported on freetier")],
  ["a proxy", new Trouble("status", 413, "<html>Request Entity Too Large</html>")],
  ["an answer that breaks off", new Trouble("cut")],
  ["an answer of which half is there", new Trouble("garbage", 0, '{"jsonrpc":"2.0","id":1,"result":[{"address":')],
  ["words that nobody knows", error(-32099, "no")],
];

const elsewhere: readonly (readonly [string, Trouble])[] = [
  ["-32000", error(-32000, "internal error")],
  ["-32601", error(-32601, "the method does not exist / is not available")],
  ["HTTP 401", new Trouble("status", 401, "unauthorized")],
  ["HTTP 403", new Trouble("status", 403, "forbidden")],
  ["HTTP 403 with a JSON-RPC error", error(-32600, "Must be authenticated!", { status: 403 })],
  ["HTTP 404", new Trouble("status", 404, "not found")],
  [
    "a deeply nested error.data",
    new Trouble("garbage", 0, `{"id":1,"error":{"code":-32000,"message":"no","data":${deep}}}`),
  ],
  ["Infura's rate", error(-32005, "daily request count exceeded, request rate limited", { status: 429 })],
  ["Alchemy's rate", error(429, "Your app has exceeded its compute units per second capacity.")],
  ["Tenderly's rate", error(-32005, "rate limit exceeded")],
];

describe("refusals of public providers", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  let bad: RpcProxy;
  let good: RpcProxy;

  before(async () => {
    chain = await startHardhat();
    federation = await foundFederation(chain);
    const round = await federation.aggregator.openRound({ plan: digestOf("plan"), base: digestOf("base") });
    for (const hospital of federation.hospitals) {
      await hospital.commitUpdate({ round, manifest: digestOf(`${hospital.self}`), sampleCount: 5 });
    }
  });
  after(async () => {
    federation.close();
    await chain.stop();
  });
  beforeEach(async () => {
    [bad, good] = await Promise.all([startProxy(chain.url), startProxy(chain.url)]);
  });
  afterEach(() => Promise.all([bad.stop(), good.stop()]));

  const openOn = async (proxies: readonly RpcProxy[], rule: Rule): Promise<OpenLedger> => {
    const endpoints = proxies.map(({ url }) => url);
    const ledger = await federation.open(federation.wallets[0], { endpoints, retryForMs: 30_000, timeoutMs: 20_000 });
    bad.rule = rule;
    return ledger;
  };
  const commitmentsOf = async (ledger: OpenLedger) => (await ledger.round(one)).commitments.length;
  const width = ([filter]: readonly { fromBlock: string; toBlock: string }[]) =>
    Number(filter!.toBlock) - Number(filter!.fromBlock);

  for (const [name, trouble] of ranges) {
    it(`asks for fewer blocks: ${name}`, async () => {
      const ledger = await openOn([bad], async ({ method, params, forward }) =>
        method === "eth_getLogs" && width(params) >= 3 ? trouble : forward(),
      );
      expect(await commitmentsOf(ledger)).to.equal(3);
    });
  }

  it("reads block by block where an endpoint takes no two at once", async () => {
    const [[, trouble] = []] = ranges;
    const ledger = await openOn([bad], async ({ method, params, forward }) =>
      method === "eth_getLogs" && width(params) >= 1 ? trouble : forward(),
    );
    expect(await commitmentsOf(ledger)).to.equal(3);
  });

  for (const [name, trouble] of elsewhere) {
    it(`asks the next endpoint: ${name}`, async () => {
      const ledger = await openOn([bad, good], async () => trouble);
      expect(await commitmentsOf(ledger)).to.equal(3);
      expect(await ledger.read("owner", [])).to.match(/^0x/);
      await ledger.write("bindPeerKey", [digestOf(name), `0x${"11".repeat(64)}`]);
    });
  }

  it("says what a lone endpoint refuses, in printable text", async () => {
    const ledger = await openOn([bad], async () => error(-32601, "no such \u001b[31mmethod"));
    const refusal = await ledger.read("owner", []).catch((reason) => reason);
    expect(refusal).to.have.property("code", "RPC_REFUSED");
    expect(refusal.facts).to.include({ rpcCode: -32601, text: "no such ?[31mmethod" });
  });

  it("takes a revert as the contract's answer, and asks no other endpoint", async () => {
    const ledger = await openOn([bad, good], ({ forward }) => forward());
    expect(await codeOf(ledger.openRound({ plan: digestOf("plan"), base: digestOf("base") }))).to.equal(
      "ROUND_RUNNING",
    );
    expect(good.asked.get("eth_estimateGas")).to.equal(undefined);
  });

  it("waits as long as a rate limit asks for", async () => {
    let refusedAt = 0;
    const ledger = await openOn([bad], async ({ forward }) => {
      if (refusedAt > 0) return forward();
      refusedAt = performance.now();
      return new Trouble("status", 429, "", { headers: { "retry-after": "1" } });
    });
    expect(await commitmentsOf(ledger)).to.equal(3);
    expect(performance.now() - refusedAt).to.be.greaterThan(990);
  });

  it("does not ask for the text of motions", async () => {
    const text = "ab".repeat(512);
    await federation.hospitals[0]!.write("vote", [`0x${text}`, true]);
    let answers = "";
    const ledger = await openOn([bad], async ({ method, forward }) => {
      const result = await forward();
      if (method === "eth_getLogs") answers += JSON.stringify(result);
      return result;
    });
    expect(await commitmentsOf(ledger)).to.equal(3);
    expect(answers).not.to.equal("");
    expect(answers).not.to.include(text);
  });

  it("neither takes 62 MB of logs nor holds up the event loop over them", async () => {
    const log = { address: `0x${"00".repeat(20)}`, topics: [`0x${"11".repeat(32)}`], data: "0x", blockNumber: "0x1" };
    const line = JSON.stringify({ ...log, blockHash: log.topics[0], logIndex: "0x0", transactionHash: log.topics[0] });
    const body = `{"jsonrpc":"2.0","id":1,"result":[${Array(Math.ceil(62e6 / line.length))
      .fill(line)
      .join(",")}]}`;
    let last = performance.now();
    let longestGap = 0;
    const timer = setInterval(() => {
      longestGap = Math.max(longestGap, performance.now() - last);
      last = performance.now();
    }, 10);
    try {
      const ledger = await openOn([bad], async ({ method, params, forward }) =>
        method === "eth_getLogs" && width(params) >= 3 ? new Trouble("garbage", 0, body) : forward(),
      );
      expect(await commitmentsOf(ledger)).to.equal(3);
    } finally {
      clearInterval(timer);
    }
    expect(longestGap).to.be.lessThan(1500);
  });
});
