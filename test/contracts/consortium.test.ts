import { expect } from "chai";
import { id, type Wallet, ZeroAddress, ZeroHash } from "ethers";
import { peerKeyMessage } from "../../io/chain/peer-key.ts";
import { parseAddress } from "../../protocol/digest.ts";
import {
  aggregatorRole,
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
} from "./federation.ts";

const possession = `0x${"11".repeat(64)}`;
const peerKey = id("peer key");

describe("Consortium", () => {
  let chain: Chain;
  let federation: Federation;
  before(async () => {
    chain = await connectChain();
  });
  after(() => chain.close());
  beforeEach(async () => {
    federation = await chain.networkHelpers.loadFixture(fixture);
  });
  async function fixture() {
    return deployFederation(chain);
  }
  const addressOf = (i: number) => (federation.hospitals[i] as Wallet).address;

  describe("admission", () => {
    it("gives every member the next index and a place from the next round on", async () => {
      const { rounds } = federation;
      const members = await rounds.membersBetween(0, await rounds.memberCount());
      expect(
        members.map(({ index, role, active, fromRound }: Record<string, unknown>) => [index, role, active, fromRound]),
      ).to.deep.equal([...[0n, 1n, 2n, 3n].map((index) => [index, 1n, true, 1n]), [4n, 2n, true, 1n]]);
      expect(await rounds.activeHospitals()).to.equal(firstMembers(4));
      await openAndCommit(federation);
      const late = newWallet(chain);
      await expect(rounds.admit(late.address, hospitalRole))
        .to.emit(rounds, "MemberAdmitted")
        .withArgs(late.address, 5, hospitalRole, 2);
    });

    it("refuses everyone but the owner", async () => {
      const { as, rounds, stranger, hospitals } = federation;
      for (const caller of [stranger, hospitals[0] as Wallet]) {
        await expect(as(caller).admit(newWallet(chain).address, hospitalRole)).to.be.revertedWithCustomError(
          rounds,
          "OwnableUnauthorizedAccount",
        );
        await expect(as(caller).revoke(addressOf(0))).to.be.revertedWithCustomError(
          rounds,
          "OwnableUnauthorizedAccount",
        );
      }
    });

    it("refuses the zero address, the role of nobody, and whoever is or was a member", async () => {
      const { rounds } = federation;
      await expect(rounds.admit(ZeroAddress, hospitalRole)).to.be.revertedWithCustomError(rounds, "MemberInvalid");
      await expect(rounds.admit(newWallet(chain).address, 0)).to.be.revertedWithCustomError(rounds, "MemberInvalid");
      await expect(rounds.admit(addressOf(1), hospitalRole))
        .to.be.revertedWithCustomError(rounds, "MemberAlreadyAdmitted")
        .withArgs(addressOf(1));
      await rounds.revoke(addressOf(1));
      await expect(rounds.admit(addressOf(1), hospitalRole)).to.be.revertedWithCustomError(
        rounds,
        "MemberAlreadyAdmitted",
      );
    });

    it("ends with the 256th member", async () => {
      const { rounds } = federation;
      for (let i = 5; i < 256; i++) await rounds.admit(newWallet(chain).address, hospitalRole);
      expect(await rounds.activeHospitals()).to.equal(((1n << 256n) - 1n) ^ (1n << 4n));
      await expect(rounds.admit(newWallet(chain).address, hospitalRole)).to.be.revertedWithCustomError(
        rounds,
        "MembersFull",
      );
    });
  });

  describe("revocation", () => {
    it("takes every right at once, also in a running round", async () => {
      const { rounds, as, hospitals, aggregator } = federation;
      const [first, second] = hospitals as [Wallet, Wallet];
      const { round } = await openAndCommit(federation, [first]);
      await expect(rounds.revoke(second.address)).to.emit(rounds, "MemberRevoked").withArgs(second.address, 1);
      await expect(as(second).commitUpdate(round, id("m"), 1))
        .to.be.revertedWithCustomError(rounds, "MemberUnknown")
        .withArgs(second.address);
      await expect(as(second).bindPeerKey(peerKey, possession)).to.be.revertedWithCustomError(rounds, "MemberUnknown");
      await expect(as(second).vote("0x", true)).to.be.revertedWithCustomError(rounds, "MemberUnknown");
      await chain.networkHelpers.time.increase(defaultTerms.commitPeriod + 1);
      await expect(as(second).proposeModel(round, id("model"), 1)).to.be.revertedWithCustomError(
        rounds,
        "MemberUnknown",
      );
      await as(aggregator).expire(round);
      await expect(as(second).openRound(plan, genesis)).to.be.revertedWithCustomError(rounds, "MemberUnknown");
      expect(await rounds.activeHospitals()).to.equal(0b1101n);
    });

    it("refuses those who are no members", async () => {
      const { rounds, stranger } = federation;
      await expect(rounds.revoke(await stranger.getAddress())).to.be.revertedWithCustomError(rounds, "MemberUnknown");
    });

    it("takes back the vote on the open proposal, whichever it was, and no other", async () => {
      const { rounds, as, hospitals, aggregator } = federation;
      const { round } = await openAndCommit(federation);
      await as(aggregator).proposeModel(round, id("model"), firstMembers(4));
      await as(hospitals[0] as Wallet).attest(round, id("model"), true, ZeroHash);
      await as(hospitals[1] as Wallet).attest(round, id("model"), false, ZeroHash);
      expect((await rounds.latestRound()).agreeing).to.equal(1);
      await expect(rounds.revoke(addressOf(0)))
        .to.emit(rounds, "AttestationWithdrawn")
        .withArgs(round, addressOf(0), 1);
      await expect(rounds.revoke(addressOf(1)))
        .to.emit(rounds, "AttestationWithdrawn")
        .withArgs(round, addressOf(1), 1);
      await expect(rounds.revoke(addressOf(2))).not.to.emit(rounds, "AttestationWithdrawn");
      const { agreeing, disagreeing, hospitals: size } = await rounds.latestRound();
      expect([agreeing, disagreeing, size]).to.deep.equal([0n, 0n, 4n]);
    });

    it("leaves a final round as it is", async () => {
      const { rounds, as, hospitals, aggregator } = federation;
      const { round } = await openAndCommit(federation);
      await as(aggregator).proposeModel(round, id("model"), firstMembers(4));
      for (const hospital of hospitals.slice(0, 3)) await as(hospital).attest(round, id("model"), true, ZeroHash);
      const before = await rounds.latestRound();
      await expect(rounds.revoke(addressOf(0))).not.to.emit(rounds, "AttestationWithdrawn");
      expect(await rounds.latestRound()).to.deep.equal(before);
    });
  });

  describe("peer keys", () => {
    it("are bound by the member itself, and kept by index", async () => {
      const { rounds, as, hospitals } = federation;
      await expect(as(hospitals[1] as Wallet).bindPeerKey(peerKey, possession))
        .to.emit(rounds, "PeerKeyBound")
        .withArgs(addressOf(1), 1, peerKey, possession);
      expect((await rounds.memberOf(addressOf(1))).peerKey).to.equal(peerKey);
    });

    it("are not shown for whoever never was a member, though index 0 has one", async () => {
      const { rounds, hospitals, as, stranger } = federation;
      await as(hospitals[0] as Wallet).bindPeerKey(peerKey, possession);
      const { peerKey: shown, role, active } = await rounds.memberOf(await stranger.getAddress());
      expect([shown, role, active]).to.deep.equal([ZeroHash, 0n, false]);
    });

    it("are refused when empty or without a proof of the right length", async () => {
      const { rounds, as, hospitals } = federation;
      const member = as(hospitals[1] as Wallet);
      await expect(member.bindPeerKey(ZeroHash, possession)).to.be.revertedWithCustomError(rounds, "PeerKeyInvalid");
      await expect(member.bindPeerKey(peerKey, "0x11"))
        .to.be.revertedWithCustomError(rounds, "PeerKeyInvalid")
        .withArgs(peerKey, 1);
    });

    it("are bound by another's transaction only with the member's signature, once", async () => {
      const { rounds, as, hospitals, stranger, domain } = federation;
      const types = {
        PeerKey: [
          { name: "account", type: "address" },
          { name: "peerKey", type: "bytes32" },
          { name: "nonce", type: "uint32" },
        ],
      };
      const value = { account: addressOf(2), peerKey, nonce: 0 };
      const signature = await (hospitals[2] as Wallet).signTypedData(domain, types, value);
      const forged = await (hospitals[1] as Wallet).signTypedData(domain, types, value);
      const send = (with_: string) => as(stranger).bindPeerKeyFor(addressOf(2), peerKey, possession, with_);
      await expect(send(forged))
        .to.be.revertedWithCustomError(rounds, "KeySignatureInvalid")
        .withArgs(addressOf(1), addressOf(2));
      await expect(send(signature)).to.emit(rounds, "PeerKeyBound");
      await expect(send(signature)).to.be.revertedWithCustomError(rounds, "KeySignatureInvalid");
    });

    it("sign the message that every reader recomputes", async () => {
      const { rounds, address } = federation;
      const { chainId } = await chain.ethers.provider.getNetwork();
      const own = peerKeyMessage(
        { chainId: Number(chainId), contract: parseAddress(address) },
        parseAddress(addressOf(0)),
      );
      expect(await rounds.peerKeyMessage(addressOf(0))).to.equal(`0x${Buffer.from(own).toString("hex")}`);
    });
  });

  describe("rotation of a chain key", () => {
    const types = {
      Rotation: [
        { name: "from", type: "address" },
        { name: "to", type: "address" },
        { name: "nonce", type: "uint32" },
      ],
    };
    const consent = (to: Wallet, nonce = 0) =>
      to.signTypedData(federation.domain, types, { from: addressOf(0), to: to.address, nonce });

    it("keeps the index, the peer key and what was done in the running round", async () => {
      const { rounds, as, hospitals } = federation;
      const [old] = hospitals as [Wallet];
      await as(old).bindPeerKey(peerKey, possession);
      const { round } = await openAndCommit(federation, [old]);
      const next = newWallet(chain);
      await expect(as(old).rotateKey(next.address, await consent(next, 1)))
        .to.emit(rounds, "MemberKeyRotated")
        .withArgs(old.address, next.address, 0);
      const member = await rounds.memberOf(next.address);
      expect([member.index, member.peerKey, member.active, member.fromRound]).to.deep.equal([0n, peerKey, true, 1n]);
      expect((await rounds.memberOf(old.address)).active).to.equal(false);
      expect((await rounds.membersBetween(0, 1))[0].account).to.equal(next.address);
      await expect(as(next).commitUpdate(round, id("again"), 1)).to.be.revertedWithCustomError(
        rounds,
        "CommitmentDuplicate",
      );
      await expect(as(old).commitUpdate(round, id("again"), 1)).to.be.revertedWithCustomError(rounds, "MemberUnknown");
      await expect(rounds.admit(old.address, hospitalRole)).to.be.revertedWithCustomError(
        rounds,
        "MemberAlreadyAdmitted",
      );
    });

    it("needs the new key's consent, and a key that was never a member's", async () => {
      const { rounds, as, hospitals } = federation;
      const [old, other] = hospitals as [Wallet, Wallet];
      const next = newWallet(chain);
      await expect(as(old).rotateKey(next.address, await consent(old))).to.be.revertedWithCustomError(
        rounds,
        "KeySignatureInvalid",
      );
      await expect(as(old).rotateKey(other.address, await consent(other))).to.be.revertedWithCustomError(
        rounds,
        "MemberAlreadyAdmitted",
      );
      await expect(as(old).rotateKey(ZeroAddress, await consent(next))).to.be.revertedWithCustomError(
        rounds,
        "MemberInvalid",
      );
      await expect(as(federation.stranger).rotateKey(next.address, await consent(next))).to.be.revertedWithCustomError(
        rounds,
        "MemberUnknown",
      );
    });
  });

  describe("the owner", () => {
    it("hands over in two steps, and can cancel in between", async () => {
      const { rounds, as, owner, stranger } = federation;
      await rounds.transferOwnership(await stranger.getAddress());
      expect(await rounds.owner()).to.equal(await owner.getAddress());
      await as(stranger).acceptOwnership();
      expect(await rounds.owner()).to.equal(await stranger.getAddress());
      await expect(rounds.admit(newWallet(chain).address, hospitalRole)).to.be.revertedWithCustomError(
        rounds,
        "OwnableUnauthorizedAccount",
      );
    });

    it("cannot leave the federation without one", async () => {
      await expect(federation.rounds.renounceOwnership()).to.be.revertedWithCustomError(
        federation.rounds,
        "OwnershipNotRenounceable",
      );
    });
  });

  describe("the hospitals' vote", () => {
    const motion = (name: string, args: unknown[]) => federation.rounds.interface.encodeFunctionData(name, args);
    const voteAll = async (count: number, data: string) => {
      for (const hospital of federation.hospitals.slice(0, count)) await federation.as(hospital).vote(data, true);
    };
    const handOver = async () => {
      await federation.rounds.transferOwnership(federation.address);
      await voteAll(3, motion("acceptOwnership", []));
    };

    it("takes over from an owner who hands over, once more than two thirds agree", async () => {
      const { rounds, address } = federation;
      await rounds.transferOwnership(address);
      await voteAll(2, motion("acceptOwnership", []));
      expect(await rounds.owner()).not.to.equal(address);
      await expect(federation.as(federation.hospitals[2] as Wallet).vote(motion("acceptOwnership", []), true)).to.emit(
        rounds,
        "MotionCarried",
      );
      expect(await rounds.owner()).to.equal(address);
    });

    it("admits, revokes, pauses and sets terms, then gives the federation back to an owner", async () => {
      const { rounds, owner } = federation;
      await handOver();
      const late = newWallet(chain);
      await voteAll(3, motion("admit", [late.address, hospitalRole]));
      expect((await rounds.memberOf(late.address)).active).to.equal(true);
      await voteAll(4, motion("revoke", [late.address]));
      expect((await rounds.memberOf(late.address)).active).to.equal(false);
      await voteAll(3, motion("setTerms", [{ ...defaultTerms, minUpdates: 3 }]));
      expect((await rounds.currentTerms()).minUpdates).to.equal(3);
      await voteAll(3, motion("transferOwnership", [await owner.getAddress()]));
      await rounds.acceptOwnership();
      expect(await rounds.owner()).to.equal(await owner.getAddress());
    });

    it("counts each hospital once, lets it take its vote back, and forgets those who are revoked", async () => {
      const { rounds, as, hospitals } = federation;
      const data = motion("acceptOwnership", []);
      await rounds.transferOwnership(federation.address);
      const [first, second, third] = hospitals as [Wallet, Wallet, Wallet];
      for (let i = 0; i < 3; i++) await as(first).vote(data, true);
      expect(await rounds.supportersOf(data)).to.equal(1n);
      await as(second).vote(data, true);
      await as(second).vote(data, false);
      expect(await rounds.supportersOf(data)).to.equal(1n);
      await rounds.revoke(first.address);
      // Three hospitals remain: all three are needed, and the revoked one's vote is none of them.
      await as(second).vote(data, true);
      await as(third).vote(data, true);
      expect(await rounds.owner()).not.to.equal(federation.address);
      await as(hospitals[3] as Wallet).vote(data, true);
      expect(await rounds.owner()).to.equal(federation.address);
    });

    it("decides nothing while the federation has another owner", async () => {
      const { rounds, as, hospitals } = federation;
      const data = motion("revoke", [addressOf(0)]);
      await voteAll(2, data);
      await expect(as(hospitals[2] as Wallet).vote(data, true)).to.be.revertedWithCustomError(
        rounds,
        "OwnableUnauthorizedAccount",
      );
      expect((await rounds.memberOf(addressOf(0))).active).to.equal(true);
    });

    it("is the hospitals' alone", async () => {
      const { rounds, as, aggregator, stranger } = federation;
      await expect(as(aggregator).vote("0x", true)).to.be.revertedWithCustomError(rounds, "MemberNotHospital");
      await expect(as(stranger).vote("0x", true)).to.be.revertedWithCustomError(rounds, "MemberUnknown");
      expect(aggregatorRole).to.equal(2);
    });
  });
});
