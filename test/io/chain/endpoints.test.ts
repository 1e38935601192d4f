// RPC endpoints that fail, limit, lag and lie.
import { expect } from "chai";
import type { OpenLedger } from "../../../io/chain/ledger.ts";
import type { HospitalAddress, RoundId } from "../../../protocol/format/digest.ts";
import { startHardhat, type TestChain } from "./chain.ts";
import { codeOf, digestOf, foundFederation, type TestFederation } from "./federation.ts";
import { type Exchange, type RpcProxy, type Rule, startProxy, Trouble } from "./proxy.ts";

const plan = digestOf("plan");
const base = digestOf("base");
const one = 1 as RoundId;

describe("the ledger over endpoints that misbehave", () => {
  let chain: TestChain;
  let federation: TestFederation;
  let bad: RpcProxy;
  let good: RpcProxy;
  const noncesBefore = new Map<string, number>();

  before(async () => {
    chain = await startHardhat();
  });
  after(() => chain.stop());
  beforeEach(async () => {
    federation = await foundFederation(chain);
    for (const { address } of federation.wallets)
      noncesBefore.set(address.toLowerCase(), await transactionsOf(address));
    [bad, good] = await Promise.all([startProxy(chain.url), startProxy(chain.url)]);
  });
  afterEach(async () => {
    federation.close();
    await Promise.all([bad.stop(), good.stop()]);
  });

  const openAndCommit = async () => {
    const round = await federation.aggregator.openRound({ plan, base });
    for (const hospital of federation.hospitals) {
      await hospital.commitUpdate({ round, manifest: digestOf(`${hospital.self}`), sampleCount: 5 });
    }
    return round;
  };
  /** Opened before it misbehaves, since opening looks at the chain too. */
  const openOn = async (endpoints: readonly RpcProxy[], rule: Rule, changes = {}): Promise<OpenLedger> => {
    const ledger = await federation.open(federation.wallets[0], {
      endpoints: endpoints.map(({ url }) => url),
      retryForMs: 1500,
      ...changes,
    });
    bad.rule = rule;
    return ledger;
  };
  const commitmentsOf = async (ledger: OpenLedger) => (await ledger.round(one)).commitments.length;
  const times = (count: number, trouble: Trouble): Rule => {
    let left = count;
    return ({ forward }: Exchange) => (left-- > 0 ? Promise.resolve(trouble) : forward());
  };
  const always = (trouble: Trouble): Rule => times(Number.POSITIVE_INFINITY, trouble);

  for (const [name, trouble] of [
    ["HTTP 429", new Trouble("status", 429)],
    ["limit exceeded (EIP-1474)", new Trouble("error", -32005, "limit exceeded")],
    ["HTTP 503", new Trouble("status", 503)],
    ["a cut connection", new Trouble("hang-up")],
    ["half an answer", new Trouble("garbage", 0, '{"jsonrpc":"2.0","id":1,"resu')],
  ] as const) {
    it(`waits and tries again after ${name}`, async () => {
      await openAndCommit();
      expect(await commitmentsOf(await openOn([bad], times(1, trouble)))).to.equal(3);
    });

    it(`asks the next endpoint at once after ${name}`, async () => {
      await openAndCommit();
      const started = performance.now();
      expect(await commitmentsOf(await openOn([bad, good], always(trouble)))).to.equal(3);
      expect(performance.now() - started).to.be.lessThan(1500);
      expect(good.asked.get("eth_getLogs")).to.be.greaterThan(0);
    });
  }

  it("gives up a silent endpoint after its time limit", async () => {
    await openAndCommit();
    const ledger = await openOn([bad, good], always(new Trouble("silence")), {
      timeoutMs: 500,
      retryForMs: 10_000,
    });
    expect(await commitmentsOf(ledger)).to.equal(3);
  });

  it("fails with RPC_UNAVAILABLE when no endpoint answers in time", async () => {
    const ledger = await openOn([bad], always(new Trouble("status", 503)), { retryForMs: 300 });
    expect(await codeOf(ledger.latestRound())).to.equal("RPC_UNAVAILABLE");
    bad.rule = undefined;
    expect(await ledger.latestRound()).to.equal(0);
  });

  it("ends at once when it is closed, even during an endpoint's answer", async () => {
    const ledger = await openOn([bad], always(new Trouble("silence")), { timeoutMs: 60_000, retryForMs: 60_000 });
    const reading = codeOf(ledger.latestRound());
    const writing = codeOf(ledger.openRound({ plan, base }));
    const started = performance.now();
    ledger.close();
    expect([await reading, await writing]).to.deep.equal(["ABORTED", "ABORTED"]);
    expect(performance.now() - started).to.be.lessThan(500);
  });

  it("passes over an endpoint of another chain", async () => {
    await openAndCommit();
    bad.rule = async ({ method, forward }) => (method === "eth_chainId" ? "0x1" : forward());
    const endpoints = [bad.url, good.url];
    expect(await commitmentsOf(await federation.open(undefined, { endpoints }))).to.equal(3);
    expect(bad.asked.get("eth_getLogs")).to.equal(undefined);
  });

  it("sorts and deduplicates logs", async () => {
    await openAndCommit();
    const ledger = await openOn([bad], async ({ method, forward }) => {
      const result = await forward();
      return method === "eth_getLogs" ? [...(result as unknown[]), ...(result as unknown[])].reverse() : result;
    });
    const { commitments } = await ledger.round(one);
    expect(commitments.map(({ member }) => member)).to.deep.equal(federation.hospitals.map(({ self }) => self));
  });

  it("reads in smaller pieces from an endpoint that refuses many blocks at once", async () => {
    await openAndCommit();
    const ledger = await openOn([bad], async ({ method, params, forward }) => {
      const wide = method === "eth_getLogs" && Number(params[0].toBlock) - Number(params[0].fromBlock) >= 3;
      return wide ? new Trouble("error", -32000, "block range too wide") : forward();
    });
    expect(await commitmentsOf(ledger)).to.equal(3);
  });

  it("detects left-out events by the contract's own hash", async () => {
    await openAndCommit();
    const ledger = await openOn([bad], hideOne(federation.hospitals[1]!.self!));
    expect(await codeOf(ledger.round(one))).to.equal("LOGS_INCOMPLETE");
    bad.rule = undefined;
    expect(await commitmentsOf(ledger)).to.equal(3);
  });

  it("detects left-out events by a second endpoint, even if the first one hides the contract's state", async () => {
    await openAndCommit();
    const hiding = hideOne(federation.hospitals[1]!.self!);
    const ledger = await openOn([bad, good], async (exchange) => {
      // A client may lack the state of a block, so a lying endpoint says that it does.
      if (exchange.method === "eth_call") return new Trouble("error", -32000, "missing trie node");
      return hiding(exchange);
    });
    expect(await codeOf(ledger.round(one))).to.equal("ENDPOINTS_DISAGREE");
  });

  it("refuses a changed event, a malformed block number, and foreign events", async () => {
    await openAndCommit();
    const change =
      (edit: (log: Record<string, string>) => Record<string, unknown>): Rule =>
      async (exchange) => {
        const result = await exchange.forward();
        return exchange.method === "eth_getLogs" ? (result as Record<string, string>[]).map(edit) : result;
      };
    const ledger = await openOn(
      [bad, good],
      change((log) => ({ ...log, data: log["data"]!.replace(/0$/, "7") })),
    );
    expect(await codeOf(ledger.latestRound())).to.equal("ENDPOINTS_DISAGREE");
    const single = await openOn(
      [bad],
      change((log) => ({ ...log, blockNumber: "many" })),
      { retryForMs: 100 },
    );
    expect(await codeOf(single.latestRound())).to.equal("RPC_UNAVAILABLE");
    const foreign = await openOn(
      [bad],
      change((log) => ({ ...log, topics: [`0x${"11".repeat(32)}`] })),
    );
    expect(await codeOf(foreign.latestRound())).to.equal("EVENT_MALFORMED");
  });

  it("does not go back in time with an endpoint that lags", async () => {
    await openAndCommit();
    const ledger = await openOn([bad], ({ forward }) => forward());
    expect(await commitmentsOf(ledger)).to.equal(3);
    bad.rule = async ({ method, forward }) => (method === "eth_blockNumber" ? "0x2" : forward());
    expect(await ledger.latestRound()).to.equal(1);
    expect(await commitmentsOf(ledger)).to.equal(3);
  });

  it("writes once although the answer to its transaction was lost", async () => {
    const round = await federation.aggregator.openRound({ plan, base });
    let lost = 0;
    const ledger = await openOn([bad, good], async ({ method, forward }) => {
      const result = await forward();
      if (method !== "eth_sendRawTransaction" || lost++ > 0) return result;
      return new Trouble("status", 502);
    });
    await ledger.commitUpdate({ round, manifest: digestOf("m"), sampleCount: 1 });
    expect([lost, await commitmentsOf(ledger)]).to.deep.equal([1, 1]);
    expect(await nonceOf(ledger.self!)).to.equal(1);
  });

  it("broadcasts again, with a better offer, a transaction that an endpoint accepts and forgets", async () => {
    const round = await federation.aggregator.openRound({ plan, base });
    const forgotten: string[] = [];
    const ledger = await openOn([bad], async ({ method, params, forward }) => {
      if (method !== "eth_sendRawTransaction" || forgotten.length >= 4) return forward();
      forgotten.push(params[0]);
      return `0x${"00".repeat(32)}`;
    });
    await ledger.commitUpdate({ round, manifest: digestOf("m"), sampleCount: 1 });
    expect(new Set(forgotten).size).to.equal(2);
    expect([await commitmentsOf(ledger), await nonceOf(ledger.self!)]).to.deep.equal([1, 1]);
  });

  it("raises its offer until the chain accepts the transaction, and fails at the maximum", async () => {
    const round = await federation.aggregator.openRound({ plan, base });
    let refusals = 0;
    const ledger = await openOn([bad], async ({ method, forward }) => {
      if (method !== "eth_sendRawTransaction" || refusals++ >= 3) return forward();
      return new Trouble("error", -32000, "transaction underpriced");
    });
    await ledger.commitUpdate({ round, manifest: digestOf("m"), sampleCount: 1 });
    expect([refusals, await commitmentsOf(ledger)]).to.deep.equal([4, 1]);
    bad.rule = async ({ method, forward }) =>
      method === "eth_sendRawTransaction"
        ? new Trouble("error", -32000, "replacement transaction underpriced")
        : forward();
    expect(await codeOf(ledger.write("bindPeerKey", [plan, `0x${"11".repeat(64)}`]))).to.equal("CHAIN_FEES");
  });

  it("shares its key with another process without losing a write", async () => {
    const [wallet] = federation.wallets;
    const [first, second] = await Promise.all([federation.open(wallet), federation.open(wallet)]);
    const proof = `0x${"11".repeat(64)}`;
    const writes = Array.from({ length: 6 }, (_, i) =>
      [first, second][i % 2]!.write("bindPeerKey", [digestOf(`${i}`), proof]),
    );
    const receipts = await Promise.all(writes);
    expect(new Set(receipts.map(({ transactionHash }) => transactionHash)).size).to.equal(6);
    expect(await nonceOf(wallet!.address as HospitalAddress)).to.equal(6);
  });

  const transactionsOf = async (account: string) =>
    Number(await chain.rpc("eth_getTransactionCount", [account, "latest"]));
  const nonceOf = async (account: string) =>
    (await transactionsOf(account)) - (noncesBefore.get(account.toLowerCase()) ?? 0);
});

/** Leaves out the logs of one hospital. */
function hideOne(member: HospitalAddress): Rule {
  return async ({ method, forward }) => {
    const result = await forward();
    if (method !== "eth_getLogs") return result;
    const hidden = `0x${member.slice(2).padStart(64, "0")}`;
    return (result as { topics: string[] }[]).filter(({ topics }) => topics[2] !== hidden);
  };
}
