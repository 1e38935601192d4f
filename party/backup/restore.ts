// Restores a party from a backup file to the places of a configuration, on this or another machine. It checks the whole
// file first and overwrites nothing: it creates all or, if it fails, nothing.
import { createReadStream, existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { writeNewFile } from "../../io/chain/new-file.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { openJournal } from "../../io/store/journal.ts";
import { openLevel } from "../../io/store/level.ts";
import { type Digest, parseDigest } from "../../protocol/format/digest.ts";
import { outlineNamed } from "../../protocol/format/merkle.ts";
import type { BackupCounts } from "./back-up.ts";
import { decodeEntries, type Entry } from "./entries.ts";
import { type PartyPlaces, storeFolders } from "./places.ts";
import { unseal } from "./sealed-file.ts";
import { writeNewStream } from "./write-new-stream.ts";

/**
 * @throws STORE_EXISTS, FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE, BACKUP_MALFORMED, BACKUP_VERSION,
 * BACKUP_PASSWORD, BACKUP_DAMAGED, STORE_FULL
 */
export async function restore(
  source: string,
  places: PartyPlaces,
  { password }: { readonly password: string },
): Promise<BackupCounts> {
  if (existsSync(places.store)) throw new FedError("STORE_EXISTS", { dir: places.store });
  for (const path of [places.keystore, places.peerKey]) {
    if (existsSync(path)) throw new FedError("FILE_EXISTS", { path });
  }
  const entries = () => decodeEntries(unseal(readSource(source), password));
  for await (const { content } of entries()) for await (const _ of content);

  const store = `${places.store}.restoring`;
  await rm(store, { recursive: true, force: true });
  const created: string[] = [];
  try {
    const keys = new Map<Entry["kind"], string>();
    const counts = await restoreStore(store, entries(), keys);
    for (const [kind, path] of [
      ["keystore", places.keystore],
      ["peer-key", places.peerKey],
    ] as const) {
      const text = keys.get(kind);
      if (text === undefined) throw new FedError("BACKUP_MALFORMED", { missing: kind });
      await writeNewFile(path, text, { mode: 0o600 });
      created.push(path);
    }
    await rename(store, places.store);
    return counts;
  } catch (error) {
    for (const path of created) await rm(path, { force: true });
    throw error;
  } finally {
    await rm(store, { recursive: true, force: true });
  }
}

async function restoreStore(
  store: string,
  entries: AsyncIterable<Entry>,
  keys: Map<Entry["kind"], string>,
): Promise<BackupCounts> {
  const folders = storeFolders(store);
  await mkdir(store, { recursive: true, mode: 0o700 });
  const level = await openLevel(folders.notes);
  const counts = { notes: 0, objects: 0 };
  try {
    const journal = await openJournal(level, folders.largeNotes);
    const blobs = await openBlobStore(folders.blobs);
    try {
      for await (const { kind, name, content } of entries) {
        if (kind === "local-weights") {
          await writeNewStream(join(folders.localWeights, plainName(name)), content);
          continue;
        }
        const bytes = await collect(content);
        if (kind === "keystore" || kind === "peer-key") keys.set(kind, bytes.toString("utf8"));
        else if (kind === "note") {
          counts.notes++;
          await journal.write({ [name]: bytes });
        } else {
          counts.objects++;
          const digest: Digest = parseDigest(name);
          if ((await blobs.put(bytes, outlineNamed(bytes, digest))) !== digest)
            throw new FedError("BACKUP_MALFORMED", { object: digest });
        }
      }
    } finally {
      await blobs.close();
    }
  } finally {
    await level.close();
  }
  return counts;
}

/** A file name without a path: an entry must not be written outside its folder. */
function plainName(name: string): string {
  if (!/^[\w.-]+$/.test(name) || name.startsWith(".")) throw new FedError("BACKUP_MALFORMED", { name });
  return name;
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

async function* readSource(path: string): AsyncIterable<Uint8Array> {
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (cause) {
    if (cause instanceof FedError) throw cause;
    throw new FedError("FILE_UNREADABLE", { path }, { cause });
  } finally {
    stream.destroy();
  }
}
