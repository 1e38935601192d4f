import { expect } from "chai";
import { ContractFactory, id, ZeroHash } from "ethers";
import { creationCode, trainingRoundsInterface } from "../../io/chain/training-rounds.ts";
import { defaultTerms, deployFederation, genesis, hospitalRole, newWallet, openAndCommit, plan } from "./federation.ts";
import { model, onFederation, status } from "./on-federation.ts";

const { commitPeriod, proposePeriod } = defaultTerms;

describe("TrainingRounds", () => {
  const on = onFederation();
  const { pass, state, refused, finish } = on;

  describe("founding", () => {
    it("names the predecessor and the genesis model", async () => {
      const { owner } = on.federation;
      const factory = new ContractFactory(trainingRoundsInterface, creationCode, owner);
      const deployed = await factory.deploy(
        await owner.getAddress(),
        Object.values(defaultTerms),
        on.federation.address,
        genesis,
      );
      await expect(deployed.deploymentTransaction())
        .to.emit(deployed, "FederationFounded")
        .withArgs(on.federation.address, genesis);
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
        { maxProposals: 0 },
        { sampleCap: 0 },
        { sampleCap: 2 ** 20 + 1 },
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
      const opening = as(aggregator).openRound(plan, genesis);
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

    it("is for members, when no round runs, on the last final model, with enough hospitals", async () => {
      const { rounds, as, aggregator, stranger } = on.federation;
      await refused(as(stranger).openRound(plan, genesis), "MemberUnknown");
      await refused(as(aggregator).openRound(ZeroHash, genesis), "DigestZero");
      await refused(as(aggregator).openRound(plan, ZeroHash), "DigestZero");
      await refused(as(aggregator).openRound(plan, id("other")), "RoundBaseMismatch");
      for (const hospital of on.hospitals.slice(1)) await rounds.revoke(hospital.address);
      await refused(as(aggregator).openRound(plan, genesis), "RoundTooFewHospitals");
      await rounds.setTerms({ ...defaultTerms, minUpdates: 1 });
      await as(aggregator).openRound(plan, genesis);
      await refused(as(on.hospitals[0]).openRound(plan, genesis), "RoundRunning");
      await refused(rounds.setTerms(defaultTerms), "RoundRunning");
    });

    it("goes on from the last final model, and from the same base after an abandoned round", async () => {
      const { as, aggregator } = on.federation;
      await openAndCommit(on.federation);
      await finish();
      await refused(as(on.hospitals[0]).openRound(plan, genesis), "RoundBaseMismatch");
      await as(on.hospitals[0]).openRound(plan, model);
      await pass(commitPeriod + 1);
      await as(on.hospitals[0]).expire(2);
      await as(aggregator).openRound(plan, model);
      expect((await state()).id).to.equal(3n);
    });

    it("leaves the genesis to the first opener where the founder fixed none", async () => {
      const free = await deployFederation(on.chain, { genesisDigest: ZeroHash });
      await free.as(free.aggregator).openRound(plan, id("any"));
      expect(await free.rounds.latestModel()).to.equal(ZeroHash);
    });

    it("makes whoever opened an abandoned round wait, and nobody else", async () => {
      const { as, rounds } = on.federation;
      await as(on.hospitals[0]).openRound(plan, genesis);
      await pass(commitPeriod + 1);
      await as(on.hospitals[1]).expire(1);
      await refused(as(on.hospitals[0]).openRound(plan, genesis), "RoundOpenerMustWait");
      const opening = await on.chain.networkHelpers.takeSnapshot();
      await as(on.hospitals[1]).openRound(plan, genesis);
      await opening.restore();
      await pass(proposePeriod);
      await expect(as(on.hospitals[0]).openRound(plan, genesis)).to.emit(rounds, "RoundOpened");
    });
  });
});
