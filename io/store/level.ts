// The level database of a party and the list of its key spaces. Numbers are never reused, and the version is checked at
// opening, so that a store of another version is never misread.
import { Level } from "level";
import { FedError } from "../../foundation/errors.ts";
import { makePrivateFolder } from "../../foundation/private-files.ts";

/** Number of each key space; the number is the key's prefix on disk. Append only. */
const keySpaces = {
  /** "version" → decimal text. */
  meta: 0,
  /** Digest → size and chunk roots of an object (protocol/format/outline.ts). */
  outlines: 1,
  /** A party's notes: path → bytes. */
  journal: 2,
  /** Notes that are files: path → name (note-files.ts). */
  noteFiles: 3,
} as const;
export type KeySpace = keyof typeof keySpaces;

/** Raised whenever the content of a key space changes its meaning. */
const storeVersion = "1";

export interface StoreEntry {
  readonly space: KeySpace;
  readonly key: string;
  /** Undefined deletes. */
  readonly value: Uint8Array | undefined;
}

/** A level database whose every write is synced to disk before it is acknowledged. */
export interface StoreLevel {
  get(space: KeySpace, key: string): Promise<Uint8Array | undefined>;
  /** All or none. */
  write(entries: readonly StoreEntry[]): Promise<void>;
  /** Keys that start with the prefix, ascending. */
  keys(space: KeySpace, prefix: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/**
 * Opens (or creates) the database in a directory; one process at a time.
 * @throws STORE_LOCKED, STORE_VERSION, STORE_UNREADABLE
 */
export async function openLevel(dir: string): Promise<StoreLevel> {
  await makePrivateFolder(dir);
  const db = new Level<string, Uint8Array>(dir, { keyEncoding: "utf8", valueEncoding: "view" });
  try {
    await db.open();
  } catch (cause) {
    throw openingError(dir, cause);
  }
  const level = storeLevel(db);
  try {
    await checkVersion(dir, level);
  } catch (error) {
    await db.close();
    throw error;
  }
  return level;
}

function storeLevel(db: Level<string, Uint8Array>): StoreLevel {
  const keyOf = (space: KeySpace, key: string) => `${prefixOf(space)}${key}`;
  let isTorn = false;
  let repairing: Promise<void> | undefined;
  /**
   * A write that failed, as on a full disk, may have left half a record at the end of LevelDB's log: records after it would
   * be lost at the next opening. Opening again starts a new log.
   */
  const repair = () => {
    repairing ??= (async () => {
      await db.close();
      await db.open();
      isTorn = false;
    })().finally(() => {
      repairing = undefined;
    });
    return repairing;
  };
  const whole = async () => {
    if (!isTorn) return;
    await repair().catch((error: unknown) => {
      throw writingError(error);
    });
  };
  return {
    async get(space, key) {
      await whole();
      return db.get(keyOf(space, key));
    },
    async write(entries) {
      await whole();
      const batch = entries.map(({ space, key, value }) =>
        value === undefined
          ? ({ type: "del", key: keyOf(space, key) } as const)
          : ({ type: "put", key: keyOf(space, key), value } as const),
      );
      await db.batch(batch, { sync: true }).catch((error: unknown) => {
        isTorn = true;
        throw writingError(error);
      });
    },
    async keys(space, prefix) {
      await whole();
      const start = keyOf(space, prefix);
      const found = await db.keys({ gte: start, lt: `${start}\u{10ffff}` }).all();
      return found.map((key) => key.slice(prefixOf(space).length));
    },
    close: () => db.close(),
  };
}

/** STORE_FULL for a full disk, which LevelDB reports in words only; any other error unchanged. */
function writingError(error: unknown): unknown {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!isFull(cause)) return error;
  return new FedError("STORE_FULL", {}, { cause: error });
}

function isFull(cause: unknown): boolean {
  return /No space left|disk quota exceeded/i.test(String(cause));
}

function prefixOf(space: KeySpace): string {
  return `${String(keySpaces[space]).padStart(3, "0")}:`;
}

async function checkVersion(dir: string, level: StoreLevel): Promise<void> {
  const found = await level.get("meta", "version");
  if (found === undefined) {
    await level.write([{ space: "meta", key: "version", value: new TextEncoder().encode(storeVersion) }]);
    return;
  }
  const version = new TextDecoder().decode(found);
  if (version === storeVersion) return;
  throw new FedError(
    "STORE_VERSION",
    { dir, found: version.slice(0, 20), expected: storeVersion },
    { remedy: "this directory was written by another version of consilium: use that version, or another directory" },
  );
}

function openingError(dir: string, cause: unknown): FedError {
  const inner = cause instanceof Error ? (cause.cause as { code?: unknown } | undefined) : undefined;
  if (isFull(inner ?? cause)) return new FedError("STORE_FULL", { dir }, { cause });
  if (inner?.code === "LEVEL_LOCKED") {
    return new FedError(
      "STORE_LOCKED",
      { dir },
      { cause, remedy: "another process uses this directory: stop it, or choose another directory" },
    );
  }
  return new FedError(
    "STORE_UNREADABLE",
    { dir },
    { cause, remedy: "check the directory's permissions; if the disk failed, move it away: a node refetches objects" },
  );
}
