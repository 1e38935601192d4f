// The verdict on a model that is proposed as the one of an opened sum. The contract allows no other set than the sealed one, so
// only its members' objects and the model itself can be wrong.
import { isFedError } from "../../foundation/errors.ts";
import type { Proposal, RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import { type Averaged, underName } from "./averaged.ts";
import type { Collected } from "./collect.ts";
import { recomputeSum, sealedUpdates } from "./private-model.ts";
import type { RoundContext } from "./round-context.ts";
import type { ProposalFault } from "./verdict.ts";

export interface SumSubject {
  readonly round: RoundState;
  readonly proposal: Proposal;
  readonly context: RoundContext;
  /** By member; without those that could not be fetched. */
  readonly updates: ReadonlyMap<HospitalAddress, Collected>;
  /** Digest of the key of the sealed set, which is on this machine and right; undefined where it is not known. */
  readonly key: Digest | undefined;
}

/**
 * Yields each fault of a proposal; the first is the reason of a refusal. Without one, the proposal is right.
 * @returns the model of the sum; undefined where there is none
 * @throws errors of this party's own store
 */
export async function* judgeSum(
  ports: Parameters<typeof recomputeSum>[0],
  { round, proposal, context, updates, key }: SumSubject,
): AsyncGenerator<ProposalFault, Averaged | undefined> {
  const { model, included } = proposal;
  let areAllThere = key !== undefined;
  for (const member of included) {
    const status = updates.get(member)?.status;
    if (status === "masked") continue;
    areAllThere = false;
    yield { code: status === undefined ? "UNSERVED_INCLUDED" : "INVALID_INCLUDED", member };
  }
  if (!areAllThere || key === undefined) return undefined;
  try {
    const derived = await recomputeSum(ports, { round, context, updates: sealedUpdates(round, updates), key });
    const named = underName(derived, model);
    if (named) return named;
    yield { code: "WRONG_MODEL", expected: derived.model, found: model };
    return derived;
  } catch (cause) {
    if (!isFedError(cause) || cause.kind !== "object") throw cause;
    yield { code: "WRONG_MODEL", found: model, cause };
    return undefined;
  }
}
