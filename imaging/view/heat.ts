// A heat over a grey picture.
import type { Colour } from "./picture.ts";

/** A grey under a heat of 0 to 1: at most three fifths orange, so that the slice stays visible. */
export function heated(grey: number, heat: number): Colour {
  const share = 0.6 * heat;
  return [255, 120, 0].map((full) => Math.round((1 - share) * grey + share * full)) as unknown as Colour;
}
