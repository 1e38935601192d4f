// What the decode pool and its workers say to each other.
import type { SentError } from "../../foundation/errors.ts";
import type { Plane, Reduction } from "../volume/geometry.ts";
import type { CtInstance } from "./ct-instance.ts";
import type { DicomLimits } from "./limits.ts";

/** A DICOM file: one on disk, which the worker reads, or bytes, for instance out of a zip. */
export type DicomSource = { readonly path: string } | { readonly bytes: Uint8Array };

/** HU in memory that threads share. */
export type SharedHu = Int16Array<SharedArrayBuffer>;

export type ToWorker =
  /** Read what the file says of itself. */
  | { readonly kind: "header"; readonly task: number; readonly source: DicomSource }
  /** Decode all frames to HU, one after the other into shared memory if there is any, or reduced. */
  | {
      readonly kind: "decode";
      readonly task: number;
      readonly source: DicomSource;
      readonly into?: SharedHu;
      readonly reduction?: Reduction;
    }
  /** One frame was taken: another may be sent. */
  | { readonly kind: "taken"; readonly task: number }
  /** Nobody wants the rest. */
  | { readonly kind: "stop"; readonly task: number };

declare const brand: unique symbol;
/** A CtInstance as JSON: threads clone an object of forty fields eight times slower than they send its text. */
export type InstanceText = string & { readonly [brand]: "CtInstance" };

export function writeInstance(instance: CtInstance): InstanceText {
  return JSON.stringify(instance) as InstanceText;
}

export function parseInstance(text: InstanceText): CtInstance {
  return JSON.parse(text) as CtInstance;
}

export type FromWorker =
  /** Loaded, and about to begin with its first file. */
  | { readonly kind: "ready" }
  | { readonly kind: "header"; readonly task: number; readonly instance: InstanceText }
  | {
      readonly kind: "frame";
      readonly task: number;
      /** With the first frame only, and not with reduced ones. */
      readonly instance?: InstanceText;
      /** What `hu` is, where it was reduced. */
      readonly plane?: Omit<Plane, "values">;
      /** Unless it was written into shared memory. */
      readonly hu?: Int16Array<ArrayBuffer>;
      readonly isLast: boolean;
    }
  | { readonly kind: "stopped"; readonly task: number }
  | (SentError & { readonly kind: "refused"; readonly task: number });

export interface WorkerSettings {
  readonly limits: DicomLimits;
  /** Frames of a file that may be on their way at once. */
  readonly framesAhead: number;
}

/** What a worker is started with. */
export interface WorkerData extends WorkerSettings {
  /** The task in work, in shared memory: who is to blame if the worker dies. */
  readonly current: Int32Array<SharedArrayBuffer>;
}
