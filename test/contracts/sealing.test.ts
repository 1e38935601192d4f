import { expect } from "chai";
import { id, ZeroHash } from "ethers";
import { defaultTerms, deployFederation, openAndCommit } from "./federation.ts";
import { model, onFederation, status } from "./on-federation.ts";

const { commitPeriod, proposePeriod } = defaultTerms;
const mechanism = id("mechanism");

describe("TrainingRounds", () => {
  const on = onFederation({ mechanism, maxSeals: 2 });
  const { pass, state, refused, propose, seal, attest } = on;
  const toFinal = async (round: number, digest: string) => {
    await openAndCommit(on.federation);
    await seal(on.federation.aggregator, 0b1111n, round);
    await propose(on.federation.aggregator, digest, 0b1111n, round);
    for (const hospital of on.hospitals.slice(0, 3)) await attest(hospital, true, digest, round);
  };

  describe("private sums", () => {
    it("are founded with a mechanism and a budget, or with neither", async () => {
      const { rounds } = on.federation;
      expect([...(await rounds.privateSums())]).to.deep.equal([mechanism, 2n, 0n]);
      await expect(rounds.deploymentTransaction()).to.emit(rounds, "PrivateSumsFounded").withArgs(mechanism, 2, 0);
      const plain = await deployFederation(on.chain);
      expect([...(await plain.rounds.privateSums())]).to.deep.equal([ZeroHash, 0n, 0n]);
      await expect(plain.rounds.deploymentTransaction()).not.to.emit(plain.rounds, "PrivateSumsFounded");
      for (const half of [{ mechanism }, { maxSeals: 2 }]) {
        await expect(deployFederation(on.chain, half)).to.be.revertedWithCustomError(rounds, "MechanismInvalid");
      }
    });

    it("seal a set of the committed once in a round, and charge it", async () => {
      const { rounds, aggregator } = on.federation;
      await refused(seal(aggregator, 0b1111n, 0), "RoundStatus");
      await openAndCommit(on.federation, on.hospitals.slice(0, 3));
      await refused(seal(aggregator, 0b111n), "SealEarly");
      await pass(commitPeriod + 1);
      await expect(seal(aggregator, 0b1111n))
        .to.be.revertedWithCustomError(rounds, "SealNotCommitted")
        .withArgs(0b1000n);
      await refused(seal(aggregator, 1n << 200n), "SealNotCommitted");
      await expect(seal(aggregator, 0b011n)).to.be.revertedWithCustomError(rounds, "SealTooFewUpdates").withArgs(2, 3);
      await refused(seal(on.federation.stranger as never, 0b111n), "MemberUnknown");
      await refused(seal(aggregator, 0b111n, 2), "RoundMismatch");
      const sealing = seal(aggregator, 0b111n);
      await sealing;
      const now = await on.chain.networkHelpers.time.latest();
      await expect(sealing)
        .to.emit(rounds, "RoundSealed")
        .withArgs(1, await aggregator.getAddress(), 0b111n, 1, await rounds.commitmentsHash(), now + proposePeriod);
      await refused(seal(aggregator, 0b111n), "RoundStatus");
      await refused(on.federation.as(on.hospitals[3]).commitUpdate(1, id("late"), 1), "RoundStatus");
      expect((await rounds.privateSums()).seals).to.equal(1n);
      const { status: is, deadline } = await state();
      expect([is, deadline]).to.deep.equal([status.sealed, BigInt(now + 2 * proposePeriod)]);
    });

    it("may leave out a hospital that committed, and a proposal includes exactly the sealed set", async () => {
      const { aggregator, rounds } = on.federation;
      await openAndCommit(on.federation);
      await refused(propose(aggregator), "RoundStatus");
      await seal(aggregator, 0b1101n);
      await refused(propose(aggregator, model, 0b1111n), "ProposalNotSealed");
      await expect(propose(aggregator, model, 0b1001n))
        .to.be.revertedWithCustomError(rounds, "ProposalNotSealed")
        .withArgs(0b1101n);
      await propose(aggregator, model, 0b1101n);
      // The seal stays when the proposal is refused.
      for (const hospital of on.hospitals.slice(0, 2)) await attest(hospital, false);
      await refused(propose(on.hospitals[0], id("other"), 0b1111n), "ProposalNotSealed");
      await propose(on.hospitals[0], id("other"), 0b1101n);
      for (const hospital of on.hospitals.slice(0, 3)) await attest(hospital, true, id("other"));
      expect(await rounds.latestModel()).to.equal(id("other"));
    });

    it("are the opener's to seal first, and to propose first after its own seal", async () => {
      const { aggregator } = on.federation;
      await openAndCommit(on.federation);
      await refused(seal(on.hospitals[0]), "SealReserved");
      await seal(aggregator);
      await refused(propose(on.hospitals[0]), "ProposalReserved");
      await pass(proposePeriod + 1);
      await propose(on.hospitals[0]);
      expect(await on.federation.rounds.opensFrom(4)).to.equal(6n);
    });

    it("are anyone's to seal once the opener has let its time pass, and to propose at once then", async () => {
      const { aggregator, rounds } = on.federation;
      await openAndCommit(on.federation);
      await pass(commitPeriod + proposePeriod + 1);
      await seal(on.hospitals[2]);
      expect(await rounds.opensFrom(4)).to.equal(6n);
      await pass(1);
      await propose(on.hospitals[1]);
      for (const hospital of on.hospitals.slice(0, 3)) await attest(hospital, true);
      await refused(on.federation.as(aggregator).openRound(), "RoundOpenerMustWait");
    });

    it("end a round that nobody can seal, and one whose sum nobody proposes, which stays charged", async () => {
      const { as, rounds, aggregator, stranger } = on.federation;
      await openAndCommit(on.federation, on.hospitals.slice(0, 2));
      await refused(as(stranger).expire(1), "RoundNothingDue");
      await pass(commitPeriod + 1);
      // Two updates would do for the terms, and not for a sum of four hospitals.
      await expect(as(stranger).expire(1)).to.emit(rounds, "RoundAbandoned");
      await openAndCommit(on.federation);
      await seal(aggregator, 0b1111n, 2);
      await pass(2 * proposePeriod);
      await expect(as(stranger).expire(2)).to.emit(rounds, "RoundAbandoned");
      expect(await rounds.opensFrom(4)).to.equal(7n);
      expect((await rounds.privateSums()).seals).to.equal(1n);
      await refused(seal(aggregator, 0b1111n, 2), "RoundStatus");
    });

    it("stop with the budget, which no change of the terms resets", async () => {
      const { as, rounds, aggregator } = on.federation;
      await toFinal(1, id("first"));
      await rounds.setTerms({ ...defaultTerms, commitPeriod: 700 });
      await openAndCommit(on.federation);
      await rounds.setTerms({ ...defaultTerms, commitPeriod: 800 });
      await seal(aggregator, 0b1111n, 2);
      await propose(aggregator, model, 0b1111n, 2);
      for (const hospital of on.hospitals.slice(0, 3)) await attest(hospital, true, model, 2);
      expect((await rounds.privateSums()).seals).to.equal(2n);
      await expect(as(aggregator).openRound()).to.be.revertedWithCustomError(rounds, "SealsExhausted").withArgs(2);
    });

    it("need four hospitals", async () => {
      const { as, rounds, aggregator } = on.federation;
      await rounds.revoke(0);
      await expect(as(aggregator).openRound())
        .to.be.revertedWithCustomError(rounds, "RoundTooFewHospitals")
        .withArgs(3, 4);
    });

    it("pause with the rounds", async () => {
      const { rounds, aggregator } = on.federation;
      await openAndCommit(on.federation);
      await rounds.pauseUntil((await on.chain.networkHelpers.time.latest()) + 1000);
      await refused(seal(aggregator), "RoundsPaused");
    });

    it("are not in a federation without them", async () => {
      const plain = await deployFederation(on.chain);
      await openAndCommit(plain);
      await expect(plain.as(plain.aggregator).sealRound(1, 0b1111n)).to.be.revertedWithCustomError(
        plain.rounds,
        "SealsNone",
      );
    });

    it("carry what their predecessors spent, through a federation without them too", async () => {
      await toFinal(1, id("first"));
      const { address: predecessor, rounds } = on.federation;
      const plain = await deployFederation(on.chain, { predecessor });
      expect([...(await plain.rounds.privateSums())]).to.deep.equal([ZeroHash, 0n, 1n]);
      const next = await deployFederation(on.chain, { predecessor: plain.address, mechanism, maxSeals: 3 });
      await expect(next.rounds.deploymentTransaction())
        .to.emit(next.rounds, "PrivateSumsFounded")
        .withArgs(mechanism, 3, 1);
      const spent = deployFederation(on.chain, { predecessor, mechanism, maxSeals: 1 });
      await expect(spent).to.be.revertedWithCustomError(rounds, "SealsExhausted");
      const elsewhere = deployFederation(on.chain, { predecessor: on.addressOf(0), mechanism, maxSeals: 3 });
      await expect(elsewhere).to.be.revertedWithCustomError(rounds, "PredecessorUnknown");
    });

    it("take a predecessor that is older than private sums for one that has spent nothing", async () => {
      // Code that refuses every call, as an older contract refuses one that it does not know.
      const refusing = "0x6460006000fd6000526005601bf3";
      const sent = await on.federation.owner.sendTransaction({ data: refusing });
      const predecessor = (await sent.wait())!.contractAddress!;
      const next = await deployFederation(on.chain, { predecessor, mechanism, maxSeals: 3 });
      expect([...(await next.rounds.privateSums())]).to.deep.equal([mechanism, 3n, 0n]);
    });

    it("need as many updates as the terms say, where that is more than two thirds", async () => {
      const terms = { ...defaultTerms, minUpdates: 4 };
      const strict = await deployFederation(on.chain, { terms, mechanism, maxSeals: 1 });
      await openAndCommit(strict, strict.hospitals.slice(0, 3));
      await pass(commitPeriod + 1);
      await expect(strict.as(strict.aggregator).sealRound(1, 0b111n))
        .to.be.revertedWithCustomError(strict.rounds, "SealTooFewUpdates")
        .withArgs(3, 4);
    });
  });
});
