// The tasks and answers of decode workers.

import type { PixelBox } from "../volume/measured-box.ts";
import type { ReducedPlane, Reduction } from "../volume/reduce-frame.ts";
import type { CtInstance } from "./ct-instance.ts";
import type { DicomLimits } from "./limits.ts";

/** A DICOM file: one on disk, which the worker reads, or bytes, for instance out of a zip. */
export type DicomSource =
  /** Bytes where a name on the path is not UTF-8. */
  | { readonly path: string | Uint8Array }
  | {
      readonly bytes: Uint8Array;
      /** Digest of the header (instance-digest.ts) as an image server described it: of another file nothing is decoded. */
      readonly expected?: string;
    };

/** HU in shared memory. */
export type SharedHu = Int16Array<SharedArrayBuffer>;

export type DecodeTask =
  | { readonly kind: "header"; readonly source: DicomSource }
  /** Decode one frame, and find its measured pixels. */
  | { readonly kind: "box"; readonly source: DicomSource; readonly frame: number }
  /** Decode all frames to HU, one after the other into shared memory if there is any, or reduced. */
  | {
      readonly kind: "decode";
      readonly source: DicomSource;
      readonly into?: SharedHu | undefined;
      readonly reduction?: Reduction | undefined;
    };

declare const brand: unique symbol;
/** A CtInstance as JSON: threads clone an object of forty fields eight times slower than they send its text. */
export type InstanceText = string & { readonly [brand]: "CtInstance" };

export function writeInstance(instance: CtInstance): InstanceText {
  return JSON.stringify(instance) as InstanceText;
}

export function parseInstance(text: InstanceText): CtInstance {
  return JSON.parse(text) as CtInstance;
}

export interface DecodeAnswer {
  /** Of headers, and with the first frame unless it is reduced. */
  readonly instance?: InstanceText | undefined;
  /** Size and spacing of `hu`, if it was reduced. */
  readonly plane?: Omit<ReducedPlane, "values"> | undefined;
  /** Of a frame's measured pixels; undefined if it has none. */
  readonly box?: PixelBox | undefined;
  /** Of frames, unless they were written into shared memory. */
  readonly hu?: Int16Array<ArrayBuffer> | undefined;
}

export interface DecodeSettings {
  readonly limits: DicomLimits;
}
