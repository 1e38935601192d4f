import { expect } from "chai";
import { nextActions } from "../../node/next-actions.ts";
import type { HospitalView } from "../../node/view.ts";
import { lineageOf } from "../../protocol/contract/lineage.ts";
import type { RoundState } from "../../protocol/contract/round.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { FakeFederation } from "../fakes/federation.ts";

/** The chain as the hospital sees it; rolled back, it ends with round 1. */
function chainOf(site: FakeFederation["hospitals"][number]): { rolledBack: boolean } {
  const chain = { rolledBack: false };
  site.tamper = ({ ledger }) => ({
    ledger: {
      ...ledger,
      latestRound: async () => (chain.rolledBack ? 1 : await ledger.latestRound()) as RoundState["id"],
    },
  });
  return chain;
}

const noSum = {
  prekeys: new Map(),
  unread: [],
  complaints: new Map(),
  answers: new Map(),
  checkedBy: new Map(),
  factsAtSeal: undefined,
  openings: new Map(),
  key: undefined,
  announced: [],
};

describe("a hospital whose chain is rolled back", () => {
  it("warns once, emits the event once, and continues", async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 3 } });
    const site = federation.hospitals[0]!;
    const chain = chainOf(site);
    federation.start();
    await federation.time.runUntil(() => federation.chain.rounds.length === 2);
    await federation.time.runUntil(() => federation.chain.rounds[1]!.commitments.length > 0);
    chain.rolledBack = true;
    const until = federation.time.now() + 5000;
    await federation.time.runUntil(() => federation.time.now() >= until);
    chain.rolledBack = false;
    await federation.runUntil(() => federation.finals.length === 3);
    const warnings = site.log.lines.filter(({ event }) => event === "chain-rolled-back");
    expect(warnings).to.deep.equal([{ level: "warn", event: "chain-rolled-back", facts: { seen: 2, now: 1 } }]);
    expect(federation.events.filter(({ event }) => event === "chain-rolled-back")).to.deep.equal([
      { hospital: site.address, event: "chain-rolled-back", seen: 2, now: 1 },
    ]);
    expect(site.log.lines.filter(({ level }) => level === "error")).to.deep.equal([]);
  });

  it("reports the end of its plan again, once the rounds that were taken away are final again", async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 2 } });
    const site = federation.hospitals[0]!;
    const chain = chainOf(site);
    const count = (wanted: string) =>
      federation.events.filter((each) => each.event === wanted && "hospital" in each && each.hospital === site.address)
        .length;
    federation.start();
    await federation.time.runUntil(() => count("finished") === 1);
    chain.rolledBack = true;
    await federation.time.runUntil(() => count("chain-rolled-back") === 1);
    expect(count("finished")).to.equal(1);
    chain.rolledBack = false;
    await federation.runUntil(() => count("finished") === 2);
  });

  it("adopts the final model that replaced the one it had adopted", async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 2 } });
    federation.start();
    await federation.runUntil(() => federation.finals.length === 2);
    const { rounds } = federation.chain;
    const other = `0x${"77".repeat(32)}` as Digest;
    const view = (model: Digest): HospitalView => ({
      self: federation.hospitals[0]!.address,
      member: { index: 0, address: federation.hospitals[0]!.address, role: "hospital", active: true } as never,
      now: rounds.at(-1)!.deadline + 1000,
      lineage: lineageOf(rounds),
      replicated: new Set(),
      notes: { prepared: undefined, adopted: { round: rounds.at(-1)!.id, model } },
      training: undefined,
      relayed: false,
      published: new Map(),
      held: [],
      holding: new Map(),
      boxesOpened: new Set(),
      kept: [],
      isBudgetSpent: false,
      sum: noSum,
      heldChangedAt: 0,
      relayGas: 0,
      context: { status: "missing" },
      collected: new Map(),
      fetchingSince: undefined,
      failedFetches: new Map(),
      proposalSeenAt: undefined,
    });
    const kinds = (model: Digest) => nextActions(view(model)).map(({ kind }) => kind);
    expect(kinds(other)).to.include("adopt");
    expect(kinds(rounds.at(-1)!.model!)).not.to.include("adopt");
  });
});
