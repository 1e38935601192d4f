// The objects of a hospital's input to a private sum: weigh, round, add noise, mask, deal. A function of its arguments alone, and
// of half a second for two million parameters, so that it may run in a thread beside the node's own.
import type { HospitalAddress } from "../protocol/format/digest.ts";
import type { BlobOutline } from "../protocol/format/merkle.ts";
import type { Plan } from "../protocol/format/plan.ts";
import type { PrivateContext } from "../protocol/private/context.ts";
import { makeContribution } from "../protocol/private/contribution.ts";
import { type Holder, makeDeal } from "../protocol/private/deal.ts";
import { maskInput } from "../protocol/private/mask.ts";
import { addNoise } from "../protocol/private/noise.ts";
import { layOutInput } from "../protocol/private/sum-layout.ts";
import type { SumPlan } from "../protocol/private/sum-plan.ts";
import { integersOf, type PrivateInput } from "./private-input.ts";

export interface MaskingInput extends PrivateInput {
  readonly plan: Pick<Plan, "update" | "strategy">;
  readonly sums: SumPlan;
  /** Bytes of the base model. */
  readonly base: Uint8Array;
  readonly sampleCount: number;
  /** Of the mask: for this input in this round alone. */
  readonly secret: Uint8Array;
  readonly context: PrivateContext;
  readonly hospital: HospitalAddress;
  /** All hospitals of the round, by member index. */
  readonly holders: readonly Holder[];
}

export interface MaskedObjects {
  readonly masked: Uint8Array;
  /** Of `masked`, where it was made beside the node's thread. */
  readonly maskedOutline?: BlobOutline;
  readonly deal: Uint8Array;
  /** By holder; undefined for one that nothing can be sealed to. */
  readonly boxes: readonly (Uint8Array | undefined)[];
}

/** @throws the codes of makeContribution, INPUT_OUT_OF_RANGE */
export async function makeMaskedObjects(input: MaskingInput): Promise<MaskedObjects> {
  const { plan, sums, base, trained, histogram, sampleCount, secret, context, hospital, holders } = input;
  const { ring, layout, unitWeight, largest, noise } = sums;
  const weighing = { plan, sampleCount, unitWeight, largest, secret, context };
  const integers = noise ? integersOf(trained) : makeContribution({ base, local: trained, ...weighing }).integers;
  const laidOut = layOutInput(layout, { integers, histogram: layout.bins > 0 ? histogram : undefined }, largest);
  if (noise) addNoise(laidOut, { variance: noise.variance, secret, context });
  const { deal, boxes } = await makeDeal({ ring, secret, context }, { hospital, holders });
  return { masked: maskInput(laidOut, { ring, secret, context }), deal, boxes };
}
