// Keeps finished folds on disk under a hash of all settings: a stopped run continues, and a run with other settings in the
// same folder neither reuses nor overwrites them. A fold has the score of each patient: for its owner only.
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { makePrivateFolder, writePrivately } from "../../foundation/private-files.ts";
import { sha256 } from "../../foundation/sha256.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";

const predictionSchema = z
  .object({ patient: z.string(), label: z.union([z.literal(0), z.literal(1)]), score: z.number() })
  .strict();

const foldSchema = z
  .object({
    /** The same for the same seed, patients and settings, to the bit. */
    result: z
      .object({
        parameters: z.number(),
        chosen: z.string(),
        threshold: z.number(),
        validation: z.array(predictionSchema),
        heldOut: z.array(predictionSchema),
      })
      .strict(),
    seconds: z.number(),
  })
  .strict();

export type FoldRecord = z.output<typeof foldSchema>;

export interface FoldStore {
  read(fold: number): Promise<FoldRecord | undefined>;
  write(fold: number, record: FoldRecord): Promise<void>;
}

/**
 * @param about everything that decides the row's folds
 * @throws its read throws FedError FOLD_DAMAGED
 */
export async function openFoldStore(
  dir: string,
  row: string,
  about: Readonly<Record<string, unknown>>,
): Promise<FoldStore> {
  await makePrivateFolder(dir);
  const settings = canonicalBytes(about);
  const name = Buffer.from(sha256(settings)).toString("hex").slice(0, 12);
  await writePrivately(join(dir, `${row}-${name}-settings.json`), settings);
  const file = (fold: number) => join(dir, `${row}-${name}-fold-${fold}.json`);
  return {
    async read(fold) {
      const text = await readFile(file(fold), "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error; // an existing fold that cannot be read must not be trained again for hours
      });
      if (text === undefined) return undefined;
      try {
        return foldSchema.parse(JSON.parse(text));
      } catch (cause) {
        throw new FedError(
          "FOLD_DAMAGED",
          { file: file(fold) },
          { cause, remedy: "remove the file: it is made again" },
        );
      }
    },
    async write(fold, record) {
      await writePrivately(`${file(fold)}.tmp`, `${JSON.stringify(foldSchema.parse(record))}\n`);
      await rename(`${file(fold)}.tmp`, file(fold));
    },
  };
}
