// A party with several endpoints acts only on what more than half of those that answer show, waits where they disagree,
// says so, and continues by itself when they agree again.
import { expect } from "chai";
import type { LedgerOptions, OpenLedger } from "../../../io/chain/ledger.ts";
import type { RoundId } from "../../../protocol/format/digest.ts";
import { startHardhat, type TestChain } from "./chain.ts";
import { codeOf, digestOf, foundFederation, type TestFederation } from "./federation.ts";
import { aheadOf, changed, type Fields, frozenAt, later } from "./lies.ts";
import { type RpcProxy, type Rule, startProxy, Trouble } from "./proxy.ts";

const one = 1 as RoundId;

describe("a party with several endpoints", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  let bad: RpcProxy;
  let good: RpcProxy;
  let third: RpcProxy;
  let waits: number;
  let committed = 0;

  before(async () => {
    chain = await startHardhat();
    federation = await foundFederation(chain, { hospitals: 9 });
    await federation.aggregator.openRound({ plan: digestOf("plan"), base: digestOf("base") });
    await commit();
  });
  after(async () => {
    federation.close();
    await chain.stop();
  });
  beforeEach(async () => {
    waits = 0;
    [bad, good, third] = await Promise.all([startProxy(chain.url), startProxy(chain.url), startProxy(chain.url)]);
  });
  afterEach(() => Promise.all([bad.stop(), good.stop(), third.stop()]));

  /** One more commitment on chain. */
  const commit = async () => {
    const hospital = federation.hospitals[committed++]!;
    await hospital.commitUpdate({ round: one, manifest: digestOf(`${hospital.self}`), sampleCount: 5 });
  };
  const openOn = async (proxies: readonly RpcProxy[], rule: Rule, options: Partial<LedgerOptions> = {}) => {
    const endpoints = proxies.map(({ url }) => url);
    const onApart = () => void waits++;
    const settings = { endpoints, retryForMs: 1500, takesMajority: true, onApart, ...options };
    const ledger = await federation.open(undefined, settings);
    bad.rule = rule;
    return ledger;
  };
  const commitmentsOf = async (ledger: OpenLedger) => (await ledger.round(one)).commitments.length;
  const timeOfChain = async () => {
    const block = (await chain.rpc("eth_getBlockByNumber", ["latest", false])) as Fields;
    return Number(block["timestamp"]);
  };
  /** Resolves when the ledger shows all commitments, looking again at each change. */
  const untilAllSeen = async (ledger: OpenLedger) => {
    for await (const _ of ledger.changes()) if ((await commitmentsOf(ledger)) === committed) return;
  };

  for (const [place, order] of [
    ["first", () => [bad, good]],
    ["second", () => [good, bad]],
  ] as const) {
    it(`believes no block that its ${place} endpoint of two invents, says once that it waits, and continues`, async () => {
      const ledger = await openOn(order(), aheadOf(chain));
      expect(await commitmentsOf(ledger)).to.equal(committed);
      expect(await ledger.chainTime()).to.equal(await timeOfChain());
      expect(await commitmentsOf(ledger)).to.equal(committed);
      expect(waits).to.equal(1);
      bad.rule = undefined;
      await commit();
      await untilAllSeen(ledger);
      expect(ledger.agreement.unread).to.equal(undefined);
      expect(waits).to.equal(1);
    });
  }

  it("waits behind an endpoint of two that stands still, and continues without a new block once it has caught up", async () => {
    const ledger = await openOn([bad, good], frozenAt(chain, Number(await chain.rpc("eth_blockNumber", []))));
    await commitmentsOf(ledger);
    await commit();
    const seen = untilAllSeen(ledger);
    for await (const _ of ledger.changes()) if (waits === 1) break;
    expect(await commitmentsOf(ledger)).to.equal(committed - 1);
    bad.rule = undefined;
    await seen;
  });

  it("waits while two endpoints show different events, says so once, and continues when they agree", async () => {
    const wrong = changed({ eth_getLogs: (log) => ({ ...log, transactionHash: digestOf("another") }) });
    const ledger = await openOn([bad, good], wrong);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await codeOf(ledger.members())).to.equal("ENDPOINTS_DISAGREE");
    }
    expect(waits).to.equal(1);
    bad.rule = undefined;
    expect(await commitmentsOf(ledger)).to.equal(committed);
  });

  const lies: readonly (readonly [string, () => Promise<Rule> | Rule])[] = [
    ["invents blocks", () => aheadOf(chain)],
    ["invents events", () => changed({ eth_getLogs: (log) => ({ ...log, transactionHash: digestOf("another") }) })],
    [
      "shifts times",
      () =>
        changed({
          eth_getBlockByNumber: (block) => ({ ...block, timestamp: later(block["timestamp"]) }),
          eth_getLogs: (log) => ({ ...log, blockTimestamp: undefined }),
        }),
    ],
    ["stands still", async () => frozenAt(chain, Number(await chain.rpc("eth_blockNumber", [])))],
    ["is dead", () => async () => new Trouble("hang-up")],
  ];
  for (const [what, lie] of lies) {
    for (const [place, order] of [
      ["first", () => [bad, good, third]],
      ["last", () => [good, third, bad]],
    ] as const) {
      it(`continues with two of three endpoints where the ${place} one ${what}`, async () => {
        const ledger = await openOn(order(), await lie());
        if (what === "stands still" && place === "first") await commit();
        await untilAllSeen(ledger);
        expect(await ledger.chainTime()).to.equal(await timeOfChain());
        expect(waits).to.equal(0);
      });
    }
  }

  it("believes no time that one endpoint of two shifts", async () => {
    const shifted = changed({
      eth_getBlockByNumber: (block) => ({ ...block, timestamp: later(block["timestamp"]) }),
      eth_getLogs: (log) => ({ ...log, blockTimestamp: undefined }),
    });
    const ledger = await openOn([bad, good], shifted);
    expect(await codeOf(ledger.chainTime())).to.equal("ENDPOINTS_DISAGREE");
  });

  it("takes no majority's word where it is not asked to: an auditor reads nothing that one of three disputes", async () => {
    const wrong = changed({ eth_getLogs: (log) => ({ ...log, transactionHash: digestOf("another") }) });
    const ledger = await openOn([good, third, bad], wrong, { takesMajority: false });
    expect(await codeOf(ledger.members())).to.equal("ENDPOINTS_DISAGREE");
  });
});
