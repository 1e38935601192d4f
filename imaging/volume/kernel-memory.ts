// All kernels of imaging work in one memory a thread, which holds one frame and the results.
import { createKernelMemory, type Kernels, loadKernels, pageBytes } from "../../foundation/wasm-kernel.ts";

const memory = createKernelMemory(9 * pageBytes);

/** The kernels' memory, of at least so many bytes: whole vectors may be read and written beyond them. It moves as it grows. */
export function kernelMemory(bytes: number): ArrayBuffer {
  const missing = bytes + pageBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  return memory.buffer;
}

/** Whether values lie in the kernels' memory. */
export function isInKernelMemory({ buffer }: Int16Array): boolean {
  return buffer === memory.buffer;
}

/** Kernels over that memory (foundation/wasm-kernel.ts). */
export function kernelsOf<Name extends string>(base64: string): Kernels<Name> {
  return loadKernels<Name>(base64)(memory);
}
