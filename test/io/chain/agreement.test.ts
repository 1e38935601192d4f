// One endpoint's headers, logs and heads are compared with the others'.
import { expect } from "chai";
import type { OpenLedger } from "../../../io/chain/ledger.ts";
import type { LedgerEvent } from "../../../protocol/contract/round.ts";
import { startHardhat, type TestChain } from "./chain.ts";
import { codeOf, digestOf, foundFederation, type TestFederation } from "./federation.ts";
import { type Exchange, type RpcProxy, type Rule, startProxy, Trouble } from "./proxy.ts";

type Fields = Record<string, unknown>;
const hex = (value: number) => `0x${value.toString(16)}`;

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
  const changed =
    (changes: Readonly<Record<string, (result: Fields) => Fields>>): Rule =>
    async ({ method, forward }) => {
      const result = (await forward()) as Fields | Fields[] | null;
      const change = changes[method];
      if (!change || result === null) return result;
      return Array.isArray(result) ? result.map(change) : change(result);
    };
  const later = (value: unknown) => hex(Number(value) + 60);

  it("says how many endpoints there are, and that all agreed", async () => {
    const ledger = await openOn([bad, good]);
    expect(await historyOf(ledger)).to.deep.equal(truth);
    expect(ledger.agreement).to.deep.equal({ endpoints: 2, agreed: 2, silent: [], behind: [] });
    const alone = await openOn([good]);
    await historyOf(alone);
    expect(alone.agreement).to.deep.equal({ endpoints: 1, agreed: 1, silent: [], behind: [] });
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

  const frozenAt = (block: number): Rule =>
    async function answer({ method, params, forward }: Exchange) {
      if (method === "eth_blockNumber") return hex(block);
      if (method !== "eth_getBlockByNumber") return forward();
      if (params[0] === "latest") return chain.rpc("eth_getBlockByNumber", [hex(block), false]);
      return Number(params[0]) > block ? null : forward();
    };

  it("reads on with the second endpoint if the head of the first stands still, and says so", async () => {
    const ledger = await openOn([bad, good], frozenAt(truth.at(-2)!.block));
    expect(await historyOf(ledger)).to.deep.equal(truth);
    expect(ledger.agreement).to.deep.equal({ endpoints: 2, agreed: 1, silent: [], behind: [host(bad)] });
  });

  it("reads on if the head of the second endpoint stands still, and says so", async () => {
    const ledger = await openOn([good, bad], frozenAt(truth.at(-2)!.block));
    expect(await historyOf(ledger)).to.deep.equal(truth);
    expect(ledger.agreement).to.deep.equal({ endpoints: 2, agreed: 1, silent: [], behind: [host(bad)] });
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

  it("notices while it follows the chain that the first endpoint stands still", async () => {
    const ledger = await openOn([bad, good], frozenAt(truth.at(-2)!.block));
    expect((await ledger.round(1 as never)).commitments).to.have.length(3);
    expect(ledger.agreement.behind).to.deep.equal([host(bad)]);
  });

  it("no longer says that an endpoint is behind, once it has caught up", async () => {
    const ledger = await openOn([good, bad], frozenAt(truth.at(-2)!.block));
    await historyOf(ledger);
    expect(ledger.agreement.behind).to.deep.equal([host(bad)]);
    bad.rule = undefined;
    await historyOf(ledger);
    expect(ledger.agreement.behind).to.deep.equal([]);
  });

  it("does not open a contract if two endpoints disagree about its code", async () => {
    bad.rule = async ({ method, forward }) => (method === "eth_getCode" ? "0x6001" : forward());
    const { codeDigest: _, ...options } = federation.options;
    const endpoints = [good.url, bad.url];
    expect(await codeOf(federation.open(undefined, { ...options, endpoints }))).to.equal("ENDPOINTS_DISAGREE");
  });

  describe("for an auditor, who reads no block that one endpoint alone shows", () => {
    const openAgreed = async (proxies: readonly RpcProxy[], rule?: Rule): Promise<OpenLedger> => {
      const endpoints = proxies.map(({ url }) => url);
      const ledger = await federation.open(undefined, { endpoints, retryForMs: 1500, isAgreedOnly: true });
      bad.rule = rule;
      return ledger;
    };
    /** Shows blocks on top of the chain, the first with an event that the contract never emitted. */
    const ahead: Rule = async ({ method, params, forward }) => {
      const newest = Number(await chain.rpc("eth_blockNumber", []));
      const invented = async (number: number) => {
        const parent = (await chain.rpc("eth_getBlockByNumber", [hex(newest), false])) as Fields;
        const hash = (of: number) => (of === newest ? parent["hash"] : digestOf(`invented ${of}`));
        const timestamp = hex(Number(parent["timestamp"]) + number - newest);
        return { ...parent, number: hex(number), hash: hash(number), parentHash: hash(number - 1), timestamp };
      };
      const last = newest + 3;
      if (method === "eth_blockNumber") return hex(last);
      if (method === "eth_getBlockByNumber") {
        const wanted = params[0] === "latest" ? last : Number(params[0]);
        return wanted > newest ? invented(wanted) : forward();
      }
      if (method !== "eth_getLogs") return forward();
      const logs = (await forward()) as Fields[];
      if (Number(params[0].toBlock) <= newest || logs.length === 0) return logs;
      const block = await invented(newest + 1);
      const { number: blockNumber, hash: blockHash, timestamp: blockTimestamp } = block;
      return [...logs, { ...logs.at(-1), blockNumber, blockHash, blockTimestamp, logIndex: "0x0" }];
    };

    for (const [place, order] of [
      ["first", () => [bad, good]],
      ["second", () => [good, bad]],
    ] as const) {
      it(`does not believe a ${place} endpoint that is ahead of the other, and says which blocks it left out`, async () => {
        const ledger = await openAgreed(order(), ahead);
        expect(await historyOf(ledger)).to.deep.equal(truth);
        const newest = Number(await chain.rpc("eth_blockNumber", []));
        const unread = { from: newest + 1, to: newest + 3, shownBy: host(bad) };
        expect(ledger.agreement).to.deep.equal({ endpoints: 2, agreed: 2, silent: [], behind: [], unread });
        expect(await ledger.latestRound()).to.equal(1);
      });
    }

    it("reads up to a frozen head, and says that the other endpoint alone shows more", async () => {
      const block = truth.at(-2)!.block;
      const ledger = await openAgreed([bad, good], frozenAt(block));
      expect(await historyOf(ledger)).to.deep.equal(truth.slice(0, -1));
      const { agreed, unread } = ledger.agreement;
      expect([agreed, unread?.from, unread?.shownBy]).to.deep.equal([2, block + 1, host(good)]);
    });

    it("reads on past a frozen head if two others agree", async () => {
      const third = await startProxy(chain.url);
      try {
        const ledger = await openAgreed([bad, good, third], frozenAt(truth.at(-2)!.block));
        expect(await historyOf(ledger)).to.deep.equal(truth);
        expect(ledger.agreement).to.deep.include({ endpoints: 3, behind: [host(bad)] });
        expect(ledger.agreement.unread).to.equal(undefined);
      } finally {
        await third.stop();
      }
    });

    it("reads what one endpoint shows where the other is dead, and says so", async () => {
      const ledger = await openAgreed([good, bad], async () => new Trouble("hang-up"));
      expect(await historyOf(ledger)).to.deep.equal(truth);
      expect(ledger.agreement).to.deep.equal({ endpoints: 2, agreed: 1, silent: [host(bad)], behind: [] });
    });
  });

  it("says how far reading has come", async () => {
    const seen: number[] = [];
    const ledger = await federation.open(undefined, { onRange: ({ block }) => seen.push(block) });
    await historyOf(ledger);
    expect(seen.at(-1)).to.be.at.least(truth.at(-1)!.block);
  });
});
