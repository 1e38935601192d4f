import { expect } from "chai";
import { AbiCoder, id, keccak256, type Wallet, ZeroAddress, ZeroHash } from "ethers";
import { defaultTerms, hospitalRole, newWallet, signCommitment } from "./federation.ts";
import { model, onFederation } from "./on-federation.ts";

const { commitPeriod } = defaultTerms;

describe("TrainingRounds", () => {
  const on = onFederation();
  const { pass, state, refused, propose, attest } = on;

  describe("commitments", () => {
    beforeEach(() => on.federation.as(on.federation.aggregator).openRound());

    it("are taken once a hospital, until the deadline and with a sample count within the cap", async () => {
      const { as, rounds, aggregator, stranger } = on.federation;
      const commit = (by: Wallet, samples = 10, digest = id("m"), round = 1) =>
        as(by).commitUpdate(round, digest, samples);
      await refused(commit(on.hospitals[0], 0), "CommitmentSampleCount");
      await refused(commit(on.hospitals[0], 1001), "CommitmentSampleCount");
      await refused(commit(on.hospitals[0], 10, ZeroHash), "DigestZero");
      await refused(commit(on.hospitals[0], 10, id("m"), 2), "RoundMismatch");
      await refused(commit(aggregator as Wallet), "MemberNotHospital");
      await refused(commit(stranger as Wallet), "MemberUnknown");
      await expect(commit(on.hospitals[0], 1000))
        .to.emit(rounds, "UpdateCommitted")
        .withArgs(1, on.hospitals[0].address, id("m"), 1000);
      await refused(commit(on.hospitals[0]), "CommitmentDuplicate");
      const { commitBy } = await state();
      await on.chain.networkHelpers.time.setNextBlockTimestamp(commitBy);
      await commit(on.hospitals[1]);
      await refused(commit(on.hospitals[2]), "CommitmentLate");
      expect((await state()).pending).to.equal(0b1100n);
    });

    it("are refused before a round, after it, and of hospitals admitted since", async () => {
      const { as, rounds } = on.federation;
      const late = newWallet(on.chain);
      await on.chain.networkHelpers.setBalance(late.address, 10n ** 18n);
      await rounds.admit(late.address, hospitalRole);
      await refused(as(late).commitUpdate(1, id("m"), 1), "MemberNotInRound");
      await refused(as(on.hospitals[0]).commitUpdate(0, id("m"), 1), "RoundMismatch");
      await pass(commitPeriod + 1);
      await as(late).expire(1);
      await refused(as(on.hospitals[0]).commitUpdate(1, id("m"), 1), "RoundStatus");
    });

    it("are bound in order by the rolling hash, direct or relayed, over all rounds", async () => {
      const { as, rounds, stranger } = on.federation;
      let hash = ZeroHash;
      const add = (round: number, member: string, manifest: string, samples: number) => {
        const types = ["bytes32", "uint32", "address", "bytes32", "uint32"];
        hash = keccak256(AbiCoder.defaultAbiCoder().encode(types, [hash, round, member, manifest, samples]));
      };
      await as(on.hospitals[2]).commitUpdate(1, id("c"), 30);
      add(1, on.hospitals[2].address, id("c"), 30);
      const signed = await Promise.all(
        [3, 0].map((i) =>
          signCommitment(on.federation, on.hospitals[i] as Wallet, {
            round: 1,
            manifest: id(`r${i}`),
            sampleCount: i + 1,
          }),
        ),
      );
      await as(stranger).commitUpdates(1, signed);
      add(1, on.hospitals[3].address, id("r3"), 4);
      add(1, on.hospitals[0].address, id("r0"), 1);
      expect(await rounds.commitmentsHash()).to.equal(hash);
      await pass(commitPeriod + 1);
      await propose(on.federation.aggregator, model, 0b1101n);
      for (const hospital of on.hospitals.slice(0, 3)) await attest(hospital, true);
      await as(on.hospitals[0]).openRound();
      await as(on.hospitals[1]).commitUpdate(2, id("d"), 7);
      add(2, on.hospitals[1].address, id("d"), 7);
      expect(await rounds.commitmentsHash()).to.equal(hash);
    });

    it("are relayed by anyone, passing over those that came by themselves", async () => {
      const { as, rounds, stranger } = on.federation;
      await as(on.hospitals[1]).commitUpdate(1, id("own"), 5);
      const signed = await Promise.all(
        on.hospitals.map((hospital, i) =>
          signCommitment(on.federation, hospital, { round: 1, manifest: id(`m${i}`), sampleCount: 9 }),
        ),
      );
      expect(await as(stranger).commitUpdates.staticCall(1, signed)).to.equal(3n);
      await expect(as(stranger).commitUpdates(1, signed))
        .to.emit(rounds, "UpdateCommitted")
        .withArgs(1, on.hospitals[3].address, id("m3"), 9);
      expect((await state()).pending).to.equal(0n);
      expect(await as(stranger).commitUpdates.staticCall(1, signed)).to.equal(0n);
    });

    it("are passed over when relayed with what does not hold, and cost the others nothing", async () => {
      const { as, rounds, stranger } = on.federation;
      const said = { round: 1, manifest: id("m"), sampleCount: 9 };
      const [first, second, third] = on.hospitals;
      const honest = await signCommitment(on.federation, first, said);
      const elsewhere = { ...on.federation, domain: { ...on.federation.domain, verifyingContract: ZeroAddress } };
      const late = newWallet(on.chain);
      await rounds.admit(late.address, hospitalRole);
      await rounds.revoke(1);
      const entries = [
        { ...honest, sampleCount: 10 },
        { ...honest, manifestDigest: id("other") },
        { ...honest, r: ZeroHash },
        { ...honest, r: `0x${"ff".repeat(32)}` },
        await signCommitment(on.federation, first, { ...said, sampleCount: 1001 }),
        await signCommitment(on.federation, first, { ...said, sampleCount: 0 }),
        await signCommitment(on.federation, first, { ...said, manifest: ZeroHash }),
        await signCommitment(on.federation, first, { ...said, round: 2 }),
        await signCommitment(elsewhere, first, said),
        await signCommitment(on.federation, second, said),
        await signCommitment(on.federation, late, said),
        await signCommitment(on.federation, stranger as Wallet, said),
        await signCommitment(on.federation, third, said),
        honest,
        honest,
      ];
      expect(await as(stranger).commitUpdates.staticCall(1, entries)).to.equal(2n);
      await as(stranger).commitUpdates(1, entries);
      expect((await state()).pending).to.equal(0b1010n);
      await refused(as(stranger).commitUpdates(2, [honest]), "RoundMismatch");
      await pass(commitPeriod + 1);
      await refused(as(stranger).commitUpdates(1, [honest]), "CommitmentLate");
    });

    it("of the stated share of hospitals start a grace period that ends committing, however they come", async () => {
      const { as, rounds, aggregator, stranger } = on.federation;
      const terms = { ...defaultTerms, earlyShare: 51, gracePeriod: 60 };
      await rounds.setTerms(terms);
      await pass(commitPeriod + 1);
      await as(aggregator).expire(1);
      await as(aggregator).openRound();
      await as(on.hospitals[0]).commitUpdate(2, id("a"), 1);
      await as(on.hospitals[1]).commitUpdate(2, id("b"), 1);
      const before = await state();
      expect(before.closeAt).to.equal(3n);
      const signed = await signCommitment(on.federation, on.hospitals[2], {
        round: 2,
        manifest: id("c"),
        sampleCount: 1,
      });
      const relayed = as(stranger).commitUpdates(2, [signed]);
      await expect(relayed).to.emit(rounds, "CommittingShortened");
      const now = BigInt(await on.chain.networkHelpers.time.latest());
      const { commitBy, deadline } = await state();
      expect([commitBy, deadline]).to.deep.equal([now + 60n, now + 60n + 2n * BigInt(terms.proposePeriod)]);
      await refused(propose(aggregator, model, 0b111n, 2), "ProposalEarly");
      await pass(61);
      await refused(as(on.hospitals[3]).commitUpdate(2, id("d"), 1), "CommitmentLate");
      await propose(aggregator, model, 0b111n, 2);
    });

    it("are no earlier over where the grace period ends after the commit period", async () => {
      const { as, rounds, aggregator } = on.federation;
      await rounds.setTerms({ ...defaultTerms, earlyShare: 51, gracePeriod: 2 * commitPeriod });
      await pass(commitPeriod + 1);
      await as(aggregator).expire(1);
      await as(aggregator).openRound();
      for (const hospital of on.hospitals.slice(0, 2)) await as(hospital).commitUpdate(2, id("a"), 1);
      const { commitBy } = await state();
      await expect(as(on.hospitals[2]).commitUpdate(2, id("c"), 1)).not.to.emit(rounds, "CommittingShortened");
      expect((await state()).commitBy).to.equal(commitBy);
    });
  });
});
