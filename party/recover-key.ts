// Makes the key of a sealed set from enough openings: whichever they are, the key is the same.
import { FedError } from "../foundation/errors.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import type { Collected } from "../protocol/judge/collect.ts";
import { privateContextOf } from "../protocol/judge/collect-private.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import { nameOfSet } from "../protocol/judge/sealing.ts";
import { recoverShared } from "../protocol/private/sharing.ts";
import { encodeSumKey } from "../protocol/private/sum-key.ts";
import { openingThreshold } from "../protocol/private/threshold.ts";
import type { SumObservations } from "./sum-watch.ts";

/** @returns the key's bytes @throws OPENINGS_TOO_FEW, UPDATE_NOT_COLLECTED */
export function recoverKey({
  round,
  context,
  collected,
  sum,
}: {
  readonly round: RoundState;
  readonly context: RoundContext;
  readonly collected: ReadonlyMap<HospitalAddress, Collected>;
  readonly sum: Pick<SumObservations, "openings">;
}): Uint8Array {
  const { id, members, seal } = round;
  const included = nameOfSet(seal?.included ?? [], collected);
  if (!included) throw new FedError("UPDATE_NOT_COLLECTED", { round: id });
  const held = [...sum.openings].map(([member, share]) => ({ holder: members.indexOf(member) + 1, share }));
  const shared = recoverShared(held, openingThreshold(members.length));
  return encodeSumKey({ context: privateContextOf(context, round), included, shared });
}
