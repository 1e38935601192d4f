// One endpoint's headers, logs and heads are compared with the others'.
import { expect } from "chai";
import type { OpenLedger } from "../../../io/chain/ledger.ts";
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import { startHardhat, type TestChain } from "./chain.ts";
import { codeOf, digestOf, foundFederation, type TestFederation } from "./federation.ts";
import { aheadOf, changed, type Fields, frozenAt, later } from "./lies.ts";
import { type RpcProxy, type Rule, startProxy, Trouble } from "./proxy.ts";

describe("the agreement of endpoints", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  let bad: RpcProxy;
  let good: RpcProxy;
  let truth: readonly LedgerEvent[];

  before(async () => {
    chain = await startHardhat();
    federation = await foundFederation(chain);
    const round = await federation.aggregator.openRound({ plan: digestOf("plan"), base: digestOf("base") });
    for (const hospital of federation.hospitals) {
      await hospital.commitUpdate({ round, manifest: digestOf(`${hospital.self}`), sampleCount: 5 });
    }
    truth = await historyOf(federation.aggregator);
  });
  after(async () => {
    federation.close();
    await chain.stop();
  });
  beforeEach(async () => {
    [bad, good] = await Promise.all([startProxy(chain.url), startProxy(chain.url)]);
  });
  afterEach(() => Promise.all([bad.stop(), good.stop()]));

  const historyOf = async (ledger: OpenLedger): Promise<LedgerEvent[]> => {
    const events: LedgerEvent[] = [];
    for await (const event of ledger.history()) events.push(event);
    return events;
  };
  const openOn = async (proxies: readonly RpcProxy[], rule?: Rule): Promise<OpenLedger> => {
    const endpoints = proxies.map(({ url }) => url);
    const ledger = await federation.open(undefined, { endpoints, retryForMs: 1500, timeoutMs: 20_000 });
    bad.rule = rule;
    return ledger;
  };
  const host = ({ url }: RpcProxy) => new URL(url).host;
  it("says how many endpoints there are, and that all agreed", async () => {
    const ledger = await openOn([bad, good]);
    expect(await historyOf(ledger)).to.deep.equal(truth);
    expect(ledger.agreement).to.deep.equal({ endpoints: 2, agreed: 2, silent: [], behind: [] });
    const alone = await openOn([good]);
    await historyOf(alone);
    expect(alone.agreement).to.deep.equal({ endpoints: 1, agreed: 1, silent: [], behind: [] });
  });

  it("asks for the headers of a history once, but trusts none for a time that the logs do not give, or give otherwise", async () => {
    const ledger = await openOn([good]);
    expect(await historyOf(ledger)).to.deep.equal(truth);
    const headers = () => good.asked.get("eth_getBlockByNumber")!;
    const first = headers();
    expect(await historyOf(ledger)).to.deep.equal(truth);
    expect(headers() - first).to.be.at.most(4);
    good.rule = changed({ eth_getLogs: (log) => ({ ...log, blockTimestamp: undefined }) });
    expect(await historyOf(ledger)).to.deep.equal(truth);
    expect(headers() - first).to.be.above(8);
    good.rule = changed({ eth_getLogs: (log) => ({ ...log, blockTimestamp: later(log["blockTimestamp"] ?? 0) }) });
    expect(await codeOf(historyOf(ledger))).to.equal("RPC_UNAVAILABLE");
  });

  it("passes over an endpoint that gives a block one time in its logs and another in its header", async () => {
    const shifted = changed({ eth_getLogs: (log) => ({ ...log, blockTimestamp: later(log["blockTimestamp"] ?? 0) }) });
    expect(await historyOf(await openOn([bad, good], shifted))).to.deep.equal(truth);
    expect(await codeOf(historyOf(await openOn([bad], shifted)))).to.equal("RPC_UNAVAILABLE");
  });

  const otherBlock = digestOf("another block");
  for (const [about, change] of [
    [
      "block",
      changed({
        eth_getBlockByNumber: (block) => ({ ...block, hash: otherBlock }),
        eth_getLogs: (log) => ({ ...log, blockHash: otherBlock }),
      }),
    ],
    ["time", changed({ eth_getBlockByNumber: (block) => ({ ...block, timestamp: later(block["timestamp"]) }) })],
    ["parent", changed({ eth_getBlockByNumber: (block) => ({ ...block, parentHash: digestOf("another") }) })],
    ["receipts", changed({ eth_getBlockByNumber: (block) => ({ ...block, receiptsRoot: digestOf("another") }) })],
    ["events", changed({ eth_getLogs: (log) => ({ ...log, data: String(log["data"]).replace(/0$/, "7") }) })],
    ["events", changed({ eth_getLogs: (log) => ({ ...log, transactionHash: digestOf("another") }) })],
  ] as const) {
    it(`detects with a second endpoint that the first one lies about ${about}`, async () => {
      const unlogged: Rule = async (exchange) => {
        const result = await change(exchange);
        // So that the shifted time of a header is not found by the same endpoint's logs.
        return exchange.method === "eth_getLogs"
          ? (result as Fields[]).map((log) => ({ ...log, blockTimestamp: undefined }))
          : result;
      };
      const reason = await historyOf(await openOn([bad, good], unlogged)).then(
        () => expect.fail("it was believed"),
        (error) => error,
      );
      expect([reason.code, reason.facts.about]).to.deep.equal(["ENDPOINTS_DISAGREE", about]);
    });
  }

  it("finds one shifted time of an event in the middle of a range", async () => {
    const block = truth.at(-2)!.block;
    const rule = changed({
      eth_getBlockByNumber: (header) =>
        Number(header["number"]) === block ? { ...header, timestamp: later(header["timestamp"]) } : header,
      eth_getLogs: (log) => ({ ...log, blockTimestamp: undefined }),
    });
    expect(await codeOf(historyOf(await openOn([bad, good], rule)))).to.equal("ENDPOINTS_DISAGREE");
  });

  it("names a second endpoint that is dead", async () => {
    const ledger = await openOn([good, bad], async () => new Trouble("hang-up"));
    expect(await historyOf(ledger)).to.deep.equal(truth);
    expect(ledger.agreement).to.deep.equal({ endpoints: 2, agreed: 1, silent: [host(bad)], behind: [] });
  });

  it("compares with a second endpoint that takes fewer blocks at once", async () => {
    const ledger = await openOn([good, bad], async ({ method, params, forward }) =>
      method === "eth_getLogs" && Number(params[0].toBlock) - Number(params[0].fromBlock) >= 3
        ? new Trouble("error", -32602, "query exceeds max block range 3")
        : forward(),
    );
    expect(await historyOf(ledger)).to.deep.equal(truth);
    expect(ledger.agreement.agreed).to.equal(2);
  });

  it("does not open a contract if two endpoints disagree about its code", async () => {
    bad.rule = async ({ method, forward }) => (method === "eth_getCode" ? "0x6001" : forward());
    const { codeDigest: _, ...options } = federation.options;
    const endpoints = [good.url, bad.url];
    expect(await codeOf(federation.open(undefined, { ...options, endpoints }))).to.equal("ENDPOINTS_DISAGREE");
  });

  describe("about the newest blocks, of which none is read that one endpoint alone shows", () => {
    const openAgreed = async (proxies: readonly RpcProxy[], rule?: Rule): Promise<OpenLedger> => {
      const endpoints = proxies.map(({ url }) => url);
      const ledger = await federation.open(undefined, { endpoints, retryForMs: 1500 });
      bad.rule = rule;
      return ledger;
    };
    for (const [place, order] of [
      ["first", () => [bad, good]],
      ["second", () => [good, bad]],
    ] as const) {
      it(`does not believe a ${place} endpoint that is ahead of the other, and says which blocks it left out`, async () => {
        const ledger = await openAgreed(order(), aheadOf(chain));
        expect(await historyOf(ledger)).to.deep.equal(truth);
        const newest = Number(await chain.rpc("eth_blockNumber", []));
        const unread = { from: newest + 1, to: newest + 3, shownBy: host(bad) };
        expect(ledger.agreement).to.deep.equal({ endpoints: 2, agreed: 2, silent: [], behind: [], unread });
        expect(await ledger.latestRound()).to.equal(1);
      });
    }

    it("reads up to a frozen head, and says that the other endpoint alone shows more", async () => {
      const block = truth.at(-2)!.block;
      const ledger = await openAgreed([bad, good], frozenAt(chain, block));
      expect(await historyOf(ledger)).to.deep.equal(truth.slice(0, -1));
      const { agreed, unread } = ledger.agreement;
      expect([agreed, unread?.from, unread?.shownBy]).to.deep.equal([2, block + 1, host(good)]);
    });

    it("reads on past a frozen head if two others agree", async () => {
      const third = await startProxy(chain.url);
      try {
        const ledger = await openAgreed([bad, good, third], frozenAt(chain, truth.at(-2)!.block));
        expect(await historyOf(ledger)).to.deep.equal(truth);
        expect(ledger.agreement).to.deep.include({ endpoints: 3, behind: [host(bad)] });
        expect(ledger.agreement.unread).to.equal(undefined);
      } finally {
        await third.stop();
      }
    });

    it("says no longer that blocks are unread, once the other endpoint has caught up", async () => {
      const ledger = await openAgreed([bad, good], frozenAt(chain, truth.at(-2)!.block));
      expect((await ledger.round(1 as never)).commitments).to.have.length(2);
      bad.rule = undefined;
      expect((await ledger.round(1 as never)).commitments).to.have.length(3);
      expect(ledger.agreement.unread).to.equal(undefined);
    });
  });

  it("says how far reading has come", async () => {
    const seen: number[] = [];
    const ledger = await federation.open(undefined, { onRange: ({ block }) => seen.push(block) });
    await historyOf(ledger);
    expect(seen.at(-1)).to.be.at.least(truth.at(-1)!.block);
  });
});
