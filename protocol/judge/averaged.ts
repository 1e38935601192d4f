// A model that a round's updates make, with what names it: an object's outline is made once, and is its store's too.
import type { Digest } from "../format/digest.ts";
import { type BlobOutline, outlineDigest, outlineNamed, outlineOf } from "../format/merkle.ts";

export interface Averaged {
  readonly model: Digest;
  /** Safetensors. */
  readonly bytes: Uint8Array;
  /** Of the bytes. */
  readonly outline: BlobOutline;
}

export function averagedOf(bytes: Uint8Array): Averaged {
  const outline = outlineOf(bytes);
  return { model: outlineDigest(outline), bytes, outline };
}

/** The same model by the name that a proposal gives it; undefined where that is another model's. */
export function underName<Model extends Averaged>(averaged: Model, model: Digest): Model | undefined {
  if (averaged.model === model) return averaged;
  const outline = outlineNamed(averaged.bytes, model);
  return outline && { ...averaged, model, outline };
}
