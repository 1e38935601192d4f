// When a party sends the commitments and votes that hospitals without gas have signed: in batches, one member after the
// other, so that seldom two pay for the same batch. Pure.
import type { Proposal, RoundState } from "../protocol/contract/round.ts";
import { type BatchTime, batchDue, ownSendingDue, senderTurn } from "../protocol/contract/turns.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import type { SignedCommitmentWrite, SignedVote } from "../protocol/format/signed-write.ts";
import type { HeldWrite } from "./held-writes.ts";
import type { Action } from "./loop.ts";

/** What a party has observed of signed writes. */
export interface RelayObservations {
  /** Signed writes of the newest round. */
  readonly held: readonly HeldWrite[];
  /** Chain time at which the last of them came, or the chain last showed another commitment or vote. */
  readonly heldChangedAt: number;
  /** Gas that this party may still spend on others in this round. */
  readonly relayGas: number;
}

export interface RelayView extends RelayObservations {
  readonly self: HospitalAddress;
  /** Chain time, seconds. */
  readonly now: number;
}

export type RelayAction = Action &
  (
    | {
        readonly kind: "relay-commitments";
        readonly round: RoundState;
        readonly writes: readonly SignedCommitmentWrite[];
      }
    | {
        readonly kind: "relay-votes";
        readonly round: RoundState;
        readonly proposal: Proposal;
        readonly writes: readonly SignedVote[];
      }
  );

/** Upper bounds of a batch's gas: measured are 12,676 a commitment and 14,575 a vote at 20, all included. */
const gasOfTransaction = 60_000;
const gasOfWrite = 15_000;

/** Longest time that a batch waits for more, chain seconds: an hour's training differs by minutes, voting by seconds. */
const longestWait = { commitments: 300, votes: 30 };

/** A batch of commitments, a batch of votes, or nothing. */
export function relayActions(view: RelayView, round: RoundState): RelayAction[] {
  return [...commitmentBatch(view, round), ...voteBatch(view, round)];
}

/** Gas that a batch may use, for the party's own account. */
export function gasOfBatch(writes: number): number {
  return gasOfTransaction + writes * gasOfWrite;
}

function commitmentBatch(view: RelayView, round: RoundState): RelayAction[] {
  if (round.status !== "committing" || view.now > round.commitBy) return [];
  const committed = round.commitments.map(({ member }) => member);
  const held = waitingWrites(view, round, committed).filter(isCommitment);
  const times = { deadline: round.commitBy, longestWait: longestWait.commitments };
  if (!isDue(view, round, held, committed, times)) return [];
  const writes = affordable(view, held);
  if (writes.length === 0) return [];
  return [{ name: `relay commitments ${round.id}`, lane: "relay", kind: "relay-commitments", round, writes }];
}

function voteBatch(view: RelayView, round: RoundState): RelayAction[] {
  const proposal = round.proposals.at(-1);
  if (!proposal || (proposal.status !== "open" && round.status !== "final") || view.now > round.attestBy) return [];
  const voted = proposal.attestations.map(({ member }) => member);
  const { number, model } = proposal;
  const isOfProposal = ({ write }: HeldWrite) =>
    write.kind === "vote" && write.proposal === number && write.model === model;
  const held = waitingWrites(view, round, voted).filter(isOfProposal).filter(isVote);
  const times = { deadline: round.attestBy, longestWait: longestWait.votes };
  if (!isDue(view, round, held, voted, times)) return [];
  const writes = affordable(view, held);
  if (writes.length === 0) return [];
  const name = `relay votes ${round.id} ${number}`;
  return [{ name, lane: "relay", kind: "relay-votes", round, proposal, writes }];
}

type HeldOf<Write> = HeldWrite & { readonly write: Write };

function isCommitment(held: HeldWrite): held is HeldOf<SignedCommitmentWrite> {
  return held.write.kind === "commitment";
}

function isVote(held: HeldWrite): held is HeldOf<SignedVote> {
  return held.write.kind === "vote";
}

/** Writes of hospitals of the round that the chain does not show yet. */
function waitingWrites({ held, self }: RelayView, round: RoundState, done: readonly HospitalAddress[]): HeldWrite[] {
  const isWaiting = ({ write: { hospital } }: HeldWrite) =>
    hospital !== self && round.members.includes(hospital) && !done.includes(hospital);
  return held.filter(isWaiting);
}

function isDue(
  { self, now, held: all, heldChangedAt }: RelayView,
  round: RoundState,
  held: readonly HeldWrite[],
  done: readonly HospitalAddress[],
  times: Pick<BatchTime, "deadline" | "longestWait">,
): boolean {
  if (held.length === 0) return false;
  const here = new Set([...done, ...held.map(({ write }) => write.hospital)]);
  const since = Math.min(...held.map((each) => each.since));
  const completeAt = round.members.every((member) => here.has(member)) ? heldChangedAt : undefined;
  // Hospitals that sign for others to send have no gas: their turns are left out.
  const gasless = new Set(all.map(({ write }) => write.hospital));
  const turn = batchDue(round, senderTurn(round, self, gasless), { since, completeAt, ...times });
  // A party sends one transaction at a time: its own commitment or vote must not wait until a batch is confirmed.
  const isOwnMissing = round.members.includes(self) && !done.includes(self);
  const { deadline } = times;
  return now >= (isOwnMissing ? Math.max(turn, ownSendingDue({ since, deadline })) : turn);
}

/** As many as the party's gas allows, the oldest first. */
function affordable<Write>({ relayGas }: RelayView, held: readonly HeldOf<Write>[]): Write[] {
  const most = Math.max(0, Math.floor((relayGas - gasOfTransaction) / gasOfWrite));
  const oldestFirst = [...held].sort((a, b) => a.since - b.since);
  return oldestFirst.slice(0, most).map(({ write }) => write);
}
