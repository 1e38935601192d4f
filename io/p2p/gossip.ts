// Announcements over gossipsub: signed by their sender's peer key, at most a few hundred bytes, and judged by one pure
// function before they are passed on.
import { type GossipSub, gossipsub } from "@libp2p/gossipsub";
import { createTopicScoreParams } from "@libp2p/gossipsub/score";
import {
  type Announcement,
  decodeAnnouncement,
  encodeAnnouncement,
  judgeAnnouncement,
  topicOf,
} from "../../protocol/format/announcement.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import { signedWriteTopicOf } from "../../protocol/format/signed-write.ts";
import type { Gossip, Log } from "../../protocol/ports.ts";
import type { Membership } from "./membership.ts";
import { followTopic, paceOfMembers } from "./topic.ts";

/** Announcements of one member that are passed on each second; honest members send a few a round. */
const perMemberPerSecond = 20;
/** Announcements remembered, so that listeners get each only once. */
const rememberedAnnouncements = 4096;

/** The gossipsub service for a federation's two topics: announcements, and signed writes (signed-writes.ts). */
export function announcementService(federation: FederationId) {
  const topicList = [topicOf(federation), signedWriteTopicOf(federation)];
  return gossipsub({
    allowedTopics: topicList,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    // Neighbours that each message is passed to. Fewer than the usual six: a lost announcement only delays a fetch, since
    // the chain holds the same facts, and in a large federation passing announcements on is most of the network's work.
    D: 4,
    Dlo: 3,
    Dhi: 6,
    Dscore: 2,
    Dout: 1,
    Dlazy: 4,
    // Each message comes from several neighbours: its signature is checked once.
    fastMsgIdFn: ({ signature }) => Buffer.from(signature ?? []).toString("latin1"),
    // Names of messages are compared for every neighbour at every heartbeat; Node's own encoding is the fastest.
    msgIdToStrFn: (id) => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("base64"),
    runOnLimitedConnection: true,
    // An announcement is below 1 KiB; a peer's whole message, with its control part, need not be much more.
    maxInboundDataLength: 64 * 1024,
    maxOutboundBufferSize: 4 << 20,
    maxTopicBytesPerPeer: 8 * 1024,
    scoreParams: {
      // Hospitals behind one address, and simulations, are many peers on one IP.
      IPColocationFactorWeight: 0,
      IPColocationFactorThreshold: 1,
      // Both kinds of messages are rare, small, and of no use when forged.
      topics: Object.fromEntries(topicList.map((topic) => [topic, topicScore()])),
    },
  });
}

function topicScore() {
  return createTopicScoreParams({
    topicWeight: 1,
    timeInMeshWeight: 0.01,
    timeInMeshQuantum: 1000,
    timeInMeshCap: 300,
    firstMessageDeliveriesWeight: 0.5,
    firstMessageDeliveriesDecay: 0.9,
    firstMessageDeliveriesCap: 20,
    // Announcements are rare: a neighbour that misses some, or is slow, is not penalised.
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    // Weighs the square of the count: the third forged message puts a peer below the graylist threshold of -80.
    invalidMessageDeliveriesWeight: -10,
    invalidMessageDeliveriesDecay: 0.97,
  });
}

/** Gossip on a running service. */
export function openGossip(
  service: GossipSub,
  { federation, membership, log }: { federation: FederationId; membership: Membership; log: Log },
): Gossip {
  const topic = topicOf(federation);
  const listeners = new Set<(announcement: Announcement) => void>();
  const delivered = new Set<string>();
  const paceOf = paceOfMembers(perMemberPerSecond);

  const deliver = (announcement: Announcement) => {
    // The party does not listen yet: it is told when this is announced again.
    if (listeners.size === 0) return;
    const { kind, round, hospital, digest } = announcement;
    const name = `${kind} ${round} ${hospital} ${digest}`;
    if (delivered.has(name)) return;
    delivered.add(name);
    if (delivered.size > rememberedAnnouncements) delivered.delete(delivered.values().next().value!);
    for (const listener of listeners) listener(announcement);
  };
  followTopic(
    service,
    {
      topic,
      what: "announcement",
      unsignedCode: "ANNOUNCEMENT_UNSIGNED",
      judge(data, sender) {
        const announcement = decodeAnnouncement(data);
        const verdict = judgeAnnouncement(announcement, { federation, sender, latestRound: membership.latestRound() });
        if (verdict !== "accept" || sender === undefined) return { verdict };
        if (!paceOf(sender).tryTurn()) return { verdict: "ignore", code: "ANNOUNCEMENTS_TOO_MANY" };
        return { verdict, content: announcement };
      },
      deliver,
    },
    { membership, log },
  );

  return {
    async publish(announcement) {
      const { recipients } = await service.publish(topic, encodeAnnouncement(announcement));
      log.debug("announced", { kind: announcement.kind, round: announcement.round, neighbours: recipients.length });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
