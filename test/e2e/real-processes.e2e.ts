// What the simulator shows for thousands of seeds, once more with real processes, a real chain and a real network.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { seededIntegers } from "../../foundation/random.ts";
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
    it(`names an aggregator that ${what}, on chain and in the log, and makes the honest models all the same`, async () => {
      await federation.start({ lie });
      await federation.untilAdopted(rounds);
      expect(await federation.models()).to.deep.equal(honest);
      const refused = federation.events.filter(({ event }) => event === "refused");
      const codes = new Set(refused.map((event) => event["code"]));
      // On a busy machine a hospital may not have had all updates within half of the time for votes: it refuses for that.
      codes.delete("UNSERVED_INCLUDED");
      expect(codes).to.deep.equal(new Set([code]));
      expect(new Set(refused.map((event) => event["proposer"]))).to.deep.equal(
        new Set([federation.aggregator.address]),
      );
      const onChain = (await federation.rounds()).flatMap(({ proposals }) => proposals);
      const disagreed = onChain.filter(({ status }) => status === "refused");
      expect(disagreed.length).to.be.at.least(1);
      for (const { proposer } of disagreed) expect(proposer).to.equal(federation.aggregator.address);
      // Once enough have refused, the others need not judge any more: those who did say so in their logs.
      for (const { name } of federation.hospitals.filter(({ address }) =>
        refused.some((e) => e["hospital"] === address && e["code"] === code),
      )) {
        expect(await federation.log(name), name).to.include(code);
      }
    });
  }

  it("goes on without its aggregator, killed in the first round", async () => {
    await federation.start();
    await federation.until(() => federation.events.some(({ event }) => event === "committed"));
    await federation.kill("aggregator");
    await federation.untilAdopted(1);
    expect((await federation.models())[0]).to.equal(honest[0]);
  });

  for (const seed of [1, 2, 3]) {
    it(`comes to the same models with every party killed at some moment and started again (seed ${seed})`, async () => {
      const next = seededIntegers(seed, "kills");
      await federation.start();
      const names = [federation.aggregator, ...federation.hospitals].map(({ name }) => name);
      for (const name of names) {
        await sleep(next() % 2500);
        await federation.kill(name);
        await sleep(next() % 500);
        await federation.startParty(name);
      }
      await federation.until(() => federation.events.some(({ event }) => event === "finished"));
      expect(await federation.models()).to.deep.equal(honest);
      for (const { members, commitments } of await federation.rounds()) {
        expect(new Set(commitments.map(({ member }) => member)).size).to.equal(commitments.length);
        expect(commitments).to.have.length(members.length);
      }
    });
  }
});
