import { expect } from "chai";
import { id, ZeroHash } from "ethers";
import { defaultTerms, openAndCommit } from "./federation.ts";
import { model, onFederation, status } from "./on-federation.ts";

const { commitPeriod, proposePeriod, attestPeriod, maxExpired } = defaultTerms;

describe("TrainingRounds", () => {
  const on = onFederation();
  const { pass, state, refused, propose, attest } = on;

  describe("proposals", () => {
    it("wait for all hospitals or the deadline, and are the opener's first", async () => {
      const { rounds, aggregator } = on.federation;
      await openAndCommit(on.federation, on.hospitals.slice(0, 3));
      await refused(propose(aggregator, model, 0b111n), "ProposalEarly");
      const { commitBy } = await state();
      await pass(commitPeriod);
      await refused(propose(on.hospitals[0], model, 0b111n), "ProposalReserved");
      await on.chain.networkHelpers.time.increaseTo(commitBy + BigInt(proposePeriod));
      await expect(propose(on.hospitals[0], model, 0b111n)).to.emit(rounds, "ModelProposed");
      expect((await state()).proposer).to.equal(0n);
    });

    it("come at once when all have committed", async () => {
      const { rounds, aggregator } = on.federation;
      await openAndCommit(on.federation);
      await refused(propose(on.hospitals[0]), "ProposalReserved");
      await expect(propose(aggregator)).to.emit(rounds, "ModelProposed");
      const now = await on.chain.networkHelpers.time.latest();
      const { status: is, proposals, proposedDigest, deadline, opener, proposer } = await state();
      expect([is, proposals, proposedDigest, deadline, opener, proposer]).to.deep.equal([
        status.proposed,
        1n,
        model,
        BigInt(now + attestPeriod),
        4n,
        4n,
      ]);
    });

    it("name only hospitals that committed, and enough of them", async () => {
      const { aggregator, stranger } = on.federation;
      await refused(propose(aggregator, model, 1n, 0), "RoundStatus");
      await openAndCommit(on.federation, on.hospitals.slice(0, 3));
      await pass(commitPeriod);
      await expect(propose(aggregator, model, 0b1111n))
        .to.be.revertedWithCustomError(on.federation.rounds, "ProposalNotCommitted")
        .withArgs(0b1000n);
      await refused(propose(aggregator, model, 1n << 200n), "ProposalNotCommitted");
      await expect(propose(aggregator, model, 0b1n))
        .to.be.revertedWithCustomError(on.federation.rounds, "ProposalTooFewUpdates")
        .withArgs(1, 2);
      await refused(propose(aggregator, ZeroHash, 0b111n), "DigestZero");
      await refused(propose(stranger, model, 0b111n), "MemberUnknown");
      await refused(propose(aggregator, model, 0b111n, 2), "RoundMismatch");
      await propose(aggregator, model, 0b011n);
    });

    it("are one at a time, and overdue ones make way for another member's", async () => {
      const { rounds, aggregator } = on.federation;
      await openAndCommit(on.federation);
      await propose(aggregator);
      await refused(propose(on.hospitals[0]), "ProposalOpen");
      await pass(attestPeriod + 1);
      await expect(propose(on.hospitals[0], id("second")))
        .to.emit(rounds, "ProposalExpired")
        .withArgs(1, 1);
      expect((await state()).proposals).to.equal(2n);
      await pass(attestPeriod + 1);
      await propose(aggregator, id("third"));
      await pass(attestPeriod + 1);
      await refused(propose(on.hospitals[0], id("fourth")), "ProposalsExhausted");
      await expect(on.federation.as(on.hospitals[0]).expire(1)).to.emit(rounds, "RoundAbandoned").withArgs(1);
      expect(maxExpired).to.equal(3);
    });

    it("are refused once agreement has become impossible, and their proposer with them", async () => {
      const { rounds, aggregator } = on.federation;
      await openAndCommit(on.federation);
      await propose(aggregator);
      await attest(on.hospitals[0], false);
      expect((await state()).status).to.equal(status.proposed);
      await expect(attest(on.hospitals[1], false)).to.emit(rounds, "ProposalRefused").withArgs(1, 1);
      expect((await state()).status).to.equal(status.proposing);
      await refused(propose(aggregator, id("again")), "ProposerRefused");
      await propose(on.hospitals[3], id("second"));
      await refused(attest(on.hospitals[0], true), "AttestationModelMismatch");
      for (const hospital of on.hospitals.slice(0, 3)) await attest(hospital, true, id("second"));
      expect(await rounds.latestModel()).to.equal(id("second"));
      await refused(on.federation.as(aggregator).openRound(), "RoundOpenerMustWait");
      await on.federation.as(on.hospitals[0]).openRound();
    });

    it("that are refused, one a member, never use up the attempts of the others", async () => {
      const { rounds } = on.federation;
      await openAndCommit(on.federation);
      const proposers = [on.federation.aggregator, on.hospitals[0], on.hospitals[1], on.hospitals[2]];
      for (const [i, proposer] of proposers.entries()) {
        await propose(proposer, id(`p${i}`));
        await attest(on.hospitals[2], false, id(`p${i}`));
        await attest(on.hospitals[3], false, id(`p${i}`));
        expect((await state()).status).to.equal(status.proposing);
      }
      await propose(on.hospitals[3], id("honest"));
      for (const hospital of on.hospitals.slice(0, 3)) await attest(hospital, true, id("honest"));
      expect([(await state()).status, await rounds.latestModel()]).to.deep.equal([status.final, id("honest")]);
    });
  });
});
