// The hospitals' vote on an act of an owner: how many support it, and whether it was executed.
import type { OpenLedger } from "../../io/chain/ledger.ts";
import { parseEvent } from "../../io/chain/training-rounds.ts";
import { type Act, motionOf } from "./acts.ts";

export interface VoteOutcome {
  readonly carried: boolean;
  /** Active hospitals that support it now; none once it was executed. */
  readonly supporters: number;
  readonly hospitals: number;
}

/** @throws MEMBER_UNKNOWN, MEMBER_NOT_HOSPITAL, and the code with which the act itself is refused */
export async function voteFor(ledger: OpenLedger, act: Act, support: boolean): Promise<VoteOutcome> {
  const motion = motionOf(act);
  const { logs } = await ledger.write("vote", [motion, support]);
  const carried = logs.some((log) => parseEvent(log)?.name === "MotionCarried");
  const active = await ledger.read("activeHospitals", []);
  const supporters = (await ledger.read("supportersOf", [motion])) & active;
  return { carried, supporters: countBits(supporters), hospitals: countBits(active) };
}

function countBits(set: bigint): number {
  let count = 0;
  for (let left = set; left > 0n; left &= left - 1n) count++;
  return count;
}
