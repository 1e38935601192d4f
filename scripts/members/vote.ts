// The hospitals' vote on what an owner could do: who supports it, and whether it was carried out.
import type { OpenLedger } from "../../io/chain/ledger.ts";
import { parseEvent } from "../../io/chain/training-rounds.ts";
import { type Act, motionOf } from "./acts.ts";

export interface VoteOutcome {
  readonly carried: boolean;
  /** Active hospitals that support it now; of a motion that was carried out, none. */
  readonly supporters: number;
  readonly hospitals: number;
}

/** @throws FedError MEMBER_UNKNOWN, MEMBER_NOT_HOSPITAL, and what the act itself is refused with */
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
