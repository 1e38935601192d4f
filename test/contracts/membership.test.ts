import { expect } from "chai";
import { id, type Wallet, ZeroAddress, ZeroHash } from "ethers";
import { defaultTerms, firstMembers, hospitalRole, newWallet, openAndCommit } from "./federation.ts";
import { onFederation } from "./on-federation.ts";

const possession = `0x${"11".repeat(64)}`;
const peerKey = id("peer key");

describe("Consortium", () => {
  const on = onFederation();
  const { addressOf } = on;

  describe("admission", () => {
    it("gives every member the next index and a place from the next round on", async () => {
      const { rounds } = on.federation;
      const members = await rounds.membersBetween(0, await rounds.memberCount());
      expect(
        members.map(({ index, role, active, fromRound }: Record<string, unknown>) => [index, role, active, fromRound]),
      ).to.deep.equal([...[0n, 1n, 2n, 3n].map((index) => [index, 1n, true, 1n]), [4n, 2n, true, 1n]]);
      expect(await rounds.activeHospitals()).to.equal(firstMembers(4));
      await openAndCommit(on.federation);
      const late = newWallet(on.chain);
      await expect(rounds.admit(late.address, hospitalRole))
        .to.emit(rounds, "MemberAdmitted")
        .withArgs(late.address, 5, hospitalRole, 2);
    });

    it("refuses everyone but the owner", async () => {
      const { as, rounds, stranger, hospitals } = on.federation;
      for (const caller of [stranger, hospitals[0] as Wallet]) {
        await expect(as(caller).admit(newWallet(on.chain).address, hospitalRole)).to.be.revertedWithCustomError(
          rounds,
          "OwnableUnauthorizedAccount",
        );
        await expect(as(caller).revoke(0)).to.be.revertedWithCustomError(rounds, "OwnableUnauthorizedAccount");
      }
    });

    it("refuses the zero address, the role of nobody, and present and former members", async () => {
      const { rounds } = on.federation;
      await expect(rounds.admit(ZeroAddress, hospitalRole)).to.be.revertedWithCustomError(rounds, "MemberInvalid");
      await expect(rounds.admit(newWallet(on.chain).address, 0)).to.be.revertedWithCustomError(rounds, "MemberInvalid");
      await expect(rounds.admit(addressOf(1), hospitalRole))
        .to.be.revertedWithCustomError(rounds, "MemberAlreadyAdmitted")
        .withArgs(addressOf(1));
      await rounds.revoke(1);
      await expect(rounds.admit(addressOf(1), hospitalRole)).to.be.revertedWithCustomError(
        rounds,
        "MemberAlreadyAdmitted",
      );
    });

    it("ends with the 256th member", async () => {
      const { rounds } = on.federation;
      for (let i = 5; i < 256; i++) await rounds.admit(newWallet(on.chain).address, hospitalRole);
      expect(await rounds.activeHospitals()).to.equal(((1n << 256n) - 1n) ^ (1n << 4n));
      await expect(rounds.admit(newWallet(on.chain).address, hospitalRole)).to.be.revertedWithCustomError(
        rounds,
        "MembersFull",
      );
    });
  });

  describe("revocation", () => {
    it("takes every right at once, also in a running round", async () => {
      const { rounds, as, hospitals, aggregator } = on.federation;
      const [first, second] = hospitals as [Wallet, Wallet];
      const { round } = await openAndCommit(on.federation, [first]);
      await expect(rounds.revoke(1)).to.emit(rounds, "MemberRevoked").withArgs(second.address, 1);
      await expect(as(second).commitUpdate(round, id("m"), 1))
        .to.be.revertedWithCustomError(rounds, "MemberUnknown")
        .withArgs(second.address);
      await expect(as(second).bindPeerKey(peerKey, possession)).to.be.revertedWithCustomError(rounds, "MemberUnknown");
      await expect(as(second).vote("0x", true)).to.be.revertedWithCustomError(rounds, "MemberUnknown");
      await on.chain.networkHelpers.time.increase(defaultTerms.commitPeriod + 1);
      await expect(as(second).proposeModel(round, id("model"), 1)).to.be.revertedWithCustomError(
        rounds,
        "MemberUnknown",
      );
      await as(aggregator).expire(round);
      await expect(as(second).openRound()).to.be.revertedWithCustomError(rounds, "MemberUnknown");
      expect(await rounds.activeHospitals()).to.equal(0b1101n);
    });

    it("refuses indices that nobody has, and members that are revoked", async () => {
      const { rounds } = on.federation;
      await expect(rounds.revoke(5)).to.be.revertedWithCustomError(rounds, "MemberIndexUnknown").withArgs(5);
      await rounds.revoke(1);
      await expect(rounds.revoke(1)).to.be.revertedWithCustomError(rounds, "MemberUnknown");
    });

    it("takes back the vote on the open proposal, whichever it was, and no other", async () => {
      const { rounds, as, hospitals, aggregator } = on.federation;
      const { round } = await openAndCommit(on.federation);
      await as(aggregator).proposeModel(round, id("model"), firstMembers(4));
      await as(hospitals[0] as Wallet).attest(round, id("model"), true, ZeroHash);
      await as(hospitals[1] as Wallet).attest(round, id("model"), false, ZeroHash);
      expect((await rounds.latestRound()).agreeing).to.equal(1);
      await expect(rounds.revoke(0)).to.emit(rounds, "AttestationWithdrawn").withArgs(round, addressOf(0), 1);
      await expect(rounds.revoke(1)).to.emit(rounds, "AttestationWithdrawn").withArgs(round, addressOf(1), 1);
      await expect(rounds.revoke(2)).not.to.emit(rounds, "AttestationWithdrawn");
      const { agreeing, disagreeing, hospitals: size } = await rounds.latestRound();
      expect([agreeing, disagreeing, size]).to.deep.equal([0n, 0n, 4n]);
    });

    it("abandons a running round whose other hospitals are no quorum, also in a pause, and no other", async () => {
      const { rounds, as, hospitals, aggregator } = on.federation;
      const { round } = await openAndCommit(on.federation);
      await as(aggregator).proposeModel(round, id("model"), firstMembers(4));
      await as(hospitals[1] as Wallet).attest(round, id("model"), true, ZeroHash);
      await rounds.pauseUntil((await on.chain.networkHelpers.time.latest()) + 1000);
      await expect(rounds.revoke(4)).not.to.emit(rounds, "RoundAbandoned");
      await expect(rounds.revoke(0)).not.to.emit(rounds, "RoundAbandoned");
      const last = rounds.revoke(1);
      await expect(last).to.emit(rounds, "AttestationWithdrawn").withArgs(round, addressOf(1), 1);
      await expect(last).to.emit(rounds, "RoundAbandoned").withArgs(round);
      await expect(rounds.revoke(2)).not.to.emit(rounds, "RoundAbandoned");
      expect((await rounds.latestRound()).status).to.equal(5n);
    });

    it("leaves a final round as it is", async () => {
      const { rounds, as, hospitals, aggregator } = on.federation;
      const { round } = await openAndCommit(on.federation);
      await as(aggregator).proposeModel(round, id("model"), firstMembers(4));
      for (const hospital of hospitals.slice(0, 3)) await as(hospital).attest(round, id("model"), true, ZeroHash);
      const before = await rounds.latestRound();
      await expect(rounds.revoke(0)).not.to.emit(rounds, "AttestationWithdrawn");
      expect(await rounds.latestRound()).to.deep.equal(before);
    });
  });
});
