// The simulator's claims, with real processes, a real chain and a real network.
import { expect } from "chai";
import { seededIntegers } from "../../foundation/random.ts";
import { lateMembers } from "../../protocol/contract/late-members.ts";
import { auditPage } from "../../scripts/audit/page.ts";
import { RealFederation } from "./real-federation.ts";

const rounds = 2;

describe("a federation of real processes", () => {
  let federation: RealFederation;
  let honest: readonly (string | undefined)[];
  before(async () => {
    federation = await RealFederation.found({ rounds });
    await federation.start();
    await federation.untilAdopted(rounds);
    honest = await federation.models();
    await federation.stop();
  });
  beforeEach(async () => {
    federation = await RealFederation.found({ rounds });
  });
  afterEach(() => federation.stop());

  for (const [what, lie, code] of [
    ["drops a committed update", "droppingUpdate", "DROPPED_UPDATE"],
    ["changes a weight by one unit", "alteringModel", "WRONG_MODEL"],
    ["uses a wrong base", "usingOldBase", "WRONG_BASE"],
    ["equivocates", "equivocating", "EQUIVOCATION"],
  ] as const) {
    it(`names an aggregator that ${what}, on chain and in the log, and the models are the honest ones`, async () => {
      await federation.start({ lie });
      await federation.untilAdopted(rounds);
      expect(await federation.models()).to.deep.equal(honest);
      const refused = federation.events.filter(({ event }) => event === "refused");
      const codes = new Set(refused.map((event) => event["code"]));
      // On a busy machine a hospital may not get all updates within half of the voting time: it then refuses for that reason.
      codes.delete("UNSERVED_INCLUDED");
      expect(codes).to.deep.equal(new Set([code]));
      expect(new Set(refused.map((event) => event["proposer"]))).to.deep.equal(
        new Set([federation.aggregator.address]),
      );
      const onChain = (await federation.rounds()).flatMap(({ proposals }) => proposals);
      const disagreed = onChain.filter(({ status }) => status === "refused");
      expect(disagreed.length).to.be.at.least(1);
      for (const { proposer } of disagreed) expect(proposer).to.equal(federation.aggregator.address);
      // When enough hospitals have refused, the others do not judge any more; those that did have it in their logs.
      for (const { name } of federation.hospitals.filter(({ address }) =>
        refused.some((e) => e["hospital"] === address && e["code"] === code),
      )) {
        expect(await federation.log(name), name).to.include(code);
      }
    });
  }

  it("continues without its aggregator, which is killed in the first round", async () => {
    await federation.start();
    await federation.until(() => federation.events.some(({ event }) => event === "committed"));
    await federation.kill("aggregator");
    await federation.untilAdopted(1);
    expect((await federation.models())[0]).to.equal(honest[0]);
  });

  it("waits for a dead hospital for the grace time and not for the commit period, and names it everywhere", async () => {
    const terms = { commitPeriod: 3600, attestPeriod: 300, earlyShare: 75, gracePeriod: 5 };
    await federation.stop();
    federation = await RealFederation.found({ rounds, terms });
    const [dead, ...alive] = federation.hospitals;
    const names = [federation.aggregator, ...alive].map(({ name }) => name);
    await Promise.all(names.map((name) => federation.startParty(name)));
    const finished = ({ address }: { address: string }) =>
      federation.events.some(({ event, hospital }) => event === "finished" && hospital === address);
    await federation.until(() => alive.every(finished), { withinMs: 300_000 });

    const onChain = await federation.rounds();
    expect(onChain.map(({ status }) => status)).to.deep.equal(["final", "final"]);
    const [first, second] = onChain;
    for (const { commitments } of onChain) {
      expect(commitments.map(({ member }) => member)).to.have.members(alive.map(({ address }) => address));
    }
    // The second round opened when the first one was over: seconds, or on a busy machine minutes, and not the hour.
    expect(second!.commitBy - first!.commitBy).to.be.below(terms.commitPeriod / 4);
    const late = federation.events.filter(({ event }) => event === "late");
    expect(new Set(late.map((event) => event["round"]))).to.deep.equal(new Set([1, 2]));
    for (const { members } of late as unknown as { members: string[] }[])
      expect(members).to.deep.equal([dead!.address]);
    expect(await federation.log("aggregator")).to.match(new RegExp(`members-late.*${dead!.address}`));
    expect(lateMembers(onChain.toReversed(), await federation.ledger.chainTime())).to.deep.equal([
      { member: dead!.address, since: first!.commitBy, rounds: 2 },
    ]);
    const report = await federation.audit();
    expect(report.verdict).to.equal("verified");
    expect(auditPage(report, undefined)).to.match(new RegExp(`No update of ${dead!.address} since round 1`));
  });

  for (const seed of [1, 2, 3]) {
    it(`makes the same models when every party is killed at some moment and restarted (seed ${seed})`, async () => {
      const next = seededIntegers(seed, "kills");
      await federation.start();
      const isFinished = () => federation.events.some(({ event }) => event === "finished");
      const moreEvents = (count: number) => {
        const target = federation.events.length + count;
        return federation.until(() => federation.events.length >= target || isFinished());
      };
      const names = [federation.aggregator, ...federation.hospitals].map(({ name }) => name);
      for (const name of names) {
        await moreEvents(next() % 8);
        await federation.kill(name);
        await federation.startParty(name);
      }
      await federation.until(isFinished);
      expect(await federation.models()).to.deep.equal(honest);
      for (const { members, commitments } of await federation.rounds()) {
        expect(new Set(commitments.map(({ member }) => member)).size).to.equal(commitments.length);
        expect(commitments).to.have.length(members.length);
      }
    });
  }
});
