import { anyValue } from "@nomicfoundation/hardhat-ethers-chai-matchers/withArgs";
import { expect } from "chai";
import { ContractFactory, id, type Wallet, ZeroHash } from "ethers";
import { creationCode, trainingRoundsInterface } from "../../io/chain/training-rounds.ts";
import { defaultTerms, deployFederation, genesis, hospitalRole, newWallet, openAndCommit, plan } from "./federation.ts";
import { model, onFederation, status } from "./on-federation.ts";

const { commitPeriod, proposePeriod } = defaultTerms;

describe("TrainingRounds", () => {
  const on = onFederation();
  const { pass, state, refused, finish } = on;

  describe("founding", () => {
    it("names the predecessor, the plan and the genesis model", async () => {
      const { owner } = on.federation;
      const factory = new ContractFactory(trainingRoundsInterface, creationCode, owner);
      const deployed = await factory.deploy(
        await owner.getAddress(),
        Object.values(defaultTerms),
        on.federation.address,
        plan,
        genesis,
        ZeroHash,
        0,
      );
      await expect(deployed.deploymentTransaction())
        .to.emit(deployed, "FederationFounded")
        .withArgs(on.federation.address);
      await expect(deployed.deploymentTransaction()).to.emit(deployed, "PlanAgreed").withArgs(plan, genesis);
      const { rounds } = on.federation;
      expect(await rounds.agreedPlan()).to.equal(plan);
      expect(await rounds.nextTerms()).to.deep.equal(await rounds.currentTerms());
    });

    it("refuses terms that make no sense", async () => {
      const { rounds } = on.federation;
      const year = 365 * 86_400;
      for (const wrong of [
        { commitPeriod: 0 },
        { commitPeriod: year + 1 },
        { proposePeriod: 0 },
        { proposePeriod: year + 1 },
        { attestPeriod: 0 },
        { attestPeriod: year + 1 },
        { minUpdates: 0 },
        { maxExpired: 0 },
        { sampleCap: 0 },
        { sampleCap: 2 ** 20 + 1 },
        { earlyShare: 101, gracePeriod: 60 },
        { earlyShare: 75 },
        { gracePeriod: 60 },
        { earlyShare: 75, gracePeriod: year + 1 },
      ]) {
        await refused(rounds.setTerms({ ...defaultTerms, ...wrong }), "TermsInvalid");
      }
      await rounds.setTerms({ ...defaultTerms, commitPeriod: year, sampleCap: 2 ** 20 });
      expect((await rounds.currentTerms()).sampleCap).to.equal(2n ** 20n);
    });
  });

  describe("opening", () => {
    it("takes a snapshot of the hospitals and the terms", async () => {
      const { rounds, as, aggregator } = on.federation;
      const opening = as(aggregator).openRound();
      await expect(opening).to.emit(rounds, "RoundOpened");
      const now = await on.chain.networkHelpers.time.latest();
      const round = await state();
      expect([round.id, round.status, round.hospitals, round.members, round.pending]).to.deep.equal([
        1n,
        status.committing,
        4n,
        0b1111n,
        0b1111n,
      ]);
      expect([round.commitBy, round.deadline]).to.deep.equal([
        BigInt(now + commitPeriod),
        BigInt(now + commitPeriod + 2 * proposePeriod),
      ]);
      await rounds.admit(newWallet(on.chain).address, hospitalRole);
      expect((await state()).members).to.equal(0b1111n);
    });

    it("is for members, when no round runs, with enough hospitals", async () => {
      const { rounds, as, aggregator, stranger } = on.federation;
      await refused(as(stranger).openRound(), "MemberUnknown");
      for (const index of [1, 2, 3]) await rounds.revoke(index);
      await refused(as(aggregator).openRound(), "RoundTooFewHospitals");
      await rounds.setTerms({ ...defaultTerms, minUpdates: 1 });
      await as(aggregator).openRound();
      await refused(as(on.hospitals[0]).openRound(), "RoundRunning");
    });

    it("starts from the last final model, and from the same base after an abandoned round", async () => {
      const { as, aggregator, rounds } = on.federation;
      await openAndCommit(on.federation);
      await finish();
      const based = async (by: Wallet) => {
        const { logs } = await (await as(by).openRound()).wait();
        return rounds.interface.parseLog(logs[0])?.args["baseDigest"];
      };
      expect(await based(on.hospitals[0])).to.equal(model);
      await pass(commitPeriod + 1);
      await as(on.hospitals[0]).expire(2);
      expect(await based(aggregator as Wallet)).to.equal(model);
      expect((await state()).id).to.equal(3n);
    });

    it("waits until a plan and a genesis model are agreed, and takes no other plan", async () => {
      const free = await deployFederation(on.chain, { planDigest: ZeroHash, genesisDigest: ZeroHash });
      const open = () => free.as(free.aggregator).openRound();
      await refused(open(), "PlanNotAgreed");
      await refused(free.as(free.hospitals[0] as Wallet).agreePlan(plan, genesis), "OwnableUnauthorizedAccount");
      await refused(free.rounds.agreePlan(ZeroHash, genesis), "DigestZero");
      await free.rounds.agreePlan(plan, ZeroHash);
      await refused(open(), "PlanNotAgreed");
      await expect(free.rounds.agreePlan(plan, genesis)).to.emit(free.rounds, "PlanAgreed").withArgs(plan, genesis);
      await open();
      await refused(free.rounds.agreePlan(plan, id("other")), "GenesisFixed");
      // A running round keeps its plan; the next one has the new plan.
      await free.rounds.agreePlan(id("new plan"), ZeroHash);
      await pass(commitPeriod + 1);
      await free.as(free.aggregator).expire(1);
      await expect(open())
        .to.emit(free.rounds, "RoundOpened")
        .withArgs(2, await free.aggregator.getAddress(), id("new plan"), genesis, 0b1111n, anyValue, anyValue);
    });

    it("makes an opener that let its time pass wait for a while, and nobody else", async () => {
      const { as, rounds } = on.federation;
      await as(on.hospitals[0]).openRound();
      for (const hospital of on.hospitals) await as(hospital).commitUpdate(1, id(hospital.address), 1);
      await pass(commitPeriod + proposePeriod + 1);
      await on.propose(on.hospitals[1]);
      expect(await rounds.opensFrom(0)).to.equal(6n);
      for (const hospital of on.hospitals.slice(0, 3)) await on.attest(hospital, true);
      await refused(as(on.hospitals[0]).openRound(), "RoundOpenerMustWait");
      const opening = await on.chain.networkHelpers.takeSnapshot();
      await as(on.hospitals[1]).openRound();
      await opening.restore();
      // Where nobody else opens in time, the round is not lost.
      await pass(defaultTerms.attestPeriod + 1);
      await expect(as(on.hospitals[0]).openRound()).to.emit(rounds, "RoundOpened");
    });
  });

  describe("terms", () => {
    it("set while a round runs hold from the next round on", async () => {
      const { rounds, as, aggregator } = on.federation;
      await openAndCommit(on.federation);
      await rounds.setTerms({ ...defaultTerms, attestPeriod: 77, sampleCap: 50 });
      expect([(await rounds.currentTerms()).attestPeriod, (await rounds.nextTerms()).attestPeriod]).to.deep.equal([
        BigInt(defaultTerms.attestPeriod),
        77n,
      ]);
      await finish();
      await as(aggregator).openRound();
      expect((await state()).sampleCap).to.equal(50n);
      expect((await rounds.currentTerms()).attestPeriod).to.equal(77n);
    });
  });
});
