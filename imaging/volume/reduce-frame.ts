// What a decode thread does with a slice, so that only the result is sent: upright, without margins, moved and shrunk.
import type { CtInstance } from "../dicom/ct-instance.ts";
import { outsideHu } from "../dicom/hounsfield.ts";
import { type Plane, shiftRows, shrink, upright } from "./geometry.ts";
import { cutTo, isWithin, measuredBox, type PixelBox } from "./measured-box.ts";

/** How a decoded slice is reduced. */
export interface Reduction {
  /** Pixels may be shrunk to this; 0 keeps the scanner's. */
  readonly pixelMm: number;
  /** Rows by which each frame of the file is moved (shiftRows), for a tilted gantry. */
  readonly shifts: readonly number[];
  /** The part of the upright slice that is kept; by default all of it. */
  readonly box?: PixelBox | undefined;
  /** Rows that are kept before and after the box, also beyond the slice, so that nothing is lost where slices are moved. */
  readonly roomRows?: number | undefined;
}

/** A reduced slice. */
export interface ReducedPlane extends Plane {
  /** Where the slice's measured pixels lie, if that is not within the reduction's box: some of them are lost. */
  readonly beyond?: PixelBox | undefined;
}

/** A frame upright, without its margins, moved and shrunk; its values may be `hu` itself. */
export function reduceFrame(
  hu: Int16Array,
  { rows, columns, frames }: Pick<CtInstance, "rows" | "columns" | "frames">,
  index: number,
  { pixelMm, shifts, box, roomRows: room = 0 }: Reduction,
): ReducedPlane {
  const turned = upright(hu, { rows, columns }, frames[index]!);
  const measured = box && measuredBox(turned);
  const cut = box ? cutTo(turned, box, room, outsideHu) : turned;
  const moved = shiftRows(cut, shifts[index] ?? 0, outsideHu);
  const plane = shrink(moved, Math.max(1, Math.floor(pixelMm / Math.max(...turned.spacingMm))));
  return measured && !isWithin(measured, box) ? { ...plane, beyond: measured } : plane;
}
