// Reads the contract's events as the protocol's: bitmaps become hospitals' addresses, as they were at that moment.
import { getBytes } from "ethers/utils";
import { FedError } from "../../foundation/errors.ts";
import type { ContractEvent, EventPlace, LedgerEvent } from "../../protocol/contract/events.ts";
import type { Member, MemberRole } from "../../protocol/contract/round.ts";
import { type HospitalAddress, parseAddress, parseDigest, parseRoundId } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import { isPeerKeyProven, peerIdOf } from "./peer-key.ts";
import type { ContractEvent as ChainEvent } from "./training-rounds.ts";

export interface EventContext {
  readonly federation: FederationId;
  /** By index, before the event. */
  readonly members: readonly Member[];
}

const roles: Readonly<Record<string, MemberRole>> = { "1": "hospital", "2": "aggregator" };

/**
 * The event in the protocol's terms; undefined where it changes neither members nor rounds.
 * @throws EVENT_MALFORMED
 */
export function readEvent(event: ChainEvent, place: EventPlace, context: EventContext): LedgerEvent | undefined {
  const read = translate(event, context);
  return read && { ...place, ...read };
}

function translate(event: ChainEvent, { federation, members }: EventContext): ContractEvent | undefined {
  switch (event.name) {
    case "FederationFounded":
      return { kind: "federation-founded", predecessor: parseAddress(event.args.predecessor) };
    case "PrivateSumsFounded": {
      const { mechanism, maxSeals, seals } = event.args;
      return {
        kind: "private-sums-founded",
        mechanism: parseDigest(mechanism),
        maxSeals: Number(maxSeals),
        seals: Number(seals),
      };
    }
    case "PlanAgreed": {
      const { planDigest, genesisDigest } = event.args;
      return { kind: "plan-agreed", plan: parseDigest(planDigest), genesis: parseDigest(genesisDigest) };
    }
    case "PausedUntil":
      return { kind: "rounds-paused", until: Number(event.args.until) };
    case "MemberAdmitted": {
      const { account, index, role } = event.args;
      const known = roles[String(role)];
      if (!known) throw new FedError("EVENT_MALFORMED", { event: event.name, role });
      return { kind: "member-admitted", member: parseAddress(account), index: Number(index), role: known };
    }
    case "MemberRevoked":
      return {
        kind: "member-revoked",
        member: parseAddress(event.args.account),
        index: Number(event.args.index),
      };
    case "MemberKeyRotated": {
      const { from, to, index } = event.args;
      return { kind: "member-rotated", from: parseAddress(from), to: parseAddress(to), index: Number(index) };
    }
    case "PeerKeyBound": {
      const { account, index, peerKey, possession } = event.args;
      const member = parseAddress(account);
      const publicKey = getBytes(peerKey);
      // A key without a proof of possession stays unbound: no member can claim another's peer.
      if (!isPeerKeyProven(federation, member, { publicKey, possession: getBytes(possession) })) {
        return undefined;
      }
      return { kind: "peer-bound", member, index: Number(index), peerId: peerIdOf(publicKey) };
    }
    case "TermsSet": {
      const { terms } = event.args;
      return {
        kind: "terms-set",
        terms: {
          commitPeriod: Number(terms.commitPeriod),
          proposePeriod: Number(terms.proposePeriod),
          attestPeriod: Number(terms.attestPeriod),
          minUpdates: Number(terms.minUpdates),
          maxExpired: Number(terms.maxExpired),
          sampleCap: Number(terms.sampleCap),
          earlyShare: Number(terms.earlyShare),
          gracePeriod: Number(terms.gracePeriod),
        },
      };
    }
    case "RoundOpened": {
      const { roundId, opener, planDigest, baseDigest, commitBy, proposeBy } = event.args;
      return {
        kind: "round-opened",
        round: parseRoundId(roundId),
        opener: parseAddress(opener),
        plan: parseDigest(planDigest),
        base: parseDigest(baseDigest),
        members: addressesOf(event.args.members, members),
        commitBy: Number(commitBy),
        proposeBy: Number(proposeBy),
      };
    }
    case "UpdateCommitted": {
      const { roundId, member, manifestDigest, sampleCount } = event.args;
      return {
        kind: "update-committed",
        round: parseRoundId(roundId),
        member: parseAddress(member),
        manifest: parseDigest(manifestDigest),
        sampleCount: Number(sampleCount),
      };
    }
    case "RoundSealed": {
      const { roundId, member, included, seals, commitmentsHash, proposeBy } = event.args;
      return {
        kind: "round-sealed",
        round: parseRoundId(roundId),
        member: parseAddress(member),
        included: addressesOf(included, members),
        seals: Number(seals),
        commitmentsHash: parseDigest(commitmentsHash),
        proposeBy: Number(proposeBy),
      };
    }
    case "ModelProposed": {
      const { roundId, proposer, number, modelDigest, included, commitmentsHash, attestBy } = event.args;
      return {
        kind: "model-proposed",
        round: parseRoundId(roundId),
        number: Number(number),
        proposer: parseAddress(proposer),
        model: parseDigest(modelDigest),
        included: addressesOf(included, members),
        commitmentsHash: parseDigest(commitmentsHash),
        attestBy: Number(attestBy),
      };
    }
    case "Attested": {
      const { roundId, member, number, agree, scoresDigest } = event.args;
      return {
        kind: "attested",
        round: parseRoundId(roundId),
        proposal: Number(number),
        member: parseAddress(member),
        agree,
        scores: parseDigest(scoresDigest),
      };
    }
    case "AttestedTogether": {
      const { roundId, number, voters, agreeing, scores } = event.args;
      const agreed = new Set(addressesOf(agreeing, members));
      const votes = addressesOf(voters, members).map((member, at) => ({
        member,
        agree: agreed.has(member),
        scores: parseDigest(scores[at]),
      }));
      return { kind: "attested-together", round: parseRoundId(roundId), proposal: Number(number), votes };
    }
    case "CommittingShortened": {
      const { roundId, commitBy, proposeBy } = event.args;
      return {
        kind: "committing-shortened",
        round: parseRoundId(roundId),
        commitBy: Number(commitBy),
        proposeBy: Number(proposeBy),
      };
    }
    case "AttestationWithdrawn":
      return {
        kind: "attestation-withdrawn",
        round: parseRoundId(event.args.roundId),
        proposal: Number(event.args.number),
        member: parseAddress(event.args.member),
      };
    case "ProposalRefused":
    case "ProposalExpired":
      return {
        kind: "proposal-closed",
        round: parseRoundId(event.args.roundId),
        proposal: Number(event.args.number),
        status: event.name === "ProposalRefused" ? "refused" : "expired",
      };
    case "RoundFinalised":
      return {
        kind: "round-finalised",
        round: parseRoundId(event.args.roundId),
        proposal: Number(event.args.number),
        model: parseDigest(event.args.modelDigest),
      };
    case "RoundAbandoned":
      return { kind: "round-abandoned", round: parseRoundId(event.args.roundId) };
    default:
      return undefined; // ownership and votes change no round
  }
}

function addressesOf(bitmap: bigint, members: readonly Member[]): HospitalAddress[] {
  return members.filter(({ index }) => (bitmap >> BigInt(index)) & 1n).map(({ address }) => address);
}
