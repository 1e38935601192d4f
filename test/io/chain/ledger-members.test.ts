import { generateKeyPairSync, sign } from "node:crypto";
import { privateKeyFromRaw } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { expect } from "chai";
import type { Wallet } from "ethers";
import type { OpenLedger } from "../../../io/chain/ledger.ts";
import { type HospitalAddress, zeroDigest } from "../../../protocol/format/digest.ts";
import { startHardhat, type TestChain } from "./chain.ts";
import { codeOf, digestOf, foundFederation, type TestFederation } from "./federation.ts";

const plan = digestOf("plan");
const base = digestOf("base");

describe("the members on the ledger of a chain", () => {
  let chain: TestChain;
  let federation: TestFederation;
  let hospitals: readonly OpenLedger[];
  let aggregator: OpenLedger;
  let addresses: HospitalAddress[];

  before(async () => {
    chain = await startHardhat();
  });
  after(() => chain.stop());
  beforeEach(async () => {
    federation = await foundFederation(chain);
    ({ hospitals, aggregator } = federation);
    addresses = hospitals.map(({ self }) => self as HospitalAddress);
  });
  afterEach(() => federation.close());

  const openAndCommit = async () => {
    const round = await aggregator.openRound({ plan, base });
    for (const [i, hospital] of hospitals.entries()) {
      await hospital.commitUpdate({ round, manifest: digestOf(`manifest ${i}`), sampleCount: 10 + i });
    }
    return round;
  };

  /** The new key's word that it takes over from the old one. */
  const consentOf = (next: Wallet, from: HospitalAddress) => {
    const { chainId, contract } = aggregator.federation;
    const fields = Object.entries({ from: "address", to: "address", nonce: "uint32" });
    return next.signTypedData(
      { name: "Consilium", version: "1", chainId, verifyingContract: contract },
      { Rotation: fields.map(([name, type]) => ({ name, type })) },
      { from, to: next.address, nonce: 0 },
    );
  };

  it("lists the members by index with their roles", async () => {
    const members = await aggregator.members();
    expect(members.map(({ index, role, active }) => [index, role, active])).to.deep.equal([
      [0, "hospital", true],
      [1, "hospital", true],
      [2, "hospital", true],
      [3, "aggregator", true],
    ]);
  });

  it("binds a peer once, as the id that libp2p gives to the same key", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const raw = Buffer.from(publicKey.export({ format: "jwk" })["x"] as string, "base64url");
    const seed = Buffer.from(privateKey.export({ format: "jwk" })["d"] as string, "base64url");
    const identity = { publicKey: raw, sign: (message: Uint8Array) => sign(null, message, privateKey) };
    await hospitals[0]!.bindPeer(identity);
    const bound = (await aggregator.members())[0]?.peerId;
    expect(bound).to.equal(peerIdFromPrivateKey(privateKeyFromRaw(Buffer.concat([seed, raw]))).toString());
    const height = await chain.rpc("eth_blockNumber");
    await hospitals[0]!.bindPeer(identity);
    expect(await chain.rpc("eth_blockNumber")).to.equal(height);
  });

  it("leaves a peer key unbound if its holder did not sign", async () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const raw = Buffer.from(publicKey.export({ format: "jwk" })["x"] as string, "base64url");
    await hospitals[0]!.bindPeer({ publicKey: raw, sign: () => new Uint8Array(64).fill(7) });
    expect((await aggregator.members())[0]?.peerId).to.equal(undefined);
  });

  it("follows a member to its new key, also within a round", async () => {
    const round = await aggregator.openRound({ plan, base });
    const next = (await import("./chain.ts")).fundedWallet(15);
    await hospitals[0]!.write("rotateKey", [next.address, await consentOf(next, addresses[0]!)]);
    const renewed = await federation.open(next);
    await renewed.commitUpdate({ round, manifest: plan, sampleCount: 1 });
    const state = await aggregator.round(round);
    expect(state.members[0]).to.equal(renewed.self);
    expect(state.commitments[0]?.member).to.equal(renewed.self);
    expect((await aggregator.members())[0]).to.deep.include({ index: 0, address: renewed.self, active: true });
  });

  it("keeps in mind who signed what a member committed before it changed its key", async () => {
    const round = await openAndCommit();
    const next = (await import("./chain.ts")).fundedWallet(15);
    await hospitals[0]!.write("rotateKey", [next.address, await consentOf(next, addresses[0]!)]);
    const [first] = (await aggregator.round(round)).commitments;
    expect(first).to.include({ member: next.address.toLowerCase(), signer: addresses[0] });
  });

  it("withdraws the attestation of a revoked member, and ends a round whose other hospitals are no quorum", async () => {
    const round = await openAndCommit();
    await aggregator.proposeModel({ round, model: plan, included: addresses });
    await hospitals[0]!.attest({ round, proposal: 1, agree: true, scores: zeroDigest });
    await federation.owner.write("revoke", [0]);
    const { proposals, status } = await aggregator.round(round);
    expect(proposals[0]?.attestations).to.deep.equal([]);
    expect((await aggregator.members())[0]?.active).to.equal(false);
    // The others are no quorum of the round.
    expect([status, proposals[0]?.status]).to.deep.equal(["abandoned", "abandoned"]);
    expect(await codeOf(hospitals[0]!.openRound({ plan, base }))).to.equal("MEMBER_UNKNOWN");
  });
});
