// Reads an update's file, dense or sparse, run by run as one flat vector of integers.
import { FedError } from "../../foundation/errors.ts";
import { layoutSafetensors, parseSafetensorsHeader, type SafetensorsHeader } from "../format/safetensors.ts";
import type { ByteSource } from "./byte-source.ts";
import { type IntegerArray, integerBytes } from "./integers.ts";
import { ByteWindow, SparseRuns } from "./sparse-runs.ts";
import { decodeExponents, exponentsKey, proposedKey } from "./step-exponents.ts";
import {
  denseTensors,
  keptCoordinates,
  notesMetadata,
  sparseNames,
  sparseTensors,
  type UpdateLayout,
  type UpdateNotes,
  type UpdatePlan,
} from "./update-layout.ts";

/** Reads a flat vector from its start to its end. */
export interface UpdateReader {
  readonly notes: UpdateNotes;
  /** Fills `into` with the next coordinates, as many as it is long. @throws UPDATE_MALFORMED */
  next(into: IntegerArray): Promise<void>;
}

/** Largest header of a safetensors file, bytes (protocol/format/safetensors.ts has the same limit). */
const maxHeaderBytes = 4 << 20;

/** The header of a safetensors file. @throws SAFETENSORS_MALFORMED */
export async function readHeader(source: ByteSource): Promise<{ header: SafetensorsHeader; bytes: Uint8Array }> {
  const start = await source.read(0, Math.min(8, source.size));
  const length = start.byteLength < 8 ? 0 : Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  const bytes = new Uint8Array(await source.read(0, Math.min(source.size, 8 + Math.min(length, maxHeaderBytes))));
  return { header: parseSafetensorsHeader(bytes, source.size), bytes };
}

/**
 * Opens an update. Its header must be, to the byte, the one of this layout; only its steps may differ.
 * @throws UPDATE_MALFORMED, SAFETENSORS_MALFORMED, EXPONENTS_MALFORMED
 */
export async function openUpdate(source: ByteSource, layout: UpdateLayout, plan: UpdatePlan): Promise<UpdateReader> {
  const { header, bytes } = await readHeader(source);
  const count = layout.segments.length;
  const notes = {
    exponents: decodeExponents(header.metadata[exponentsKey], count),
    proposed: decodeExponents(header.metadata[proposedKey], count),
  };
  const sparse = plan.update.topFraction < 1;
  const sizeOf = (name: string) => header.tensors.find((tensor) => tensor.name === name)?.shape[0] ?? 0;
  const [values, gaps] = [sizeOf(sparseNames.values), sizeOf(sparseNames.gaps)];
  const tensors = sparse ? sparseTensors(layout, values, gaps) : denseTensors(layout);
  const expected = layoutSafetensors(tensors, notesMetadata(notes)).header;
  if (Buffer.compare(expected, bytes) !== 0) throw new FedError("UPDATE_MALFORMED", { where: "header" });
  if (!sparse) return { notes, next: denseRuns(source, header.dataOffset) };
  if (values > keptCoordinates(layout, plan)) throw new FedError("UPDATE_MALFORMED", { where: "values", values });
  const offsetOf = (name: string) => header.tensors.find((tensor) => tensor.name === name)?.offset ?? 0;
  const valueBytes = new ByteWindow(source, offsetOf(sparseNames.values), values * integerBytes(layout.type));
  const runs = new SparseRuns(layout, valueBytes, new ByteWindow(source, offsetOf(sparseNames.gaps), gaps));
  return { notes, next: (into) => runs.next(into) };
}

function denseRuns(source: ByteSource, dataOffset: number): UpdateReader["next"] {
  let offset = dataOffset;
  return async (into) => {
    const wanted = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    const start = offset;
    offset += wanted.byteLength;
    const bytes = await source.read(start, wanted.byteLength, wanted);
    if (bytes !== wanted) wanted.set(bytes);
  };
}
