// Random calls that are mostly close to what is allowed: numbers from fast-check are read against the state at the time.
import fc from "fast-check";
import type { RoundTerms } from "../../protocol/contract/round.ts";
import { hasPrivateSums } from "../../protocol/contract/rules/sealing.ts";
import { activeHospitals, type ContractState, isOver } from "../../protocol/contract/state.ts";
import type { Digest, HospitalAddress, RoundId } from "../../protocol/format/digest.ts";
import { zeroDigest } from "../../protocol/format/digest.ts";
import type { AnyCall } from "../fakes/contract.ts";
import { peers } from "./real-contract.ts";

export interface TimedCall {
  readonly by: HospitalAddress;
  readonly call: AnyCall;
  /** Seconds since the block before. */
  readonly wait: number;
}

/** Numbers that become a call once the state is known. */
export interface Choice {
  readonly name: AnyCall["name"];
  readonly who: number;
  readonly what: number;
  /** 0 to 99: for some values the call is a wrong one on purpose. */
  readonly slip: number;
  readonly wait: number;
  /** Whether the round is moved on, whatever the name. */
  readonly forward: boolean;
}

export const terms: RoundTerms = {
  commitPeriod: 100,
  proposePeriod: 60,
  attestPeriod: 50,
  minUpdates: 2,
  maxExpired: 2,
  sampleCap: 1000,
  earlyShare: 60,
  gracePeriod: 20,
};

const weights: Readonly<Record<AnyCall["name"], number>> = {
  commitUpdate: 2,
  attest: 4,
  attestFor: 3,
  agreePlan: 2,
  proposeModel: 3,
  sealRound: 3,
  openRound: 2,
  expire: 4,
  commitUpdates: 2,
  rotateKey: 3,
  revoke: 2,
  admit: 2,
  bindPeer: 1,
  setTerms: 1,
  pauseUntil: 1,
};
const names = Object.entries(weights).flatMap(([name, weight]) => Array<AnyCall["name"]>(weight).fill(name as never));

export const choices: fc.Arbitrary<Choice> = fc.record({
  name: fc.constantFrom(...names),
  who: fc.nat(999),
  what: fc.nat(999),
  slip: fc.nat(99),
  wait: fc.constantFrom(1, 1, 2, 20, 51, 61, 101, 121),
  forward: fc.boolean(),
});

/** What moves the round on now. */
function forwardCall(state: ContractState, what: number, time: number): AnyCall["name"] {
  const { round } = state;
  if (!round || isOver(round)) return "openRound";
  if (time >= round.deadline) return "expire";
  if (round.status === "proposed") return what % 3 === 0 ? "attestFor" : "attest";
  const isFull = round.commitments.length === round.members.length;
  const waits = round.status === "committing" && !isFull && time < round.commitBy;
  if (waits) return what % 4 === 0 ? "commitUpdates" : "commitUpdate";
  return hasPrivateSums(state) && round.status === "committing" ? "sealRound" : "proposeModel";
}

