// Float tensors of a model's file by name; aligned bytes are not copied.
import { FedError } from "../../foundation/errors.ts";
import { parseSafetensorsHeader, type TensorEntry } from "../format/safetensors.ts";

/**
 * A reader of the float32 tensors of a safetensors file in memory.
 * @param what names the file in errors
 * @throws SAFETENSORS_MALFORMED; the returned function TENSOR_MISSING, TENSOR_SHAPE_MISMATCH
 */
export function floatTensors(file: Uint8Array, what: string): (name: string, shape: readonly number[]) => Float32Array {
  const byName = new Map<string, TensorEntry>(
    parseSafetensorsHeader(file, file.byteLength).tensors.map((tensor) => [tensor.name, tensor]),
  );
  return (name, shape) => {
    const entry = byName.get(name);
    if (entry === undefined) throw new FedError("TENSOR_MISSING", { what, name });
    if (entry.dtype !== "F32" || entry.shape.join() !== shape.join()) {
      const found = `${entry.dtype}[${entry.shape.join()}]`;
      throw new FedError("TENSOR_SHAPE_MISMATCH", { what, name, expected: `F32[${shape.join()}]`, found });
    }
    return viewFloats(file.subarray(entry.offset, entry.offset + entry.bytes));
  };
}

/** The bytes as float32: a view if they are aligned, else a copy. */
export function viewFloats(bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}
