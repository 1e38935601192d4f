import { expect } from "chai";
import type { Wallet } from "ethers";
import { aggregatorRole, defaultTerms, hospitalRole, newWallet } from "./federation.ts";
import { onFederation } from "./on-federation.ts";

describe("Consortium", () => {
  const on = onFederation();
  const { addressOf } = on;

  describe("the owner", () => {
    it("hands over in two steps, and can cancel in between", async () => {
      const { rounds, as, owner, stranger } = on.federation;
      await rounds.transferOwnership(await stranger.getAddress());
      expect(await rounds.owner()).to.equal(await owner.getAddress());
      await as(stranger).acceptOwnership();
      expect(await rounds.owner()).to.equal(await stranger.getAddress());
      await expect(rounds.admit(newWallet(on.chain).address, hospitalRole)).to.be.revertedWithCustomError(
        rounds,
        "OwnableUnauthorizedAccount",
      );
    });

    it("cannot leave the federation without one", async () => {
      await expect(on.federation.rounds.renounceOwnership()).to.be.revertedWithCustomError(
        on.federation.rounds,
        "OwnershipNotRenounceable",
      );
    });
  });

  describe("the hospitals' vote", () => {
    const motion = (name: string, args: unknown[]) => on.federation.rounds.interface.encodeFunctionData(name, args);
    const voteAll = async (count: number, data: string) => {
      for (const hospital of on.federation.hospitals.slice(0, count)) await on.federation.as(hospital).vote(data, true);
    };
    const handOver = async () => {
      await on.federation.rounds.transferOwnership(on.federation.address);
      await voteAll(3, motion("acceptOwnership", []));
    };

    it("takes over from an owner who hands over, once more than two thirds agree", async () => {
      const { rounds, address } = on.federation;
      await rounds.transferOwnership(address);
      await voteAll(2, motion("acceptOwnership", []));
      expect(await rounds.owner()).not.to.equal(address);
      await expect(
        on.federation.as(on.federation.hospitals[2] as Wallet).vote(motion("acceptOwnership", []), true),
      ).to.emit(rounds, "MotionCarried");
      expect(await rounds.owner()).to.equal(address);
    });

    it("admits, revokes, pauses and sets terms, then gives the federation back to an owner", async () => {
      const { rounds, owner } = on.federation;
      await handOver();
      const late = newWallet(on.chain);
      await voteAll(3, motion("admit", [late.address, hospitalRole]));
      expect((await rounds.memberOf(late.address)).active).to.equal(true);
      await voteAll(4, motion("revoke", [(await rounds.memberOf(late.address)).index]));
      expect((await rounds.memberOf(late.address)).active).to.equal(false);
      await voteAll(3, motion("setTerms", [{ ...defaultTerms, minUpdates: 3 }]));
      expect((await rounds.currentTerms()).minUpdates).to.equal(3);
      await voteAll(3, motion("transferOwnership", [await owner.getAddress()]));
      await rounds.acceptOwnership();
      expect(await rounds.owner()).to.equal(await owner.getAddress());
    });

    it("holds against a member that rotates its key during the vote", async () => {
      const { rounds, as, hospitals, domain } = on.federation;
      await handOver();
      const data = motion("revoke", [3]);
      await voteAll(2, data);
      const to = newWallet(on.chain);
      const from = (hospitals[3] as Wallet).address;
      const types = {
        Rotation: [
          { name: "from", type: "address" },
          { name: "to", type: "address" },
          { name: "nonce", type: "uint32" },
        ],
      };
      const signature = await to.signTypedData(domain, types, { from, to: to.address, nonce: 0 });
      await as(hospitals[3] as Wallet).rotateKey(to.address, signature);
      await expect(as(hospitals[2] as Wallet).vote(data, true))
        .to.emit(rounds, "MemberRevoked")
        .withArgs(to.address, 3);
    });

    it("takes no motion that is longer than a call of the contract", async () => {
      const { rounds, as, hospitals } = on.federation;
      const vote = (length: number) => as(hospitals[0] as Wallet).vote(`0x${"00".repeat(length)}`, true);
      await expect(vote(513)).to.be.revertedWithCustomError(rounds, "MotionTooLong").withArgs(513, 512);
      await expect(vote(512)).to.emit(rounds, "MotionVoted");
    });

    it("counts each hospital once, lets it take its vote back, and forgets those who are revoked", async () => {
      const { rounds, as, hospitals } = on.federation;
      const data = motion("acceptOwnership", []);
      await rounds.transferOwnership(on.federation.address);
      const [first, second, third] = hospitals as [Wallet, Wallet, Wallet];
      for (let i = 0; i < 3; i++) await as(first).vote(data, true);
      expect(await rounds.supportersOf(data)).to.equal(1n);
      await as(second).vote(data, true);
      await as(second).vote(data, false);
      expect(await rounds.supportersOf(data)).to.equal(1n);
      await rounds.revoke(0);
      // Three hospitals remain: all three are needed, and the revoked one's vote is none of them.
      await as(second).vote(data, true);
      await as(third).vote(data, true);
      expect(await rounds.owner()).not.to.equal(on.federation.address);
      await as(hospitals[3] as Wallet).vote(data, true);
      expect(await rounds.owner()).to.equal(on.federation.address);
    });

    it("decides nothing while the federation has another owner", async () => {
      const { rounds, as, hospitals } = on.federation;
      const data = motion("revoke", [0]);
      await voteAll(2, data);
      await expect(as(hospitals[2] as Wallet).vote(data, true)).to.be.revertedWithCustomError(
        rounds,
        "OwnableUnauthorizedAccount",
      );
      expect((await rounds.memberOf(addressOf(0))).active).to.equal(true);
    });

    it("is the hospitals' alone", async () => {
      const { rounds, as, aggregator, stranger } = on.federation;
      await expect(as(aggregator).vote("0x", true)).to.be.revertedWithCustomError(rounds, "MemberNotHospital");
      await expect(as(stranger).vote("0x", true)).to.be.revertedWithCustomError(rounds, "MemberUnknown");
      expect(aggregatorRole).to.equal(2);
    });
  });
});
