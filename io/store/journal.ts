// A party's own notes, such as the update that it is about to commit: they survive a kill at any instant.
import { FedError } from "../../foundation/errors.ts";
import type { Journal, NoteValue } from "../../protocol/ports.ts";
import type { StoreEntry, StoreLevel } from "./level.ts";
import { openNoteFiles } from "./note-files.ts";

/** Notes up to this size are cached, bytes. */
const rememberedBytes = 4096;
/** Larger ones, such as residuals, are files. */
const mostInDatabase = 2 ** 16;

/**
 * The journal in an open database, with its large notes as files in the folder; a write is on the disk when it resolves.
 * Small notes are cached: a party reads them at every change, and only this process writes them.
 *
 * @throws JOURNAL_MALFORMED by `get`, where a large note is missing or damaged
 */
export async function openJournal(level: StoreLevel, dir: string): Promise<Journal> {
  /** Names of files, by the keys of their notes. */
  const names = new Map<string, string>();
  for (const key of await level.keys("noteFiles", ""))
    names.set(key, new TextDecoder().decode(await level.get("noteFiles", key)));
  const files = await openNoteFiles(dir, new Set(names.values()));
  const remembered = new Map<string, Uint8Array | undefined>();
  let writes = 0;
  let lastWrite: Promise<void> = Promise.resolve();

  async function readLarge(key: string, name: string): Promise<Uint8Array | undefined> {
    const bytes = await files.read(name);
    if (bytes) return bytes;
    // It may have been replaced while it was read.
    if (names.get(key) !== name) return get(key);
    throw new FedError("JOURNAL_MALFORMED", { key }, { remedy: "restore the store's folder from a backup" });
  }

  async function get(key: string): Promise<Uint8Array | undefined> {
    const name = names.get(key);
    if (name !== undefined) return readLarge(key, name);
    if (remembered.has(key)) return remembered.get(key);
    const before = writes;
    const value = await level.get("journal", key);
    // A value read during a write may be older than the write.
    if (writes === before && (value?.byteLength ?? 0) <= rememberedBytes) remembered.set(key, value);
    return value;
  }

  /** The bytes that a note becomes, or the file that it shares with another one: that stays as it is, and nothing is read. */
  async function contentOf(given: NoteValue): Promise<{ readonly file?: string; readonly value?: Uint8Array }> {
    if (given === undefined) return {};
    if (given instanceof Uint8Array) return { value: given };
    const file = names.get(given.sameAs);
    if (file !== undefined) return { file };
    const value = await level.get("journal", given.sameAs);
    return value ? { value } : {};
  }

  /** Writes files first, then all notes and the files' names at once; deletes superseded files last. */
  async function write(entries: Readonly<Record<string, NoteValue>>): Promise<void> {
    const all: StoreEntry[] = [];
    const named = new Map<string, string | undefined>();
    for (const [key, given] of Object.entries(entries)) {
      const { file, value } = await contentOf(given);
      const isLarge = value !== undefined && value.byteLength > mostInDatabase;
      const name = isLarge ? await files.keep(value) : file;
      named.set(key, name);
      all.push({ space: "journal", key, value: isLarge ? undefined : value });
      all.push({ space: "noteFiles", key, value: name === undefined ? undefined : new TextEncoder().encode(name) });
    }
    writes++;
    const before = new Set(names.values());
    try {
      await level.write(all);
      for (const [key, name] of named) {
        if (name === undefined) names.delete(key);
        else names.set(key, name);
      }
    } finally {
      writes++;
      for (const key of named.keys()) remembered.delete(key);
    }
    const still = new Set(names.values());
    for (const name of before) if (!still.has(name)) await files.remove(name);
  }

  return {
    get,
    write(entries) {
      // One after the other: a write must not delete a file that another one is about to name.
      const writing = lastWrite.then(() => write(entries));
      lastWrite = writing.catch(() => {});
      return writing;
    },
    async keys(prefix) {
      const large = [...names.keys()].filter((key) => key.startsWith(prefix));
      return [...(await level.keys("journal", prefix)), ...large].sort();
    },
  };
}
