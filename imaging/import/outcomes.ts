// The outcome of each patient by the keyed hash of the patient's files: a level database in the shard's folder. It is written in
// one synced step per patient. An interrupted import continues from it, and the next import of a grown archive finds finished
// work in it by one look-up per patient. Only an import opens it: level admits one process at a time, and trainers read the
// index's other form, shard.json.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { z } from "zod";
import { makePrivateFolder } from "../../foundation/private-files.ts";
import { quarantineSchema } from "../shard/quarantine.ts";
import { factsSchema } from "../shard/shard-format.ts";
import { importRunning } from "./import-lock.ts";

const scanSchema = z
  .object({
    slices: z.number().int(),
    offset: z.number().int(),
    bytes: z.number().int(),
    pixels: z.string(),
    series: z.string(),
    facts: factsSchema,
    /** Which of the patient's usable series was taken, from 1, and how many there were; undefined for pictures. */
    choice: z.object({ place: z.number().int(), of: z.number().int() }).strict().optional(),
  })
  .strict();
/** A scan in pixels.bin, with the digest of its pixels. */
export type StoredScan = z.output<typeof scanSchema>;

const outcomeSchema = z
  .object({
    patient: z.string(),
    /** Keyed hash of the patient's files and of everything else that decides the outcome. */
    inputs: z.string(),
    scan: scanSchema.optional(),
    quarantined: quarantineSchema.shape.entries,
  })
  .strict();
/** The outcome of one patient: a scan, or reasons why there is none. */
export type Outcome = z.output<typeof outcomeSchema>;

export interface Outcomes {
  /** Undefined also if the stored value is damaged or of another version. */
  find(inputs: string): Promise<Outcome | undefined>;
  all(): Promise<Outcome[]>;
  /** On the disk when it returns. */
  add(outcome: Outcome): Promise<void>;
  remove(inputs: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Name of the database's folder in the shard's. */
const outcomesFolder = "outcomes";

/** Raised whenever stored values change their meaning, or another series would be taken; keys of other versions are ignored. */
const version = "2:";

/**
 * Opens the database of a shard, or creates one; a damaged one is deleted and created again, which costs only work.
 *
 * @throws IMPORT_RUNNING if it is open already
 */
export async function openOutcomes(dir: string): Promise<Outcomes> {
  const path = join(dir, outcomesFolder);
  // Its files are readable by everyone, wherever the shard is copied to.
  const makeFolder = () => makePrivateFolder(path);
  await makeFolder();
  const first = databaseAt(path);
  try {
    await first.open();
    const outcomes = outcomesIn(first);
    // Damage shows when all values are read.
    await outcomes.all();
    return outcomes;
  } catch (error) {
    await first.close();
    const { cause } = error as { cause?: { code?: unknown } };
    if (cause?.code === "LEVEL_LOCKED") throw importRunning({}, error);
    await rm(path, { recursive: true, force: true });
    await makeFolder();
    const second = databaseAt(path);
    await second.open();
    return outcomesIn(second);
  }
}

/** The same for reading only: undefined if there is none, or it does not open. */
export async function findOutcomes(dir: string): Promise<Pick<Outcomes, "find" | "close"> | undefined> {
  const db = databaseAt(join(dir, outcomesFolder));
  try {
    await db.open({ createIfMissing: false });
    return outcomesIn(db);
  } catch {
    await db.close();
    return undefined;
  }
}

function databaseAt(path: string): Level<string, string> {
  return new Level(path, { keyEncoding: "utf8", valueEncoding: "utf8" });
}

function outcomesIn(db: Level<string, string>): Outcomes {
  return {
    async find(inputs) {
      const text = await db.get(`${version}${inputs}`).catch(() => undefined);
      return text === undefined ? undefined : parsed(text);
    },
    async all() {
      const texts = await db.values({ gte: version, lt: `${version}\u{10ffff}` }).all();
      return texts.flatMap((text) => parsed(text) ?? []);
    },
    add: (outcome) => db.put(`${version}${outcome.inputs}`, JSON.stringify(outcome), { sync: true }),
    remove: (inputs) =>
      db.batch(
        inputs.map((one) => ({ type: "del" as const, key: `${version}${one}` })),
        { sync: true },
      ),
    close: () => db.close(),
  };
}

function parsed(text: string): Outcome | undefined {
  try {
    return outcomeSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
