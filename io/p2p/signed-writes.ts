// Signed writes over gossipsub: what hospitals without gas ask any member to send. A message is taken from the member that
// signed the write only, and its signature is checked before it is passed on or kept.
import type { GossipSub } from "@libp2p/gossipsub";
import { isSignedByHospital } from "../../protocol/contract/write-signature.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import {
  decodeSignedWrite,
  encodeSignedWrite,
  judgeSignedWrite,
  type SignedWrite,
  signedWriteTopicOf,
} from "../../protocol/format/signed-write.ts";
import type { Log, Signatures, SignedWrites } from "../../protocol/ports.ts";
import type { Membership } from "./membership.ts";
import { followTopic, paceOfMembers } from "./topic.ts";

/** Signed writes of one member that are taken each second: recovering a signer takes about a millisecond. */
const perMemberPerSecond = 5;

export interface SignedWritesOptions {
  readonly federation: FederationId;
  readonly membership: Membership;
  readonly signatures: Pick<Signatures, "recover">;
  readonly log: Log;
}

/** Signed writes on a running gossip service. */
export function openSignedWrites(service: GossipSub, options: SignedWritesOptions): SignedWrites {
  const { federation, membership, signatures, log } = options;
  const topic = signedWriteTopicOf(federation);
  const listeners = new Set<(write: SignedWrite) => void>();
  const paceOf = paceOfMembers(perMemberPerSecond);
  followTopic(
    service,
    {
      topic,
      what: "signed-write",
      unsignedCode: "SIGNED_WRITE_UNSIGNED",
      judge(data, sender) {
        const write = decodeSignedWrite(data);
        const verdict = judgeSignedWrite(write, { federation, sender, latestRound: membership.latestRound() });
        if (verdict !== "accept" || sender === undefined) return { verdict };
        if (!paceOf(sender).tryTurn()) return { verdict: "ignore", code: "SIGNED_WRITES_TOO_MANY" };
        if (!isSignedByHospital(write, signatures)) return { verdict: "reject", code: "SIGNED_WRITE_SIGNATURE" };
        return { verdict, content: write };
      },
      deliver(write) {
        for (const listener of listeners) listener(write);
      },
    },
    { membership, log },
  );
  return {
    async publish(write) {
      const { recipients } = await service.publish(topic, encodeSignedWrite(write));
      log.debug("write-published", { kind: write.kind, round: write.round, neighbours: recipients.length });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
