// Files that are read and written in pieces: averaging a hundred updates needs no more memory than ten.

/** Random-access bytes: a blob on disk, or memory. */
export interface ByteSource {
  /** Bytes in all. */
  readonly size: number;
  /**
   * Exactly the bytes at [offset, offset + length), all within the size.
   * @param into a buffer of `length` bytes that the source may fill and return, to save a copy
   */
  read(offset: number, length: number, into?: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A file that is being written: every byte once, in pieces, in any order. */
export interface ByteSink {
  /** Called once, before the first write, with the size of the whole file. */
  start(totalBytes: number): void | Promise<void>;
  /** The caller may reuse the bytes once this resolves. */
  write(offset: number, bytes: Uint8Array): void | Promise<void>;
}

/** Bytes in memory as a source. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return { size: bytes.byteLength, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** A sink that keeps everything in memory. */
export interface MemorySink extends ByteSink {
  /** The whole file. */
  bytes(): Uint8Array;
}

/** A sink that keeps everything in memory; `bytes()` is the file. */
export function memorySink(): MemorySink {
  let file = new Uint8Array(0);
  return {
    start(totalBytes) {
      file = new Uint8Array(totalBytes);
    },
    write(offset, bytes) {
      file.set(bytes, offset);
    },
    bytes: () => file,
  };
}