/** The call that the choice means now. @param accounts keys that members have or may get; the first is the owner's */
export function callOf(
  choice: Choice,
  state: ContractState,
  { accounts, time }: { readonly accounts: readonly HospitalAddress[]; readonly time: number },
): TimedCall {
  const { round, members } = state;
  const { who, what, slip, forward } = choice;
  const name = forward ? forwardCall(state, what, time) : choice.name;
  const wait = forward ? 1 : choice.wait;
  const owner = accounts[0]!;
  const pick = <T>(list: readonly T[], number: number): T => list[number % list.length]!;
  const keyOf = (index: number) => members[index]!.key;
  const anyKey = pick(accounts, who);
  const hospital = pick(activeHospitals(state), who)?.key ?? anyKey;
  const member = slip < 10 ? anyKey : keyOf(who % members.length);
  const id = Math.max(0, (round?.id ?? 0) + (slip === 20 ? 1 : slip === 21 ? -1 : 0)) as RoundId;
  const digest = (kind: string) => (slip === 22 ? zeroDigest : digestOf(kind, what));
  const committed = (round?.commitments ?? []).map((each) => each.member);
  const uncommitted = (round?.members ?? []).filter((index) => !committed.includes(index));
  const toCommit = slip < 80 && uncommitted.length > 0 ? keyOf(pick(uncommitted, who)) : member;
  const sampleCount = slip === 23 ? 0 : slip === 24 ? 1001 : 1 + what;
  switch (name) {
    case "openRound": {
      const { plan = zeroDigest, latestModel: base = zeroDigest } = state;
      return { by: member, wait, call: { name, args: { plan, base } } };
    }
    case "commitUpdate":
      return { by: toCommit, wait, call: { name, args: { round: id, manifest: digest("manifest"), sampleCount } } };
    case "commitUpdates": {
      const signers = new Set([toCommit, ...(slip < 60 ? [hospital] : []), ...(slip < 5 ? [anyKey] : [])]);
      const signed = [...signers].map((each) => ({ member: each, manifest: digest("manifest"), sampleCount }));
      return { by: anyKey, wait, call: { name, args: { round: id, signed } } };
    }
    case "sealRound":
    case "proposeModel": {
      const sealed = name === "proposeModel" && slip > 2 ? round?.seal?.included : undefined;
      const whole = sealed ?? (slip < 85 ? committed : committed.slice(1));
      const included = (slip === 26 ? [...whole, members.length - 1] : whole).map(keyOf);
      const opener = round?.opener.index;
      const by = slip < 60 && opener !== undefined ? keyOf(opener) : member;
      const args = { round: id, included: [...new Set(included)] };
      return {
        by,
        wait,
        call: name === "sealRound" ? { name, args } : { name, args: { ...args, model: digest("model") } },
      };
    }
    case "attest": {
      const proposals = round?.proposals ?? [];
      const number = slip === 27 ? 1 : Math.max(1, proposals.length);
      const voted = new Set(proposals.at(-1)?.attestations.map((each) => each.member));
      const pending = (round?.members ?? []).filter((index) => !voted.has(index));
      const by = slip < 80 && pending.length > 0 ? keyOf(pick(pending, who)) : member;
      const agree = what % 10 < 7;
      return {
        by,
        wait,
        call: { name, args: { round: id, proposal: number, agree, scores: digestOf("scores", what) } },
      };
    }
    case "attestFor": {
      const proposal = Math.max(1, round?.proposals.length ?? 0) + (slip === 28 ? -1 : 0);
      const some = members.filter(({ index }) => ((what >> (index % 8)) & 1) === 1 || index % 8 === who % 8);
      const listed = slip < 10 ? [...some].reverse() : some;
      const signed = listed.map(({ index }) => {
        const key = keyOf(index);
        return { member: key, agree: (what + index) % 10 < 7, scores: digestOf("scores", index) };
      });
      return { by: anyKey, wait, call: { name, args: { round: id, proposal: Math.max(1, proposal), signed } } };
    }
    case "agreePlan": {
      const genesis = slip < 50 ? zeroDigest : digestOf("genesis", what);
      return { by: owner, wait, call: { name, args: { plan: digest("plan"), genesis } } };
    }
    case "expire":
      return { by: anyKey, wait, call: { name, args: { round: id } } };
    case "rotateKey":
      return { by: member, wait, call: { name, args: { to: pick(accounts, what) } } };
    case "bindPeer":
      return { by: member, wait, call: { name, args: { peerId: pick(peers, what).id } } };
    case "admit": {
      const role = slip < 30 ? "aggregator" : "hospital";
      return { by: owner, wait, call: { name, args: { member: pick(accounts, what), role } } };
    }
    case "revoke":
      return { by: owner, wait, call: { name, args: { member: slip < 50 ? member : hospital } } };
    case "setTerms": {
      const minUpdates = slip < 10 ? 0 : 1 + (what % 3);
      return {
        by: owner,
        wait,
        call: { name, args: { terms: { ...terms, minUpdates, maxExpired: 1 + (what % 4), earlyShare: what % 120 } } },
      };
    }
    case "pauseUntil":
      return {
        by: owner,
        wait,
        call: { name, args: { until: time + wait + (slip < 10 ? 31 * 24 * 3600 : slip < 20 ? -500 : what % 40) } },
      };
  }
}

function digestOf(kind: string, number: number): Digest {
  return `0x${Buffer.from(`${kind} ${number}`).toString("hex").padEnd(64, "0")}` as Digest;
}
