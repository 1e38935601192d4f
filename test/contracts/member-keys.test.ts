import { expect } from "chai";
import { id, type Wallet, ZeroAddress, ZeroHash } from "ethers";
import { peerKeyMessage } from "../../io/chain/peer-key.ts";
import { parseAddress } from "../../protocol/format/digest.ts";
import { hospitalRole, newWallet, openAndCommit } from "./federation.ts";
import { onFederation } from "./on-federation.ts";

const possession = `0x${"11".repeat(64)}`;
const peerKey = id("peer key");

describe("Consortium", () => {
  const on = onFederation();
  const { addressOf } = on;

  describe("peer keys", () => {
    it("are bound by the member itself, and kept by index", async () => {
      const { rounds, as, hospitals } = on.federation;
      await expect(as(hospitals[1] as Wallet).bindPeerKey(peerKey, possession))
        .to.emit(rounds, "PeerKeyBound")
        .withArgs(addressOf(1), 1, peerKey, possession);
      expect((await rounds.memberOf(addressOf(1))).peerKey).to.equal(peerKey);
    });

    it("are not shown for an account that never was a member, though index 0 has one", async () => {
      const { rounds, hospitals, as, stranger } = on.federation;
      await as(hospitals[0] as Wallet).bindPeerKey(peerKey, possession);
      const { peerKey: shown, role, active } = await rounds.memberOf(await stranger.getAddress());
      expect([shown, role, active]).to.deep.equal([ZeroHash, 0n, false]);
    });

    it("are refused when empty or without a proof of the right length", async () => {
      const { rounds, as, hospitals } = on.federation;
      const member = as(hospitals[1] as Wallet);
      await expect(member.bindPeerKey(ZeroHash, possession)).to.be.revertedWithCustomError(rounds, "PeerKeyInvalid");
      await expect(member.bindPeerKey(peerKey, "0x11"))
        .to.be.revertedWithCustomError(rounds, "PeerKeyInvalid")
        .withArgs(peerKey, 1);
    });

    it("are bound by another's transaction only with the member's signature, once", async () => {
      const { rounds, as, hospitals, stranger, domain } = on.federation;
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
      const { rounds, address } = on.federation;
      const { chainId } = await on.chain.ethers.provider.getNetwork();
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
      to.signTypedData(on.federation.domain, types, { from: addressOf(0), to: to.address, nonce });

    it("keeps the index, the peer key and what was done in the running round", async () => {
      const { rounds, as, hospitals } = on.federation;
      const [old] = hospitals as [Wallet];
      await as(old).bindPeerKey(peerKey, possession);
      const { round } = await openAndCommit(on.federation, [old]);
      const next = newWallet(on.chain);
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
      const { rounds, as, hospitals } = on.federation;
      const [old, other] = hospitals as [Wallet, Wallet];
      const next = newWallet(on.chain);
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
      await expect(
        as(on.federation.stranger).rotateKey(next.address, await consent(next)),
      ).to.be.revertedWithCustomError(rounds, "MemberUnknown");
    });
  });
});
