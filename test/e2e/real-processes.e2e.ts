// The simulator's claims, with real processes, a real chain and a real network.
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
