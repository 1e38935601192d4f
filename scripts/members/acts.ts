// What the owner of a federation can do, as calls of its contract: sent by the owner, or carried out by the hospitals' vote.

import { FedError } from "../../foundation/errors.ts";
import { roleNumbers } from "../../io/chain/deploy-federation.ts";
import { type Arguments, encodeCall, type FunctionName } from "../../io/chain/training-rounds.ts";
import type { Member } from "../../protocol/contract/round.ts";
import { parseDigest, zeroDigest } from "../../protocol/format/digest.ts";
import { parseDuration } from "../ledger/duration.ts";
import { parseAddressOption } from "../ledger/options.ts";

export const actNames = ["admit", "revoke", "hand-over", "accept-ownership", "agree-plan", "pause"] as const;
export type ActName = (typeof actNames)[number];

/** An act with what it is about, as written on the command line. */
export interface ActOptions {
  /** An address; the digest of a plan; of a pause, how long. */
  readonly subject: string | undefined;
  /** The genesis model's digest, for agree-plan before the first round. */
  readonly genesis?: string;
  readonly members: readonly Pick<Member, "address" | "index">[];
  readonly role: "hospital" | "aggregator";
  /** The federation's contract: "hospitals" as the subject of a hand-over. */
  readonly contract: string;
  /** Block time, from which a pause is counted; not given for a vote, where all must name the same end. */
  readonly now: number | undefined;
}

/** A call of the contract. */
export type Act = {
  readonly [Name in FunctionName]: { readonly name: Name; readonly args: Arguments<Name> };
}[FunctionName];

/** @throws OPTION_INVALID */
export function actOf(name: ActName, { subject, role, contract, now, genesis, members }: ActOptions): Act {
  switch (name) {
    case "admit":
      return { name: "admit", args: [address(subject, name), roleNumbers[role]] };
    case "revoke":
      // A member keeps its index when it rotates its key, so that a motion holds against its new key too.
      return { name: "revoke", args: [indexOf(address(subject, name), members)] };
    case "agree-plan": {
      if (subject === undefined) throw missing(name, "give the plan's digest, as consilium plan prints it");
      return { name: "agreePlan", args: [parseDigest(subject), genesis ? parseDigest(genesis) : zeroDigest] };
    }
    case "hand-over":
      return { name: "transferOwnership", args: [subject === "hospitals" ? contract : address(subject, name)] };
    case "accept-ownership":
      return { name: "acceptOwnership", args: [] };
    case "pause":
      return { name: "pauseUntil", args: [pauseEnd(subject, now)] };
  }
}

/** The act as the hospitals vote on it. */
export function motionOf({ name, args }: Act): string {
  return encodeCall(name, args);
}

function pauseEnd(subject: string | undefined, now: number | undefined): number {
  if (subject === "off") return 0; // a block time gone by ends a pause
  if (now === undefined) {
    if (subject !== undefined && /^\d{10}$/.test(subject)) return Number(subject);
    throw missing("pause", 'vote on the same end, as block time in seconds (date -d "+2 days" +%s), or off');
  }
  if (subject === undefined) throw missing("pause", 'say for how long (90s, 30m, 24h, 7d), or "off"');
  return now + parseDuration(subject, "pause");
}

function indexOf(account: string, members: ActOptions["members"]): number {
  const member = members.find((each) => each.address === account);
  if (!member) throw new FedError("MEMBER_UNKNOWN", { account });
  return member.index;
}

function address(subject: string | undefined, act: string) {
  if (subject === undefined) throw missing(act, "give the member's address");
  return parseAddressOption(subject, act);
}

function missing(act: string, remedy: string): FedError {
  return new FedError("OPTION_INVALID", { act }, { remedy });
}
