// One swarm of the gossip benchmark, in a process of its own: N peers on loopback, each dialled to a few others.
//   node swarm.ts ours|plain PEERS MESSAGES     prints the delivery times' quantiles, what arrived, and peak memory
import { gossipsub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import type { PrivateKey } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { seededIntegers } from "../../foundation/random.ts";
import { announcementService, openGossip } from "../../io/p2p/gossip.ts";
import { createPeerKey, loadPeerKey } from "../../io/p2p/identity.ts";
import { type Announcement, encodeAnnouncement, topicOf } from "../../protocol/format/announcement.ts";
import { type HospitalAddress, parseAddress, parseDigest, parseRoundId } from "../../protocol/format/digest.ts";
import type { Log } from "../../protocol/ports.ts";
import { peakBytes } from "../aggregate/peak-memory.ts";

/** Others that each peer dials: of the order of gossipsub's mesh. */
const dialled = 6;
/** Time for meshes to form: gossipsub's heartbeat is a second. */
const formingMs = 5000;
/** A message that has not arrived by then counts as lost. */
const patienceMs = 3000;

const [kind, peers, messages] = process.argv.slice(2) as ["ours" | "plain", string, string];
const count = Number(peers);
const silent: Log = { child: () => silent, debug() {}, info() {}, warn() {}, error() {} };
const federation = { chainId: 31337, contract: parseAddress(`0x${"c0".repeat(20)}`) };
const topic = topicOf(federation);
const addressOf = (index: number) => parseAddress(`0x${(index + 1).toString(16).padStart(40, "0")}`);
const members = new Map<string, HospitalAddress>();
const membership = {
  latestRound: () => parseRoundId(1),
  memberOf: (peerId: string) => members.get(peerId),
  onChange: () => () => {},
};

interface Talker {
  readonly address: string;
  dial(address: string): Promise<unknown>;
  publish(announcement: Announcement): Promise<unknown>;
  subscribe(listener: (digest: string) => void): void;
  stop(): Promise<void>;
}

/** Both swarms have the same transports and limits: what differs is gossip, and what stands around it. */
async function talker(index: number): Promise<Talker> {
  const privateKey: PrivateKey = await loadPeerKey(await createPeerKey());
  const pubsub = kind === "ours" ? announcementService(federation) : gossipsub();
  const node = await createLibp2p({
    privateKey,
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp({ backlog: 256 })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 100 },
    services: { identify: identify(), gossip: pubsub },
  });
  members.set(node.peerId.toString(), addressOf(index));
  const service = node.services.gossip as Parameters<typeof openGossip>[0];
  const common = {
    address: String(node.getMultiaddrs()[0]),
    dial: (address: string) => node.dial(multiaddr(address)),
    stop: () => Promise.resolve(node.stop()),
  };
  if (kind === "ours") {
    const gossip = openGossip(service, { federation, membership, log: silent });
    return {
      ...common,
      publish: (announcement) => gossip.publish(announcement),
      subscribe: (listener) => void gossip.subscribe(({ digest }) => listener(digest)),
    };
  }
  return {
    ...common,
    publish: (announcement) => service.publish(topic, encodeAnnouncement(announcement)).catch(() => {}),
    subscribe(listener) {
      service.addEventListener("message", ({ detail }) => {
        listener((JSON.parse(new TextDecoder().decode(detail.data)) as Announcement).digest);
      });
      service.subscribe(topic);
    },
  };
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const talkers: Talker[] = [];
for (let index = 0; index < count; index++) talkers.push(await talker(index));
const sentAt = new Map<string, number>();
const delays: number[] = [];
for (const each of talkers) {
  each.subscribe((digest) => {
    const sent = sentAt.get(digest);
    if (sent !== undefined) delays.push(performance.now() - sent);
  });
}
const next = seededIntegers("gossip", count);
for (const [index, each] of talkers.entries()) {
  for (let link = 0; link < Math.min(dialled, count - 1); link++) {
    const other = link === 0 ? (index + 1) % count : next() % count;
    if (other !== index) await each.dial((talkers[other] as Talker).address).catch(() => {});
  }
}
await wait(formingMs);
for (let message = 0; message < Number(messages); message++) {
  const sender = next() % count;
  const digest = parseDigest(`0x${message.toString(16).padStart(64, "0")}`);
  sentAt.set(digest, performance.now());
  const subject = { round: parseRoundId(1), hospital: addressOf(sender), digest, bytes: 1234 };
  await (talkers[sender] as Talker).publish({ version: 1, ...federation, kind: "manifest", ...subject });
  await wait(60);
}
await wait(patienceMs);
const sorted = [...delays].sort((a, b) => a - b);
const quantile = (share: number) =>
  (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / 1000;
const expected = (count - 1) * Number(messages);
console.log(
  JSON.stringify({
    median: quantile(0.5),
    late: quantile(0.99),
    arrived: delays.length / expected,
    peakBytes: peakBytes(),
  }),
);
await Promise.all(talkers.map((each) => each.stop()));
process.exit(0);
