// Files that are kept open while they are read piece by piece: opening and closing a file costs more than reading a piece of
// one that is in the page cache. A file that is removed or replaced must be dropped here first.
import { open } from "node:fs/promises";

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Files open at once; a peer that fetches an object reads one. */
const maxOpen = 32;

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  readers: number;
  /** No longer listed: the last reader closes it. */
  dropped: boolean;
}

export interface OpenFiles {
  /** Up to `length` bytes, fewer at the end of the file; undefined where there is no such file. */
  read(path: string, offset: number, length: number): Promise<Uint8Array | undefined>;
  /** Closes a file, so that it is looked up again and a removed one gives its space back. */
  drop(path: string): Promise<void>;
  /** Closes all files. */
  close(): Promise<void>;
}

export function createOpenFiles(): OpenFiles {
  /** The least recently used first. */
  const files = new Map<string, OpenFile>();

  const closeUnread = async (file: OpenFile) => {
    if (!file.dropped || file.readers > 0) return;
    await (await file.handle.catch(() => undefined))?.close();
  };
  const drop = async (path: string) => {
    const file = files.get(path);
    if (file === undefined) return;
    files.delete(path);
    file.dropped = true;
    await closeUnread(file);
  };
  const use = (path: string): OpenFile => {
    const file = files.get(path) ?? { handle: open(path, "r"), readers: 0, dropped: false };
    files.delete(path);
    files.set(path, file);
    file.readers++;
    return file;
  };

  return {
    async read(path, offset, length) {
      const file = use(path);
      try {
        if (files.size > maxOpen) await drop(files.keys().next().value!);
        return await readRange(await file.handle, offset, length);
      } catch (error) {
        await drop(path);
        if ((error as { code?: unknown }).code === "ENOENT") return undefined;
        throw error;
      } finally {
        file.readers--;
        await closeUnread(file);
      }
    },
    drop,
    async close() {
      await Promise.all([...files.keys()].map(drop));
    },
  };
}

async function readRange(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length); // filled below: need not be zero first
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
