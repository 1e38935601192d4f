import { expect } from "chai";
import { AbiCoder, ContractFactory, id, keccak256, type Wallet, ZeroAddress, ZeroHash } from "ethers";
import { creationCode, trainingRoundsInterface } from "../../io/chain/training-rounds.ts";
import {
  type Chain,
  connectChain,
  defaultTerms,
  deployFederation,
  type Federation,
  firstMembers,
  genesis,
  hospitalRole,
  newWallet,
  openAndCommit,
  plan,
  signCommitment,
} from "./federation.ts";

const status = { none: 0n, committing: 1n, proposed: 2n, proposing: 3n, final: 4n, abandoned: 5n };
const model = id("model");
const { commitPeriod, proposePeriod, attestPeriod, maxProposals } = defaultTerms;

describe("TrainingRounds", () => {
  let chain: Chain;
  let federation: Federation;
  let hospitals: [Wallet, Wallet, Wallet, Wallet];
  before(async () => {
    chain = await connectChain();
  });
  after(() => chain.close());
  beforeEach(async () => {
    federation = await chain.networkHelpers.loadFixture(fixture);
    hospitals = federation.hospitals as [Wallet, Wallet, Wallet, Wallet];
  });
  async function fixture() {
    return deployFederation(chain);
  }
  const pass = (seconds: number) => chain.networkHelpers.time.increase(seconds);
  const state = () => federation.rounds.latestRound();
  const refused = (work: Promise<unknown>, error: string) =>
    expect(work).to.be.revertedWithCustomError(federation.rounds, error);
  const propose = (by: { getAddress(): Promise<string> }, digest = model, included = firstMembers(4), round = 1) =>
    federation.as(by as Wallet).proposeModel(round, digest, included);
  const attest = (by: Wallet, agree: boolean, digest = model, round = 1) =>
    federation.as(by).attest(round, digest, agree, ZeroHash);
  const finish = async (round = 1, digest = model) => {
    await propose(federation.aggregator, digest, firstMembers(4), round);
    for (const hospital of hospitals.slice(0, 3)) await attest(hospital, true, digest, round);
  };

  describe("founding", () => {
    it("names the predecessor and the genesis model", async () => {
      const { owner } = federation;
      const factory = new ContractFactory(trainingRoundsInterface, creationCode, owner);
      const deployed = await factory.deploy(
        await owner.getAddress(),
        Object.values(defaultTerms),
        federation.address,
        genesis,
      );
      await expect(deployed.deploymentTransaction())
        .to.emit(deployed, "FederationFounded")
        .withArgs(federation.address, genesis);
    });

    it("refuses terms that make no sense", async () => {
      const { rounds } = federation;
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
      const { rounds, as, aggregator } = federation;
      const opening = as(aggregator).openRound(plan, genesis);
      await expect(opening).to.emit(rounds, "RoundOpened");
      const now = await chain.networkHelpers.time.latest();
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
      await rounds.admit(newWallet(chain).address, hospitalRole);
      expect((await state()).members).to.equal(0b1111n);
    });

    it("is for members, when no round runs, on the last final model, with enough hospitals", async () => {
      const { rounds, as, aggregator, stranger } = federation;
      await refused(as(stranger).openRound(plan, genesis), "MemberUnknown");
      await refused(as(aggregator).openRound(ZeroHash, genesis), "DigestZero");
      await refused(as(aggregator).openRound(plan, ZeroHash), "DigestZero");
      await refused(as(aggregator).openRound(plan, id("other")), "RoundBaseMismatch");
      for (const hospital of hospitals.slice(1)) await rounds.revoke(hospital.address);
      await refused(as(aggregator).openRound(plan, genesis), "RoundTooFewHospitals");
      await rounds.setTerms({ ...defaultTerms, minUpdates: 1 });
      await as(aggregator).openRound(plan, genesis);
      await refused(as(hospitals[0]).openRound(plan, genesis), "RoundRunning");
      await refused(rounds.setTerms(defaultTerms), "RoundRunning");
    });

    it("goes on from the last final model, and from the same base after an abandoned round", async () => {
      const { as, aggregator } = federation;
      await openAndCommit(federation);
      await finish();
      await refused(as(hospitals[0]).openRound(plan, genesis), "RoundBaseMismatch");
      await as(hospitals[0]).openRound(plan, model);
      await pass(commitPeriod + 1);
      await as(hospitals[0]).expire(2);
      await as(aggregator).openRound(plan, model);
      expect((await state()).id).to.equal(3n);
    });

    it("leaves the genesis to the first opener where the founder fixed none", async () => {
      const free = await deployFederation(chain, { genesisDigest: ZeroHash });
      await free.as(free.aggregator).openRound(plan, id("any"));
      expect(await free.rounds.latestModel()).to.equal(ZeroHash);
    });

    it("makes whoever opened an abandoned round wait, and nobody else", async () => {
      const { as, rounds } = federation;
      await as(hospitals[0]).openRound(plan, genesis);
      await pass(commitPeriod + 1);
      await as(hospitals[1]).expire(1);
      await refused(as(hospitals[0]).openRound(plan, genesis), "RoundOpenerMustWait");
      const opening = await chain.networkHelpers.takeSnapshot();
      await as(hospitals[1]).openRound(plan, genesis);
      await opening.restore();
      await pass(proposePeriod);
      await expect(as(hospitals[0]).openRound(plan, genesis)).to.emit(rounds, "RoundOpened");
    });
  });

  describe("commitments", () => {
    beforeEach(() => federation.as(federation.aggregator).openRound(plan, genesis));

    it("are taken once a hospital, until the deadline and with a sample count within the cap", async () => {
      const { as, rounds, aggregator, stranger } = federation;
      const commit = (by: Wallet, samples = 10, digest = id("m"), round = 1) =>
        as(by).commitUpdate(round, digest, samples);
      await refused(commit(hospitals[0], 0), "CommitmentSampleCount");
      await refused(commit(hospitals[0], 1001), "CommitmentSampleCount");
      await refused(commit(hospitals[0], 10, ZeroHash), "DigestZero");
      await refused(commit(hospitals[0], 10, id("m"), 2), "RoundMismatch");
      await refused(commit(aggregator as Wallet), "MemberNotHospital");
      await refused(commit(stranger as Wallet), "MemberUnknown");
      await expect(commit(hospitals[0], 1000))
        .to.emit(rounds, "UpdateCommitted")
        .withArgs(1, hospitals[0].address, id("m"), 1000);
      await refused(commit(hospitals[0]), "CommitmentDuplicate");
      const { commitBy } = await state();
      await chain.networkHelpers.time.setNextBlockTimestamp(commitBy);
      await commit(hospitals[1]);
      await refused(commit(hospitals[2]), "CommitmentLate");
      expect((await state()).pending).to.equal(0b1100n);
    });

    it("are refused before a round, after it, and of hospitals admitted since", async () => {
      const { as, rounds } = federation;
      const late = newWallet(chain);
      await chain.networkHelpers.setBalance(late.address, 10n ** 18n);
      await rounds.admit(late.address, hospitalRole);
      await refused(as(late).commitUpdate(1, id("m"), 1), "MemberNotInRound");
      await refused(as(hospitals[0]).commitUpdate(0, id("m"), 1), "RoundMismatch");
      await pass(commitPeriod + 1);
      await as(late).expire(1);
      await refused(as(hospitals[0]).commitUpdate(1, id("m"), 1), "RoundStatus");
    });

    it("are bound in order by the rolling hash, direct or relayed, over all rounds", async () => {
      const { as, rounds, stranger } = federation;
      let hash = ZeroHash;
      const add = (round: number, member: string, manifest: string, samples: number) => {
        const types = ["bytes32", "uint32", "address", "bytes32", "uint32"];
        hash = keccak256(AbiCoder.defaultAbiCoder().encode(types, [hash, round, member, manifest, samples]));
      };
      await as(hospitals[2]).commitUpdate(1, id("c"), 30);
      add(1, hospitals[2].address, id("c"), 30);
      const signed = await Promise.all(
        [3, 0].map((i) =>
          signCommitment(federation, hospitals[i] as Wallet, { round: 1, manifest: id(`r${i}`), sampleCount: i + 1 }),
        ),
      );
      await as(stranger).commitUpdates(1, signed);
      add(1, hospitals[3].address, id("r3"), 4);
      add(1, hospitals[0].address, id("r0"), 1);
      expect(await rounds.commitmentsHash()).to.equal(hash);
      await pass(commitPeriod + 1);
      await propose(federation.aggregator, model, 0b1101n);
      for (const hospital of hospitals.slice(0, 3)) await attest(hospital, true);
      await as(hospitals[0]).openRound(plan, model);
      await as(hospitals[1]).commitUpdate(2, id("d"), 7);
      add(2, hospitals[1].address, id("d"), 7);
      expect(await rounds.commitmentsHash()).to.equal(hash);
    });

    it("are relayed by anyone, passing over those that came by themselves", async () => {
      const { as, rounds, stranger } = federation;
      await as(hospitals[1]).commitUpdate(1, id("own"), 5);
      const signed = await Promise.all(
        hospitals.map((hospital, i) =>
          signCommitment(federation, hospital, { round: 1, manifest: id(`m${i}`), sampleCount: 9 }),
        ),
      );
      expect(await as(stranger).commitUpdates.staticCall(1, signed)).to.equal(3n);
      await expect(as(stranger).commitUpdates(1, signed))
        .to.emit(rounds, "UpdateCommitted")
        .withArgs(1, hospitals[3].address, id("m3"), 9);
      expect((await state()).pending).to.equal(0n);
      expect(await as(stranger).commitUpdates.staticCall(1, signed)).to.equal(0n);
    });

    it("are refused when relayed with what the hospital did not sign", async () => {
      const { as, rounds, stranger } = federation;
      const honest = await signCommitment(federation, hospitals[0], { round: 1, manifest: id("m"), sampleCount: 9 });
      const relay = (changed: object, round = 1) => as(stranger).commitUpdates(round, [{ ...honest, ...changed }]);
      await refused(relay({ sampleCount: 10 }), "MemberUnknown");
      await refused(relay({ manifestDigest: id("other") }), "MemberUnknown");
      await refused(relay({ sampleCount: 1001 }), "CommitmentSampleCount");
      await refused(relay({ manifestDigest: ZeroHash }), "DigestZero");
      await refused(relay({ r: ZeroHash }), "ECDSAInvalidSignature");
      await refused(relay({}, 2), "RoundMismatch");
      const elsewhere = { ...federation, domain: { ...federation.domain, verifyingContract: ZeroAddress } };
      await refused(
        relay(await signCommitment(elsewhere, hospitals[0], { round: 1, manifest: id("m"), sampleCount: 9 })),
        "MemberUnknown",
      );
      const late = newWallet(chain);
      await rounds.admit(late.address, hospitalRole);
      await refused(
        relay(await signCommitment(federation, late, { round: 1, manifest: id("m"), sampleCount: 9 })),
        "MemberNotInRound",
      );
      await refused(
        relay(
          await signCommitment(federation, federation.stranger as Wallet, {
            round: 1,
            manifest: id("m"),
            sampleCount: 9,
          }),
        ),
        "MemberUnknown",
      );
      await pass(commitPeriod + 1);
      await refused(relay({}), "CommitmentLate");
    });
  });

  describe("proposals", () => {
    it("wait for all hospitals or the deadline, and are the opener's first", async () => {
      const { rounds, aggregator } = federation;
      await openAndCommit(federation, hospitals.slice(0, 3));
      await refused(propose(aggregator, model, 0b111n), "ProposalEarly");
      const { commitBy } = await state();
      await pass(commitPeriod);
      await refused(propose(hospitals[0], model, 0b111n), "ProposalReserved");
      await chain.networkHelpers.time.increaseTo(commitBy + BigInt(proposePeriod));
      await expect(propose(hospitals[0], model, 0b111n)).to.emit(rounds, "ModelProposed");
      expect((await state()).proposer).to.equal(0n);
    });

    it("come at once when all have committed", async () => {
      const { rounds, aggregator } = federation;
      await openAndCommit(federation);
      await refused(propose(hospitals[0]), "ProposalReserved");
      await expect(propose(aggregator)).to.emit(rounds, "ModelProposed");
      const now = await chain.networkHelpers.time.latest();
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
      const { aggregator, stranger } = federation;
      await refused(propose(aggregator, model, 1n, 0), "RoundStatus");
      await openAndCommit(federation, hospitals.slice(0, 3));
      await pass(commitPeriod);
      await expect(propose(aggregator, model, 0b1111n))
        .to.be.revertedWithCustomError(federation.rounds, "ProposalNotCommitted")
        .withArgs(0b1000n);
      await refused(propose(aggregator, model, 1n << 200n), "ProposalNotCommitted");
      await expect(propose(aggregator, model, 0b1n))
        .to.be.revertedWithCustomError(federation.rounds, "ProposalTooFewUpdates")
        .withArgs(1, 2);
      await refused(propose(aggregator, ZeroHash, 0b111n), "DigestZero");
      await refused(propose(stranger, model, 0b111n), "MemberUnknown");
      await refused(propose(aggregator, model, 0b111n, 2), "RoundMismatch");
      await propose(aggregator, model, 0b011n);
    });

    it("are one at a time, and overdue ones make way for another member's", async () => {
      const { rounds, aggregator } = federation;
      await openAndCommit(federation);
      await propose(aggregator);
      await refused(propose(hospitals[0]), "ProposalOpen");
      await pass(attestPeriod + 1);
      await expect(propose(hospitals[0], id("second")))
        .to.emit(rounds, "ProposalExpired")
        .withArgs(1, 1);
      expect((await state()).proposals).to.equal(2n);
      await pass(attestPeriod + 1);
      await propose(aggregator, id("third"));
      await pass(attestPeriod + 1);
      await refused(propose(hospitals[0], id("fourth")), "ProposalsExhausted");
      await expect(federation.as(hospitals[0]).expire(1)).to.emit(rounds, "RoundAbandoned").withArgs(1);
      expect(maxProposals).to.equal(3);
    });

    it("are refused once agreement has become impossible, and their proposer with them", async () => {
      const { rounds, aggregator } = federation;
      await openAndCommit(federation);
      await propose(aggregator);
      await attest(hospitals[0], false);
      expect((await state()).status).to.equal(status.proposed);
      await expect(attest(hospitals[1], false)).to.emit(rounds, "ProposalRefused").withArgs(1, 1);
      expect((await state()).status).to.equal(status.proposing);
      await refused(propose(aggregator, id("again")), "ProposerRefused");
      await propose(hospitals[3], id("second"));
      await refused(attest(hospitals[0], true), "AttestationModelMismatch");
      for (const hospital of hospitals.slice(0, 3)) await attest(hospital, true, id("second"));
      expect(await rounds.latestModel()).to.equal(id("second"));
      await federation.as(aggregator).openRound(plan, id("second"));
    });

    it("abandon the round when the last allowed one is refused", async () => {
      const { rounds } = federation;
      await openAndCommit(federation);
      const proposers = [federation.aggregator, hospitals[0], hospitals[1]];
      for (const [i, proposer] of proposers.entries()) {
        await propose(proposer, id(`p${i}`));
        await attest(hospitals[2], false, id(`p${i}`));
        const last = attest(hospitals[3], false, id(`p${i}`));
        if (i === 2) await expect(last).to.emit(rounds, "RoundAbandoned").withArgs(1);
        else await last;
      }
      expect((await state()).status).to.equal(status.abandoned);
      expect(await rounds.latestModel()).to.equal(genesis);
    });
  });

  describe("attestations", () => {
    beforeEach(async () => {
      await openAndCommit(federation);
      await propose(federation.aggregator);
    });

    it("make the model final with more than two thirds, not with less", async () => {
      const { rounds } = federation;
      await expect(attest(hospitals[0], true))
        .to.emit(rounds, "Attested")
        .withArgs(1, hospitals[0].address, 1, true, ZeroHash);
      await attest(hospitals[1], true);
      expect((await state()).status).to.equal(status.proposed);
      await expect(attest(hospitals[2], true)).to.emit(rounds, "RoundFinalised").withArgs(1, 1, model);
      expect([(await state()).status, await rounds.latestModel()]).to.deep.equal([status.final, model]);
    });

    it("are the round's hospitals', once a proposal, for the model that is proposed", async () => {
      const { rounds, as, aggregator, stranger } = federation;
      const late = newWallet(chain);
      await chain.networkHelpers.setBalance(late.address, 10n ** 18n);
      await rounds.admit(late.address, hospitalRole);
      await refused(attest(late, true), "MemberNotInRound");
      await refused(attest(aggregator as Wallet, true), "MemberNotHospital");
      await refused(attest(stranger as Wallet, true), "MemberUnknown");
      await refused(attest(hospitals[0], true, id("other")), "AttestationModelMismatch");
      await refused(attest(hospitals[0], true, model, 2), "RoundMismatch");
      await attest(hospitals[0], true);
      await refused(attest(hospitals[0], true), "AttestationDuplicate");
      await refused(as(hospitals[0]).attest(1, model, false, ZeroHash), "AttestationDuplicate");
      await chain.networkHelpers.time.setNextBlockTimestamp((await state()).deadline);
      await attest(hospitals[1], true);
      await refused(attest(hospitals[2], true), "AttestationLate");
    });

    it("after finality are for the record: nothing about the round changes", async () => {
      const { rounds } = federation;
      for (const hospital of hospitals.slice(0, 3)) await attest(hospital, true);
      const before = await state();
      await expect(attest(hospitals[3], false))
        .to.emit(rounds, "Attested")
        .withArgs(1, hospitals[3].address, 1, false, ZeroHash);
      await refused(attest(hospitals[3], true), "AttestationDuplicate");
      expect(await state()).to.deep.equal(before);
    });

    it("are refused while nothing is proposed", async () => {
      await pass(attestPeriod + 1);
      await federation.as(hospitals[0]).expire(1);
      await refused(attest(hospitals[0], true), "RoundStatus");
    });
  });

  describe("deadlines", () => {
    it("move nothing before their time, nor what is over", async () => {
      const { as, aggregator } = federation;
      await refused(as(aggregator).expire(0), "RoundNothingDue");
      await openAndCommit(federation, hospitals.slice(0, 2));
      await refused(as(aggregator).expire(1), "RoundNothingDue");
      await pass(commitPeriod + 1);
      // Two updates are enough for a model: the round waits for a proposal.
      await refused(as(aggregator).expire(1), "RoundNothingDue");
      await refused(as(aggregator).expire(2), "RoundMismatch");
      await propose(aggregator, model, 0b11n);
      await refused(as(aggregator).expire(1), "RoundNothingDue");
      for (const hospital of hospitals.slice(0, 3)) await attest(hospital, true);
      await pass(365 * 86_400);
      await refused(as(aggregator).expire(1), "RoundNothingDue");
    });

    it("abandon a round with too few updates, by anyone's hand", async () => {
      const { rounds, as, stranger } = federation;
      await openAndCommit(federation, hospitals.slice(0, 1));
      await pass(commitPeriod + 1);
      await expect(as(stranger).expire(1)).to.emit(rounds, "RoundAbandoned").withArgs(1);
    });

    it("abandon a round that nobody proposes a model for", async () => {
      const { rounds, as } = federation;
      await openAndCommit(federation);
      await pass(commitPeriod + 2 * proposePeriod + 1);
      await expect(as(hospitals[0]).expire(1)).to.emit(rounds, "RoundAbandoned").withArgs(1);
    });

    it("close an overdue proposal, then abandon the round when no other follows", async () => {
      const { rounds, as, aggregator } = federation;
      await openAndCommit(federation);
      await propose(aggregator);
      await pass(attestPeriod + 1);
      await expect(as(hospitals[0]).expire(1)).to.emit(rounds, "ProposalExpired").withArgs(1, 1);
      await refused(as(hospitals[0]).expire(1), "RoundNothingDue");
      await pass(proposePeriod + 1);
      await expect(as(hospitals[0]).expire(1)).to.emit(rounds, "RoundAbandoned").withArgs(1);
    });
  });

  describe("a pause", () => {
    it("stops every step of the rounds, and lapses by itself", async () => {
      const { rounds, as, aggregator } = federation;
      await as(aggregator).openRound(plan, genesis);
      const until = (await chain.networkHelpers.time.latest()) + 100;
      await expect(rounds.pauseUntil(until)).to.emit(rounds, "PausedUntil").withArgs(until);
      expect(await rounds.pausedUntil()).to.equal(until);
      for (const step of [
        () => as(aggregator).openRound(plan, genesis),
        () => as(hospitals[0]).commitUpdate(1, id("m"), 1),
        () => as(hospitals[0]).commitUpdates(1, []),
        () => propose(aggregator),
        () => attest(hospitals[0], true),
        () => as(hospitals[0]).expire(1),
      ]) {
        await refused(step(), "RoundsPaused");
      }
      await chain.networkHelpers.time.increaseTo(until);
      await as(hospitals[0]).commitUpdate(1, id("m"), 1);
    });

    it("is the owner's, at most 30 days long, and ends when the owner says", async () => {
      const { rounds, as, aggregator } = federation;
      const now = await chain.networkHelpers.time.latest();
      await refused(rounds.pauseUntil(now + 31 * 86_400), "PauseTooLong");
      await refused(as(hospitals[0]).pauseUntil(now + 10), "OwnableUnauthorizedAccount");
      await refused(as(hospitals[0]).setTerms(defaultTerms), "OwnableUnauthorizedAccount");
      await rounds.pauseUntil(now + 29 * 86_400);
      await rounds.pauseUntil(0);
      await as(aggregator).openRound(plan, genesis);
    });
  });
});
