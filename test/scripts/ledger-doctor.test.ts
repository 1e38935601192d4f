// `consilium doctor` on real things: a chain, keys, a shard, and a member that listens.
import { chmod, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { recoverSigner } from "../../io/chain/signatures.ts";
import { systemClock } from "../../io/clock/system-clock.ts";
import { createPeerKey, loadPeerKey } from "../../io/p2p/identity.ts";
import { openPeerNetwork, type PeerNetwork } from "../../io/p2p/peer-network.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { lockKeyFile } from "../../party/key-lock.ts";
import { watchMembership } from "../../party/membership-watch.ts";
import type { BlobStore } from "../../protocol/ports.ts";
import type { Finding } from "../../scripts/doctor/finding.ts";
import { doctorCommand } from "../../scripts/doctor.ts";
import { FakeLog } from "../fakes/party-ports.ts";
import { fundedWallet, startHardhat, type TestChain } from "../io/chain/chain.ts";
import { type FederationCommands, openFederationCommands } from "./federation-commands.ts";

describe("consilium doctor", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let commands: FederationCommands;
  let member: PeerNetwork;
  let blobs: BlobStore & { close(): Promise<void> };
  let address: string;
  const watching = new AbortController();

  before(async () => {
    chain = await startHardhat();
    commands = await openFederationCommands(chain, [doctorCommand]);
    const { federation, dir } = commands;
    const identities = await Promise.all([createPeerKey(), createPeerKey()]);
    for (const [index, identity] of identities.entries()) {
      const key = await loadPeerKey(identity);
      const bound = { publicKey: key.publicKey.raw, sign: async (message: Uint8Array) => key.sign(message) };
      await federation.hospitals[index]!.bindPeer(bound);
    }
    const [own, others] = identities as [Uint8Array, Uint8Array];
    await writeFile(join(dir, "peer.key"), `${Buffer.from(own).toString("hex")}\n`, { mode: 0o600 });
    const log = new FakeLog();
    const ledger = federation.hospitals[1]!;
    const membership = await watchMembership({ ledger, clock: systemClock, log }, watching.signal);
    blobs = await openBlobStore(join(dir, "other"));
    member = await openPeerNetwork({
      ...{ identity: others, listen: ["/ip4/127.0.0.1/tcp/0"], peers: [], membership, blobs, log },
      ...{ federation: ledger.federation, signatures: { recover: recoverSigner } },
    });
    address = member.addresses()[0]!;
  });
  after(async () => {
    watching.abort();
    await member.stop();
    await blobs.close();
    await commands.close();
    await chain.stop();
  });
  afterEach(() => {
    process.exitCode = 0;
  });

  /** The first hospital's configuration, with changes. */
  async function findings(changes: Record<string, unknown> = {}, account = 2): Promise<Map<string, Finding>> {
    const { dir } = commands;
    const keystore = await commands.written(fundedWallet(account));
    await chmod(keystore, 0o600);
    const config = {
      federation: "federation.json",
      chain: { endpoints: [chain.url] },
      keys: { keystore, passwordFile: "password", peerKey: "peer.key" },
      network: { listen: ["/ip4/127.0.0.1/tcp/0"], peers: [address] },
      store: "store",
      shard: "shard",
      ...changes,
    };
    const file = join(dir, "hospital.json");
    await writeFile(file, JSON.stringify(config));
    const found: Finding[] = await commands.runJson("doctor", "--config", file);
    return new Map(found.map((each) => [each.check, each]));
  }
  const states = (found: Map<string, Finding>) =>
    Object.fromEntries([...found].map(([check, { state }]) => [check, state]));

  it("finds nothing bad where all is right, and names what could be better", async () => {
    const found = await findings();
    const { hostname, port } = new URL(chain.url);
    expect(states(found)).to.include({
      ...{
        configuration: "good",
        keystore: "good",
        "peer key": "good",
        contract: "good",
        member: "good",
        funds: "good",
      },
      ...{ [`endpoint ${hostname}:${port}`]: "good", endpoints: "note", listen: "good", [`peer ${address}`]: "good" },
      ...{ inbound: "good", shard: "bad" }, // no archive was imported yet
    });
    expect(found.get("shard")!.remedy).to.include("consilium import");
    expect(found.get(`peer ${address}`)!.text).to.match(/directly, round trip \d+ ms/);
    expect(process.exitCode).to.equal(1);
  });

  it("says for each way in which a peer cannot be reached what it is, with the sentence for the firewall's team", async () => {
    const { peerId } = member;
    const wrong = address.replace(peerId, "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo");
    const closed = `/ip4/127.0.0.1/tcp/1/p2p/${peerId}`;
    const found = await findings({ network: { listen: ["/ip4/127.0.0.1/tcp/0"], peers: [wrong, closed] } });
    expect(states(found)).to.include({ [`peer ${wrong}`]: "bad", [`peer ${closed}`]: "bad", peers: "bad" });
    expect(found.get(`peer ${closed}`)!.remedy).to.match(/TCP .* out to 127\.0\.0\.1, port 1/);
    // One that is reached is enough for the node.
    const enough = await findings({ network: { listen: ["/ip4/127.0.0.1/tcp/0"], peers: [address, closed] } });
    expect(states(enough)).to.include({ [`peer ${address}`]: "good", [`peer ${closed}`]: "note" });
    expect(enough.get(`peer ${closed}`)!.remedy).to.match(/TCP .* out to/);
  });

  it("finds a port that is taken", async () => {
    const server = await new Promise<Server>((resolve) => {
      const one = createServer().listen(0, "127.0.0.1", () => resolve(one));
    });
    const { port } = server.address() as { port: number };
    try {
      const found = await findings({ network: { listen: [`/ip4/127.0.0.1/tcp/${port}`], peers: [address] } });
      expect(states(found)).to.include({ listen: "bad" });
    } finally {
      server.close();
    }
  });

  it("finds an endpoint that is away and one of another chain, and continues with the good one", async () => {
    const found = await findings({ chain: { endpoints: ["http://127.0.0.1:1", chain.url] } });
    expect(states(found)).to.include({
      "endpoint 127.0.0.1:1": "bad",
      contract: "good",
      member: "good",
      funds: "good",
    });
    expect(found.get("endpoint 127.0.0.1:1")!.remedy).to.match(/TCP .* out to 127\.0\.0\.1:1/);
  });

  it("finds a key that the contract does not list, and the command that admits it", async () => {
    const found = await findings({}, 9);
    expect(states(found)).to.include({ member: "bad" });
    expect(found.get("member")!.remedy).to.include(fundedWallet(9).address.toLowerCase());
  });

  it("finds a key without coins", async () => {
    const { address: account } = fundedWallet(2);
    await chain.rpc("hardhat_setBalance", [account, "0x1"]);
    try {
      expect(states(await findings())).to.include({ funds: "bad" });
      expect(states(await findings({ chain: { endpoints: [chain.url], relayed: true } }))).to.include({
        funds: "good",
      });
    } finally {
      await chain.rpc("hardhat_setBalance", [account, "0x8ac7230489e80000"]);
    }
  });

  it("finds a wrong password, files that others can read, and a missing field, each by name", async () => {
    const { dir } = commands;
    await writeFile(join(dir, "wrong"), "not it\n");
    const keystore = await commands.written(fundedWallet(3));
    await chmod(keystore, 0o644);
    const found = await findings({ keys: { keystore, passwordFile: "wrong", peerKey: "peer.key" } });
    expect(states(found)).to.include({ keystore: "bad", "key files": "bad" });
    expect(found.has("member")).to.equal(false);
    expect(states(await findings({ store: undefined }))).to.deep.equal({ configuration: "bad" });
  });

  it("says what it did not check where a service's password is not there, and checks the rest by the address", async () => {
    const keystore = await commands.written(fundedWallet(2));
    await chmod(keystore, 0o600);
    const passwordFile = "/run/credentials/consilium-node.service/keystore-password";
    const found = await findings({ keys: { keystore, passwordFile, peerKey: "peer.key" } });
    expect(states(found)).to.include({ keystore: "note", member: "good", funds: "good", listen: "good" });
    expect(found.get("keystore")?.text).to.include(fundedWallet(2).address.toLowerCase());
    expect([...found.values()].filter(({ state }) => state === "bad").map(({ check }) => check)).to.deep.equal([
      "shard",
    ]);
    const mistyped = await findings({ keys: { keystore, passwordFile: "nowhere", peerKey: "peer.key" } });
    expect(states(mistyped)).to.include({ keystore: "bad", member: "good" });
  });

  it("does not try the ports of a node that runs", async () => {
    const lock = await lockKeyFile(await commands.written(fundedWallet(2)));
    try {
      const found = await findings();
      expect(states(found)).to.include({ network: "note" });
      expect(found.has("listen")).to.equal(false);
    } finally {
      await lock.release();
    }
  });
});
