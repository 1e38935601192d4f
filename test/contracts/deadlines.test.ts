import { expect } from "chai";
import { id } from "ethers";
import { defaultTerms, openAndCommit } from "./federation.ts";
import { model, onFederation } from "./on-federation.ts";

const { commitPeriod, proposePeriod, attestPeriod } = defaultTerms;

describe("TrainingRounds", () => {
  const on = onFederation();
  const { pass, refused, propose, attest } = on;

  describe("deadlines", () => {
    it("move nothing before their time, nor what is over", async () => {
      const { as, aggregator } = on.federation;
      await refused(as(aggregator).expire(0), "RoundNothingDue");
      await openAndCommit(on.federation, on.hospitals.slice(0, 2));
      await refused(as(aggregator).expire(1), "RoundNothingDue");
      await pass(commitPeriod + 1);
      // Two updates are enough for a model: the round waits for a proposal.
      await refused(as(aggregator).expire(1), "RoundNothingDue");
      await refused(as(aggregator).expire(2), "RoundMismatch");
      await propose(aggregator, model, 0b11n);
      await refused(as(aggregator).expire(1), "RoundNothingDue");
      for (const hospital of on.hospitals.slice(0, 3)) await attest(hospital, true);
      await pass(365 * 86_400);
      await refused(as(aggregator).expire(1), "RoundNothingDue");
    });

    it("abandon a round with too few updates, by anyone's hand", async () => {
      const { rounds, as, stranger } = on.federation;
      await openAndCommit(on.federation, on.hospitals.slice(0, 1));
      await pass(commitPeriod + 1);
      await expect(as(stranger).expire(1)).to.emit(rounds, "RoundAbandoned").withArgs(1);
    });

    it("abandon a round that nobody proposes a model for", async () => {
      const { rounds, as } = on.federation;
      await openAndCommit(on.federation);
      await pass(commitPeriod + 2 * proposePeriod + 1);
      await expect(as(on.hospitals[0]).expire(1)).to.emit(rounds, "RoundAbandoned").withArgs(1);
    });

    it("close an overdue proposal, then abandon the round when no other follows", async () => {
      const { rounds, as, aggregator } = on.federation;
      await openAndCommit(on.federation);
      await propose(aggregator);
      await pass(attestPeriod + 1);
      await expect(as(on.hospitals[0]).expire(1)).to.emit(rounds, "ProposalExpired").withArgs(1, 1);
      await refused(as(on.hospitals[0]).expire(1), "RoundNothingDue");
      await pass(proposePeriod + 1);
      await expect(as(on.hospitals[0]).expire(1)).to.emit(rounds, "RoundAbandoned").withArgs(1);
    });
  });

  describe("a pause", () => {
    it("can be cut short and never prolonged, and the next one keeps its distance", async () => {
      const { rounds, as, aggregator } = on.federation;
      const { time } = on.chain.networkHelpers;
      const until = (await time.latest()) + 1000;
      await rounds.pauseUntil(until);
      await refused(rounds.pauseUntil(until + 1), "PauseTooLong");
      await rounds.pauseUntil(until - 500);
      await time.increaseTo(until - 500);
      await refused(rounds.pauseUntil(until + 1000), "PauseTooSoon");
      // An opened round does not make the contract forget the last pause.
      await as(aggregator).openRound();
      await refused(rounds.pauseUntil(until + 1000), "PauseTooSoon");
      await time.increaseTo(until - 500 + 30 * 86_400);
      await expect(rounds.pauseUntil((await time.latest()) + 10)).to.emit(rounds, "PausedUntil");
    });

    it("stops every step of the rounds, and lapses by itself", async () => {
      const { rounds, as, aggregator } = on.federation;
      await as(aggregator).openRound();
      const until = (await on.chain.networkHelpers.time.latest()) + 100;
      await expect(rounds.pauseUntil(until)).to.emit(rounds, "PausedUntil").withArgs(until);
      expect(await rounds.pausedUntil()).to.equal(until);
      for (const step of [
        () => as(aggregator).openRound(),
        () => as(on.hospitals[0]).commitUpdate(1, id("m"), 1),
        () => as(on.hospitals[0]).commitUpdates(1, []),
        () => propose(aggregator),
        () => attest(on.hospitals[0], true),
        () => as(on.hospitals[0]).expire(1),
      ]) {
        await refused(step(), "RoundsPaused");
      }
      await on.chain.networkHelpers.time.increaseTo(until);
      await as(on.hospitals[0]).commitUpdate(1, id("m"), 1);
    });

    it("is the owner's, at most 30 days long, and ends when the owner says", async () => {
      const { rounds, as, aggregator } = on.federation;
      const now = await on.chain.networkHelpers.time.latest();
      await refused(rounds.pauseUntil(now + 31 * 86_400), "PauseTooLong");
      await refused(as(on.hospitals[0]).pauseUntil(now + 10), "OwnableUnauthorizedAccount");
      await refused(as(on.hospitals[0]).setTerms(defaultTerms), "OwnableUnauthorizedAccount");
      await refused(rounds.pauseUntil(0), "PauseNotRunning");
      await rounds.pauseUntil(now + 29 * 86_400);
      await rounds.pauseUntil(0);
      await as(aggregator).openRound();
    });
  });
});
