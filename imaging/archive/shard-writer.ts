// Writes a shard beside its place and moves it there when it is whole. What was normalised before a kill is kept in a
// journal, each scan with the digest of its pixels, so that an import goes on where it stopped.
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { sha256 } from "../../protocol/digest.ts";
import { FedError } from "../../protocol/errors.ts";
import { lockImport } from "./import-lock.ts";
import { type QuarantineEntry, quarantineSchema } from "./quarantine.ts";
import { encodeShardIndex, factsSchema, type ShardIndex, shardFiles } from "./shard-format.ts";

const scanSchema = z
  .object({
    slices: z.number().int(),
    offset: z.number().int(),
    bytes: z.number().int(),
    pixels: z.string(),
    series: z.string(),
    facts: factsSchema,
  })
  .strict();

const lineSchema = z
  .object({
    patient: z.string(),
    /** Keyed hash of the patient's files and of all that decides what becomes of them. */
    inputs: z.string(),
    scan: scanSchema.optional(),
    quarantined: quarantineSchema.shape.entries,
  })
  .strict();
/** What became of one patient. */
export type Outcome = z.output<typeof lineSchema>;

export interface NewScan extends Omit<z.output<typeof scanSchema>, "offset" | "bytes" | "pixels"> {
  readonly pixels: Uint8Array;
}

export interface ShardWriter {
  /** Outcomes of an import that was interrupted, by `inputs`. */
  readonly kept: ReadonlyMap<string, Outcome>;
  add(outcome: { patient: string; inputs: string; scan?: NewScan; quarantined: QuarantineEntry[] }): Promise<Outcome>;
  /** A file of the shard beside pixels and index, such as the quarantine. */
  writeFile(name: string, content: string | Uint8Array): Promise<void>;
  /** Puts the shard in its place, in one move. */
  finish(index: ShardIndex): Promise<void>;
  /** Leaves what is done for the next import. */
  close(): Promise<void>;
  /** Leaves nothing. */
  discard(): Promise<void>;
}

const journalName = "journal.jsonl";

/** @throws {FedError} SHARD_PLACE_TAKEN where the folder holds something else than a shard, IMPORT_RUNNING */
export async function openShardWriter(dir: string): Promise<ShardWriter> {
  const place = resolve(dir);
  const staging = `${place}.importing`;
  await settleShardPlace(place);
  await mkdir(staging, { recursive: true });
  const unlock = await lockImport(staging);
  const pixels = await open(join(staging, shardFiles.pixels), "a+");
  const { outcomes, end } = await readJournal(join(staging, journalName), pixels);
  await pixels.truncate(end);
  // Rewritten without its torn end.
  await writeFile(join(staging, journalName), outcomes.map((outcome) => `${JSON.stringify(outcome)}\n`).join(""));
  const journal = await open(join(staging, journalName), "a");
  let offset = end;
  const close = async () => {
    await pixels.close();
    await journal.close();
    await unlock();
  };
  return {
    kept: new Map(outcomes.map((outcome) => [outcome.inputs, outcome])),
    async add({ scan, ...rest }) {
      const outcome: Outcome = { ...rest };
      if (scan) {
        const { pixels: bytes, ...about } = scan;
        await pixels.appendFile(bytes);
        outcome.scan = { ...about, offset, bytes: bytes.length, pixels: hex(sha256(bytes)) };
        offset += bytes.length;
      }
      await journal.appendFile(`${JSON.stringify(outcome)}\n`);
      return outcome;
    },
    writeFile: (name, content) => writeDurably(join(staging, name), content),
    async finish(index) {
      await writeDurably(join(staging, shardFiles.index), encodeShardIndex(index));
      await pixels.sync();
      await close();
      await rm(join(staging, journalName));
      await moveInto(place, staging);
    },
    close,
    async discard() {
      await close();
      await rm(staging, { recursive: true, force: true });
    },
  };
}

/**
 * Undoes a move that was cut in two, and refuses to replace what is no shard.
 *
 * @throws {FedError} SHARD_PLACE_TAKEN
 */
export async function settleShardPlace(dir: string): Promise<void> {
  const place = resolve(dir);
  const names = await readdir(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new FedError(
      "SHARD_PLACE_TAKEN",
      { dir: place },
      { cause: error, remedy: "give a new folder for the shard" },
    );
  });
  if (names === undefined) await rename(`${place}.replaced`, place).catch(() => {});
  else if (names.length > 0 && !names.includes(shardFiles.index)) {
    throw new FedError("SHARD_PLACE_TAKEN", { dir: place }, { remedy: "give a new or empty folder for the shard" });
  } else await rm(`${place}.replaced`, { recursive: true, force: true });
}

async function moveInto(place: string, staging: string): Promise<void> {
  const replaced = `${place}.replaced`;
  await mkdir(dirname(place), { recursive: true });
  await rmdir(place).catch(() => {});
  await rename(place, replaced).catch(() => {});
  await rename(staging, place);
  await rm(replaced, { recursive: true, force: true });
}

/** Outcomes whose pixels are there and as they were, up to the first that is not. */
async function readJournal(path: string, pixels: FileHandle): Promise<{ outcomes: Outcome[]; end: number }> {
  const text = await readFile(path, "utf8").catch(() => "");
  const outcomes: Outcome[] = [];
  let end = 0;
  for (const line of text.split("\n").slice(0, -1)) {
    const outcome = parseLine(line);
    if (!outcome) break;
    if (outcome.scan) {
      const { offset, bytes, pixels: digest } = outcome.scan;
      const { buffer, bytesRead } = await pixels.read(Buffer.alloc(bytes), 0, bytes, offset);
      if (offset !== end || bytesRead !== bytes || hex(sha256(buffer)) !== digest) break;
      end += bytes;
    }
    outcomes.push(outcome);
  }
  return { outcomes, end };
}

function parseLine(line: string): Outcome | undefined {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "w");
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
