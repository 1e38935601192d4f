// One gossip topic: each message is judged by one function before it is passed on, and given to this node's listeners.
import { type GossipSub, type Message, TopicValidatorResult } from "@libp2p/gossipsub";
import { isFedError } from "../../foundation/errors.ts";
import type { Verdict } from "../../protocol/format/announcement.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import type { Log } from "../../protocol/ports.ts";
import type { Membership } from "./membership.ts";
import { createPace, type Pace } from "./pace.ts";

/** The judgement of one message. */
export interface Judgement<Content> {
  readonly verdict: Verdict;
  /** Why it is not accepted. */
  readonly code?: string;
  /** Of a message that is accepted. */
  readonly content?: Content;
}

export interface TopicRules<Content> {
  readonly topic: string;
  /** What a message is called in logs: "announcement" gives announcement-rejected. */
  readonly what: string;
  /** May throw a FedError, which rejects the message. @param sender undefined for a stranger */
  judge(data: Uint8Array, sender: HospitalAddress | undefined): Judgement<Content>;
  /** For a message without its sender's signature. */
  readonly unsignedCode: string;
  deliver(content: Content): void;
}

/** Subscribes to a topic. */
export function followTopic<Content>(
  service: GossipSub,
  { topic, what, judge, unsignedCode, deliver }: TopicRules<Content>,
  { membership, log }: { membership: Membership; log: Log },
): void {
  const judgeMessage = (message: Message): Judgement<Content> => {
    if (message.type !== "signed") return { verdict: "reject", code: unsignedCode };
    try {
      return judge(message.data, membership.memberOf(message.from.toString()));
    } catch (error) {
      if (!isFedError(error)) throw error;
      return { verdict: "reject", code: error.code };
    }
  };
  service.topicValidators.set(topic, (peer, message) => {
    const { verdict, content, code } = judgeMessage(message);
    if (verdict === "reject") log.warn(`${what}-rejected`, { code, from: peer.toString() });
    if (verdict === "ignore") log.debug(`${what}-ignored`, { code, from: peer.toString() });
    if (verdict === "accept" && content !== undefined) deliver(content);
    return {
      accept: TopicValidatorResult.Accept,
      ignore: TopicValidatorResult.Ignore,
      reject: TopicValidatorResult.Reject,
    }[verdict];
  });
  service.subscribe(topic);
}

/** How many messages of each member are taken a second. */
export function paceOfMembers(perSecond: number): (member: HospitalAddress) => Pace {
  const paces = new Map<HospitalAddress, Pace>();
  return (member) => {
    const pace = paces.get(member) ?? createPace(perSecond);
    paces.set(member, pace);
    return pace;
  };
}
