// All kernels of a thread work in one memory, which holds one frame and what becomes of it.
import * as vector from "../../foundation/vector-kernel.ts";

const memory = vector.createKernelMemory(9 * vector.pageBytes);

/** The kernels' memory, of at least so many bytes: whole vectors may be read and written beyond them. It moves as it grows. */
export function kernelMemory(bytes: number): ArrayBuffer {
  const missing = bytes + vector.pageBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / vector.pageBytes));
  return memory.buffer;
}

/** Whether values lie in the kernels' memory. */
export function isInKernelMemory({ buffer }: Int16Array): boolean {
  return buffer === memory.buffer;
}

/** A kernel over that memory; as foundation/vector-kernel.ts. */
export function assembleKernel(...parts: Parameters<typeof vector.assembleKernel>): vector.Kernel {
  return vector.assembleKernel(...parts)(memory);
}
