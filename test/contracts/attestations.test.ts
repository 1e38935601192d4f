import { expect } from "chai";
import { id, type Wallet, ZeroHash } from "ethers";
import { defaultTerms, hospitalRole, newWallet, openAndCommit, signAttestation } from "./federation.ts";
import { model, onFederation, status } from "./on-federation.ts";

const { attestPeriod } = defaultTerms;

describe("TrainingRounds", () => {
  const on = onFederation();
  const { pass, state, refused, propose, attest } = on;

  describe("attestations", () => {
    beforeEach(async () => {
      await openAndCommit(on.federation);
      await propose(on.federation.aggregator);
    });

    it("make the model final with more than two thirds, not with less", async () => {
      const { rounds } = on.federation;
      await expect(attest(on.hospitals[0], true))
        .to.emit(rounds, "Attested")
        .withArgs(1, on.hospitals[0].address, 1, true, ZeroHash);
      await attest(on.hospitals[1], true);
      expect((await state()).status).to.equal(status.proposed);
      await expect(attest(on.hospitals[2], true)).to.emit(rounds, "RoundFinalised").withArgs(1, 1, model);
      expect([(await state()).status, await rounds.latestModel()]).to.deep.equal([status.final, model]);
    });

    it("are the round's hospitals', once a proposal, for the model that is proposed", async () => {
      const { rounds, as, aggregator, stranger } = on.federation;
      const late = newWallet(on.chain);
      await on.chain.networkHelpers.setBalance(late.address, 10n ** 18n);
      await rounds.admit(late.address, hospitalRole);
      await refused(attest(late, true), "MemberNotInRound");
      await refused(attest(aggregator as Wallet, true), "MemberNotHospital");
      await refused(attest(stranger as Wallet, true), "MemberUnknown");
      await refused(attest(on.hospitals[0], true, id("other")), "AttestationModelMismatch");
      await refused(attest(on.hospitals[0], true, model, 2), "RoundMismatch");
      await attest(on.hospitals[0], true);
      await refused(attest(on.hospitals[0], true), "AttestationDuplicate");
      await refused(as(on.hospitals[0]).attest(1, model, false, ZeroHash), "AttestationDuplicate");
      await on.chain.networkHelpers.time.setNextBlockTimestamp((await state()).deadline);
      await attest(on.hospitals[1], true);
      await refused(attest(on.hospitals[2], true), "AttestationLate");
    });

    it("after finality are for the record: nothing about the round changes", async () => {
      const { rounds } = on.federation;
      for (const hospital of on.hospitals.slice(0, 3)) await attest(hospital, true);
      const before = await state();
      await expect(attest(on.hospitals[3], false))
        .to.emit(rounds, "Attested")
        .withArgs(1, on.hospitals[3].address, 1, false, ZeroHash);
      await refused(attest(on.hospitals[3], true), "AttestationDuplicate");
      expect(await state()).to.deep.equal(before);
    });

    it("are relayed by anyone, and what does not hold is passed over", async () => {
      const { rounds, as, stranger, hospitals } = on.federation;
      await rounds.revoke(3);
      const said = { round: 1, proposal: 1, model, agree: true, scores: id("scores") };
      const sign = (i: number, changes = {}) =>
        signAttestation(on.federation, hospitals[i] as Wallet, { ...said, ...changes });
      const entries = [
        await sign(0, { proposal: 2 }),
        await sign(0, { model: id("other") }),
        { ...(await sign(0)), agree: false },
        { ...(await sign(0)), r: ZeroHash },
        await sign(3),
        await signAttestation(on.federation, stranger as Wallet, said),
        await sign(0),
        await sign(1),
        await sign(1),
        await sign(0),
      ];
      expect(await as(stranger).attestFor.staticCall(1, model, entries)).to.equal(2n);
      await expect(as(stranger).attestFor(1, model, entries))
        .to.emit(rounds, "AttestedTogether")
        .withArgs(1, 1, 0b11n, 0b11n, [id("scores"), id("scores"), ...Array(8).fill(ZeroHash)]);
      expect((await state()).agreeing).to.equal(2n);
      await expect(as(stranger).attestFor(1, model, [await sign(2)])).to.emit(rounds, "RoundFinalised");
      await refused(as(stranger).attestFor(1, id("other"), []), "AttestationModelMismatch");
    });

    it("that are relayed together can refuse the proposal", async () => {
      const { as, stranger, hospitals } = on.federation;
      const against = { round: 1, proposal: 1, model, agree: false, scores: ZeroHash };
      const signed = await Promise.all(hospitals.map((each) => signAttestation(on.federation, each, against)));
      await expect(as(stranger).attestFor(1, model, signed)).to.emit(on.federation.rounds, "ProposalRefused");
      expect((await state()).status).to.equal(status.proposing);
    });

    it("are refused while nothing is proposed", async () => {
      await pass(attestPeriod + 1);
      await on.federation.as(on.hospitals[0]).expire(1);
      await refused(attest(on.hospitals[0], true), "RoundStatus");
    });
  });
});
