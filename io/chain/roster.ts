// Reads the contract's events as the federation's: bitmaps become hospitals' addresses, as they were at that moment.
import { getBytes } from "ethers";
import { FedError } from "../../foundation/errors.ts";
import type { EventPlace, LedgerEvent, Member, MemberRole } from "../../protocol/contract/round.ts";
import { type HospitalAddress, parseAddress, parseDigest, parseRoundId } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import { isPeerKeyProven, peerIdOf } from "./peer-key.ts";
import type { ContractEvent } from "./training-rounds.ts";

const roles: Readonly<Record<string, MemberRole>> = { "1": "hospital", "2": "aggregator" };

/** Everyone ever admitted, kept by reading events in order. */
export class Roster {
  readonly #federation: FederationId;
  #members: readonly Member[];

  constructor(federation: FederationId, members: readonly Member[] = []) {
    this.#federation = federation;
    this.#members = members;
  }

  /** By index; never changed in place, so that a reader may keep it. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** The event in the protocol's words, after the roster has taken it in; undefined for what concerns no reader. */
  read(event: ContractEvent, place: EventPlace): LedgerEvent | undefined {
    const told = this.#translate(event);
    if (!told) return undefined;
    const whole = { ...place, ...told };
    this.#members = withEvent(this.#members, whole);
    return whole;
  }

  #translate(event: ContractEvent): Unplaced | undefined {
    switch (event.name) {
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
        // A key whose holder does not agree stays unbound: nobody can claim another's peer.
        if (!isPeerKeyProven(this.#federation, member, { publicKey, possession: getBytes(possession) })) {
          return undefined;
        }
        return { kind: "peer-bound", member, index: Number(index), peerId: peerIdOf(publicKey) };
      }
      case "TermsSet": {
        const { commitPeriod, proposePeriod, attestPeriod, minUpdates, maxProposals, sampleCap } = event.args.terms;
        return {
          kind: "terms-set",
          terms: {
            commitPeriod: Number(commitPeriod),
            proposePeriod: Number(proposePeriod),
            attestPeriod: Number(attestPeriod),
            minUpdates: Number(minUpdates),
            maxProposals: Number(maxProposals),
            sampleCap: Number(sampleCap),
          },
        };
      }
      case "RoundOpened": {
        const { roundId, opener, planDigest, baseDigest, members, commitBy, proposeBy } = event.args;
        return {
          kind: "round-opened",
          round: parseRoundId(roundId),
          opener: parseAddress(opener),
          plan: parseDigest(planDigest),
          base: parseDigest(baseDigest),
          members: this.#addresses(members),
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
      case "ModelProposed": {
        const { roundId, proposer, number, modelDigest, included, commitmentsHash, attestBy } = event.args;
        return {
          kind: "model-proposed",
          round: parseRoundId(roundId),
          number: Number(number),
          proposer: parseAddress(proposer),
          model: parseDigest(modelDigest),
          included: this.#addresses(included),
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
        return undefined; // ownership, votes, pauses: of no concern to a round's reader
    }
  }

  #addresses(bitmap: bigint): HospitalAddress[] {
    return this.#members.filter(({ index }) => (bitmap >> BigInt(index)) & 1n).map(({ address }) => address);
  }
}

/** The members after an event. */
export function withEvent(members: readonly Member[], event: LedgerEvent): readonly Member[] {
  switch (event.kind) {
    case "member-admitted":
      return [
        ...members,
        { index: event.index, role: event.role, address: event.member, peerId: undefined, active: true },
      ];
    case "member-revoked":
      return members.map((each) => (each.index === event.index ? { ...each, active: false } : each));
    case "member-rotated":
      return members.map((each) => (each.index === event.index ? { ...each, address: event.to } : each));
    case "peer-bound":
      return members.map((each) => (each.index === event.index ? { ...each, peerId: event.peerId } : each));
    default:
      return members;
  }
}

/** An event without its place. */
type Unplaced = LedgerEvent extends infer E ? (E extends LedgerEvent ? Omit<E, keyof EventPlace> : never) : never;
