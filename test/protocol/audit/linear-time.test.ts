// What an attacker pays for is bytes: events on chain and objects that are served. An audit takes time linear in them.
import { expect } from "chai";
import { auditFederation } from "../../../protocol/audit/audit-federation.ts";
import { localExchange } from "../../../protocol/audit/local-objects.ts";
import type { ContractEvent, LedgerEvent } from "../../../protocol/contract/events.ts";
import type { Digest, RoundId } from "../../../protocol/format/digest.ts";
import { FakeContract } from "../../fakes/contract.ts";
import { addressOf, exampleTerms, FakeFederation } from "../../fakes/federation.ts";
import { FakeStore } from "../../fakes/network.ts";
import { fakeSignatures } from "../../fakes/party-ports.ts";
import { audit, leftBy } from "./finished-federation.ts";

const digest = (value: number) => `0x${value.toString(16).padStart(64, "0")}` as Digest;
const federation = { chainId: 1, contract: addressOf(200) };

/** Milliseconds of this process's CPU for an audit of the events, with no object at hand. */
async function costOf(events: readonly LedgerEvent[], latest: number): Promise<number> {
  const store = new FakeStore();
  const ledger = {
    federation,
    latestRound: async () => latest as RoundId,
    async *history() {
      yield* events;
    },
  };
  const before = process.cpuUsage();
  const work = auditFederation(
    { ledger, blobs: store, exchange: localExchange(store), signatures: fakeSignatures(federation.contract) },
    { maxModelBytes: 1 << 20 },
  );
  let step = await work.next();
  while (!step.done) step = await work.next();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Rounds without objects, between which a hospital changes its key forty times. */
function history(rounds: number): LedgerEvent[] {
  const events: LedgerEvent[] = [];
  let time = 0;
  const add = (event: ContractEvent) => {
    time++;
    events.push({ block: time, blockHash: digest(time), logIndex: 0, transaction: digest(time), time, ...event });
  };
  const keys = [1, 2, 3].map((index) => digest(index).slice(0, 42) as ReturnType<typeof addressOf>);
  add({ kind: "terms-set", terms: exampleTerms });
  add({ kind: "plan-agreed", plan: digest(1), genesis: digest(2) });
  keys.forEach((member, index) => void add({ kind: "member-admitted", member, index, role: "hospital" }));
  for (let id = 1; id <= rounds; id++) {
    const round = id as RoundId;
    const commitBy = time + 1 + exampleTerms.commitPeriod;
    const members = [...keys];
    add({
      kind: "round-opened",
      round,
      opener: keys[0]!,
      plan: digest(1),
      base: digest(id + 1),
      members,
      commitBy,
      proposeBy: commitBy + 40,
    });
    for (const member of keys) add({ kind: "update-committed", round, member, manifest: digest(id), sampleCount: 1 });
    add({ kind: "round-abandoned", round });
    for (let change = 0; change < 40; change++) {
      const to = `0x${digest(id * 64 + change + (1 << 20)).slice(26)}` as (typeof keys)[number];
      add({ kind: "member-rotated", from: keys[0]!, to, index: 0 });
      keys[0] = to;
    }
  }
  return events;
}

describe("the time of an audit", () => {
  it("grows as the events do, however many rounds there were and keys that members had", async function () {
    this.timeout(60_000);
    const [few, many] = [history(50), history(400)];
    await costOf(few, 50);
    const costs = { few: Number.POSITIVE_INFINITY, many: Number.POSITIVE_INFINITY };
    for (let run = 0; run < 2; run++) {
      costs.few = Math.min(costs.few, await costOf(few, 50));
      costs.many = Math.min(costs.many, await costOf(many, 400));
    }
    // 8 times the events; a cost that grows with the square would be 64 times as high.
    expect(costs.many / costs.few, JSON.stringify(costs)).to.be.lessThan(20);
  });

  it("derives no more than three refused proposals of a round, and the accepted one", async () => {
    const hospitals = 7;
    const fake = await FakeFederation.create({ hospitals, plan: { rounds: 1 } });
    fake.start();
    await fake.runUntil(() => fake.finals.length === 1, { withinSeconds: 4000 });
    const finished = leftBy(fake);
    const [opened] = finished.events.filter((event) => event.kind === "round-opened");
    const contract = new FakeContract(exampleTerms, { plan: fake.planDigest, genesis: fake.genesis });
    let time = 1;
    for (const { address } of fake.hospitals) contract.admit(address, "hospital", time++);
    contract.apply(addressOf(0), { name: "openRound", args: { plan: opened!.plan, base: opened!.base } }, time++);
    const round = 1 as RoundId;
    const right = finished.events.find((event) => event.kind === "model-proposed")!;
    const committed = finished.events.filter((event) => event.kind === "update-committed");
    for (const { member, manifest, sampleCount } of committed) {
      contract.apply(member, { name: "commitUpdate", args: { round, manifest, sampleCount } }, time++);
    }
    const members = fake.hospitals.map(({ address }) => address);
    for (const [at, proposer] of members.entries()) {
      const isLast = at === members.length - 1;
      const included = isLast ? right.included : members.slice(0, 2 + at);
      if (at === 1) time = contract.rounds[0]!.proposeBy + 1;
      contract.apply(
        proposer,
        { name: "proposeModel", args: { round, model: isLast ? right.model : digest(99), included } },
        time++,
      );
      for (const member of members) {
        if (contract.rounds[0]!.status !== "proposed") break;
        const vote = { round, proposal: at + 1, agree: isLast, scores: digest(0) };
        contract.apply(member, { name: "attest", args: vote }, time++);
      }
    }
    const report = await audit({ ...finished, events: [...contract.events] });
    const proposals = report.rounds[0]!.proposals;
    expect(proposals.map(({ status }) => status)).to.deep.equal([...Array(6).fill("refused"), "accepted"]);
    const isDerived = proposals.map(({ derived }) => derived !== undefined);
    expect(isDerived).to.deep.equal([true, true, true, false, false, false, true]);
    expect(report.rounds[0]!.findings.filter(({ code }) => code === "NOT_DERIVED")).to.have.length(3);
    expect(report.verdict).to.equal("verified");
  });
});
