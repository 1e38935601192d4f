// Backs a stopped party up to one encrypted file: its keys, its journal, its own objects, and FedBN's local weights.
// Models and other hospitals' updates are not in it: the restored party fetches them from its peers.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { readKeystore } from "../../io/chain/keystore.ts";
import { type OpenBlobStore, openBlobStore } from "../../io/store/blob-store.ts";
import { openJournal } from "../../io/store/journal.ts";
import { openLevel } from "../../io/store/level.ts";
import { storedObjects } from "../../io/store/object-files.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import type { Journal } from "../../protocol/ports.ts";
import { type Entry, encodeEntries } from "./entries.ts";
import { type PartyPlaces, storeFolders } from "./places.ts";
import { seal } from "./sealed-file.ts";
import { writeNewStream } from "./write-new-stream.ts";

export interface BackupCounts {
  readonly notes: number;
  readonly objects: number;
}

/** Objects up to this size, such as manifests, scores and refusals, are all in the backup: some exist nowhere else. */
const smallObjectBytes = 1 << 20;
const readBytes = 1 << 20;

/**
 * Writes a new backup file. The party must be stopped: its notes and objects are then consistent.
 * @param options.log2N scrypt's cost; lower it in tests only
 * @throws STORE_MISSING, STORE_LOCKED, STORE_VERSION, STORE_UNREADABLE, KEYSTORE_MISSING, KEYSTORE_MALFORMED,
 * FILE_UNREADABLE, FILE_EXISTS, FILE_UNWRITABLE
 */
export async function backUp(
  places: PartyPlaces,
  target: string,
  { password, log2N }: { readonly password: string; readonly log2N?: number | undefined },
): Promise<BackupCounts> {
  const folders = storeFolders(places.store);
  if (!existsSync(folders.notes)) throw new FedError("STORE_MISSING", { dir: places.store });
  const { address } = await readKeystore(places.keystore);
  const level = await openLevel(folders.notes);
  const counts = { notes: 0, objects: 0 };
  try {
    const journal = await openJournal(level, folders.largeNotes);
    const blobs = existsSync(folders.blobs) ? await openBlobStore(folders.blobs) : undefined;
    try {
      const entries = async function* (): AsyncIterable<Entry> {
        yield await fileEntry("keystore", "keystore.json", places.keystore);
        yield await fileEntry("peer-key", "peer-key", places.peerKey);
        for (const name of await journal.keys("")) {
          counts.notes++;
          yield entryOf("note", name, (await journal.get(name))!);
        }
        if (blobs) {
          for await (const entry of ownObjects(blobs, folders.blobs, { address, journal })) {
            counts.objects++;
            yield entry;
          }
        }
        for (const name of existsSync(folders.localWeights) ? await readdir(folders.localWeights) : []) {
          if (name.endsWith(".safetensors")) {
            yield await fileEntry("local-weights", name, join(folders.localWeights, name));
          }
        }
      };
      await writeNewStream(target, seal(encodeEntries(entries()), password, { log2N }));
    } finally {
      await blobs?.close();
    }
  } finally {
    await level.close();
  }
  return counts;
}

/** All small objects, and this party's own updates. A damaged object is left out: peers may still have it. */
async function* ownObjects(
  blobs: OpenBlobStore,
  dir: string,
  { address, journal }: { address: HospitalAddress; journal: Journal },
): AsyncIterable<Entry> {
  const updates = new Set<Digest>();
  const prepared = await journal.get("prepared");
  if (prepared) updates.add((JSON.parse(new TextDecoder().decode(prepared)) as { update: Digest }).update);
  const large: Digest[] = [];
  for await (const digest of storedObjects(dir)) {
    if (!(await blobs.has(digest))) continue;
    const { size } = await blobs.outline(digest);
    if (size > smallObjectBytes) {
      large.push(digest);
      continue;
    }
    const bytes = await blobs.get(digest, { maxBytes: smallObjectBytes }).catch(ignoreDamage);
    if (!bytes) continue;
    const update = updateOfOwnManifest(bytes, address);
    if (update) updates.add(update);
    yield entryOf("object", digest, bytes);
  }
  for (const digest of large) {
    if (!updates.has(digest)) continue;
    const { size } = await blobs.outline(digest);
    yield { kind: "object", name: digest, size, content: readObject(blobs, digest, size) };
  }
}

async function* readObject(blobs: OpenBlobStore, digest: Digest, size: number): AsyncIterable<Uint8Array> {
  for (let offset = 0; offset < size; offset += readBytes) yield await blobs.read(digest, offset, readBytes);
}

function ignoreDamage(error: unknown): undefined {
  if (error instanceof FedError && error.code === "BLOB_CORRUPT") return undefined;
  throw error;
}

/** The update that a manifest of this hospital names; undefined for any other object. */
function updateOfOwnManifest(bytes: Uint8Array, address: HospitalAddress): Digest | undefined {
  if (bytes[0] !== "{".charCodeAt(0)) return undefined;
  try {
    const manifest = JSON.parse(new TextDecoder().decode(bytes)) as {
      hospital?: string;
      update?: Digest;
      masked?: Digest;
    };
    return manifest.hospital === address ? (manifest.update ?? manifest.masked) : undefined;
  } catch {
    return undefined;
  }
}

function entryOf(kind: Entry["kind"], name: string, bytes: Uint8Array): Entry {
  return { kind, name, size: bytes.byteLength, content: piecesOf(bytes) };
}

async function* piecesOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += readBytes) yield bytes.subarray(at, at + readBytes);
}

async function fileEntry(kind: Entry["kind"], name: string, path: string): Promise<Entry> {
  try {
    return entryOf(kind, name, await readFile(path));
  } catch (cause) {
    throw new FedError("FILE_UNREADABLE", { path }, { cause });
  }
}
