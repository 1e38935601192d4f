// Signed writes over real libp2p nodes on loopback: which are passed on and kept, and from which members.
import type { GossipSub } from "@libp2p/gossipsub";
import { multiaddr } from "@multiformats/multiaddr";
import { expect } from "chai";
import { Wallet } from "ethers";
import { walletSignatures } from "../../../io/chain/signatures.ts";
import { createPeerKey, peerIdOfKey } from "../../../io/p2p/identity.ts";
import { signWrite, type UnsignedWrite } from "../../../protocol/contract/write-signature.ts";
import { parseAddress, parseDigest, parseRoundId } from "../../../protocol/format/digest.ts";
import { encodeSignedWrite, type SignedWrite, signedWriteTopicOf } from "../../../protocol/format/signed-write.ts";
import { addressOf, federation, recordingLog, TestFederation, type TestPeer, until } from "./federation-of-peers.ts";
import { rogueNode } from "./strangers.ts";

const topic = signedWriteTopicOf(federation);
const digest = parseDigest(`0x${"11".repeat(32)}`);
const wallet = Wallet.createRandom();
const hospital = parseAddress(wallet.address);
const signatures = walletSignatures(new Wallet(wallet.privateKey));

const commitment = (change: Partial<UnsignedWrite & { kind: "commitment" }> = {}): Promise<SignedWrite> =>
  signWrite(
    {
      ...{ version: 1, ...federation, kind: "commitment", round: parseRoundId(1), hospital },
      ...{ manifest: digest, sampleCount: 7 },
      ...change,
    },
    signatures,
  );
const vote = (): Promise<SignedWrite> =>
  signWrite(
    {
      ...{ version: 1, ...federation, kind: "vote", round: parseRoundId(1), hospital },
      ...{ proposal: 1, model: digest, agree: false, scores: digest },
    },
    signatures,
  );

describe("signed writes on the network", () => {
  let peers: TestFederation;
  beforeEach(() => {
    peers = new TestFederation();
  });
  afterEach(() => peers.stop());

  /** A peer whose member is the hospital. */
  async function startHospital(options: Parameters<TestFederation["start"]>[0] = {}): Promise<TestPeer> {
    const identity = await createPeerKey();
    peers.members.admit(await peerIdOfKey(identity), hospital);
    return peers.start({ ...options, identity });
  }
  const heardBy = (peer: TestPeer) => {
    const heard: SignedWrite[] = [];
    peer.network.signedWrites.subscribe((write) => heard.push(write));
    return heard;
  };
  const publishUntil = async (peer: TestPeer, write: SignedWrite, heard: () => boolean) => {
    while (!heard()) {
      await peer.network.signedWrites.publish(write);
      const deadline = performance.now() + 250;
      await until(() => heard() || performance.now() > deadline);
    }
  };

  it("reach members that the hospital is not connected to, also from behind a relay", async () => {
    const relay = await peers.start({ relay: true });
    const far = await peers.start({ peers: [addressOf(relay)] });
    const behind = await startHospital({ listen: ["/p2p-circuit"], peers: [addressOf(relay)] });
    const heard = heardBy(far);
    await publishUntil(behind, await commitment(), () => heard.length > 0);
    await publishUntil(behind, await vote(), () => heard.some(({ kind }) => kind === "vote"));
    expect(heard[0]).to.deep.equal(await commitment());
    expect(heard.find(({ kind }) => kind === "vote")).to.deep.equal(await vote());
  });

  it("are rejected if another key signed them, in another's name, of another contract or chain, or with another content", async () => {
    const { log, seen } = recordingLog();
    const a = await peers.start({ log });
    const heard = heardBy(a);
    const other = parseAddress(`0x${"bb".repeat(20)}`);
    const good = (await commitment()) as SignedWrite & { kind: "commitment" };
    for (const bad of [
      { ...good, sampleCount: 8 },
      { ...good, round: parseRoundId(2) },
      { ...(await commitment({ chainId: 1 })), chainId: federation.chainId },
      await commitment({ contract: other }),
      await commitment({ hospital: other }),
      { ...good, signature: `0x${"00".repeat(65)}` as const },
    ]) {
      // Each from another peer: one that has sent forged messages is not listened to any more.
      const key = await createPeerKey();
      peers.members.admit(await peerIdOfKey(key), hospital);
      const liar = await rogueNode(key);
      const gossip: GossipSub = liar.services.gossip;
      gossip.subscribe(topic);
      await liar.dial(multiaddr(addressOf(a)));
      await until(() => gossip.getSubscribers(topic).length === 1);
      const before = seen("signed-write-rejected").length;
      while (seen("signed-write-rejected").length === before) {
        await gossip.publish(topic, encodeSignedWrite(bad));
        const deadline = performance.now() + 250;
        await until(() => seen("signed-write-rejected").length > before || performance.now() > deadline);
      }
      await liar.stop();
      await until(() => a.network.connectedMembers().length === 0);
    }
    const codes = seen("signed-write-rejected").map(({ code }) => code);
    expect(codes.filter((code) => code === "SIGNED_WRITE_SIGNATURE").length).to.be.at.least(4);
    expect(heard).to.deep.equal([]);
  });

  it("of past and unknown rounds are ignored, and so are too many of one member", async () => {
    const { log, seen } = recordingLog();
    const a = await peers.start({ log });
    const b = await startHospital({ peers: [addressOf(a)] });
    const heard = heardBy(a);
    const late = await commitment({ round: parseRoundId(3) });
    await publishUntil(b, late, () => seen("signed-write-ignored").length > 0);
    expect(heard).to.deep.equal([]);
    const good = await commitment();
    for (let count = 0; count < 100; count++) await b.network.signedWrites.publish(good);
    await until(() => seen("signed-write-ignored").filter(({ code }) => code === "SIGNED_WRITES_TOO_MANY").length > 50);
    expect(heard.length).to.be.lessThan(50);
    expect(seen("signed-write-rejected")).to.deep.equal([]);
  });
});
