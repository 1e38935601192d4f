// The members of the hostile-peers benchmark. Prints the address to attack, the keys of members that the crowd may use
// and an object; then, for each line of standard input, exchanges the objects of a round and prints time and memory.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { recoverSigner } from "../../io/chain/signatures.ts";
import { createPeerKey, peerIdOfKey } from "../../io/p2p/identity.ts";
import { openPeerNetwork, type PeerNetwork } from "../../io/p2p/peer-network.ts";
import { type OpenBlobStore, openBlobStore } from "../../io/store/blob-store.ts";
import { type HospitalAddress, parseAddress, parseRoundId } from "../../protocol/format/digest.ts";
import type { Log } from "../../protocol/ports.ts";

const memberCount = 4;
const hostileMembers = 11;
const updateBytes = 4 * 2 ** 20;
const silent: Log = { child: () => silent, debug() {}, info() {}, warn() {}, error() {} };
const members = new Map<string, HospitalAddress>();
const admit = async (key: Uint8Array) =>
  members.set(await peerIdOfKey(key), parseAddress(`0x${(members.size + 1).toString(16).padStart(40, "0")}`));
const membership = {
  latestRound: () => parseRoundId(1),
  memberOf: (peerId: string) => members.get(peerId),
  onChange: () => () => {},
};

const hostileKeys: Uint8Array[] = [];
for (let count = 0; count < hostileMembers; count++) hostileKeys.push(await createPeerKey());
const keys: Uint8Array[] = [];
for (let count = 0; count < memberCount; count++) keys.push(await createPeerKey());
for (const key of [...keys, ...hostileKeys]) await admit(key);

const dir = await mkdtemp(join(tmpdir(), "consilium-bench-"));
const parties: { readonly network: PeerNetwork; readonly blobs: OpenBlobStore }[] = [];
for (const [index, identity] of keys.entries()) {
  const blobs = await openBlobStore(join(dir, String(index)));
  const network = await openPeerNetwork({
    identity,
    listen: ["/ip4/127.0.0.1/tcp/0"],
    peers: parties.map((party) => party.network.addresses()[0]!),
    federation: { chainId: 31337, contract: parseAddress(`0x${"c0".repeat(20)}`) },
    membership,
    blobs,
    signatures: { recover: recoverSigner },
    log: silent,
    serveAuditors: true,
  });
  parties.push({ network, blobs });
}
const target = {
  address: parties[0]!.network.addresses()[0],
  keys: hostileKeys.map((key) => Buffer.from(key).toString("hex")),
  object: await parties[0]!.blobs.put(randomBytes(updateBytes)),
};
console.log(JSON.stringify(target));

for await (const _ of createInterface(process.stdin)) {
  const updates = await Promise.all(parties.map(({ blobs }) => blobs.put(randomBytes(updateBytes))));
  // A new member's connection and every member's fetches: what a round needs of the network.
  const started = performance.now();
  for (const { network } of parties) while (network.connectedMembers().length < memberCount - 1) await pause();
  await Promise.all(
    parties.flatMap(({ network }) => updates.map((digest) => network.exchange.fetch(digest, { maxBytes: 2 ** 30 }))),
  );
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ seconds, memoryBytes: process.memoryUsage.rss() }));
}
await Promise.all(parties.map(({ network }) => network.stop()));
await Promise.all(parties.map(({ blobs }) => blobs.close()));
await rm(dir, { recursive: true, force: true });

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
