// The options of an import, checked once before anything is read.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { checkShares, defaultShares } from "../shard/split-patients.ts";
import { windowNames } from "../volume/intensity.ts";
import { defaultShape } from "./normalise.ts";

const whole = (low: number, high: number) => z.number().int().min(low).max(high);
const share = z.number().min(0).max(1);

const optionsSchema = z
  .object({
    /** File with the key of the pseudonyms; made where there is none. It stays at the hospital. */
    keyFile: z.string().min(1),
    /** CSV of labels; without it labels.csv or data_file.csv in the archive, then the names of folders. */
    labels: z.string().optional(),
    /** Label of patients without another one. */
    label: z.union([z.literal(0), z.literal(1)]).optional(),
    /** Accepts an archive in which all patients are of one class: a hospital may have no other. */
    oneClass: z.boolean().default(false),
    /** Takes the CSV's label where the folder of a class contradicts it; without it, the patient is refused. */
    labelsOverFolders: z.boolean().default(false),
    /** Whether PatientIDs or folders count where they disagree; without it, such patients are refused. */
    patientsBy: z.enum(["id", "folder"]).optional(),
    /** Of encrypted zip archives. */
    password: z.string().optional(),
    /** The most studies of an image server that are looked at; default: all that match. */
    maxStudies: whole(1, 10_000_000).optional(),
    /** Decides the split. */
    seed: z.number().int().default(1),
    /** Shares of the patients of each class; they sum to 1. A plan's `evaluation` says what the consortium agreed on. */
    shares: z
      .object({
        /** Trained on. Default: 0.7. */
        train: share,
        /** Scored for each proposed model. Default: 0.15. */
        validation: share,
        /** Held out: never trained on, and nothing is chosen by it. Default: 0.15. */
        test: share,
      })
      .strict()
      .default(defaultShares),
    /** The form to which all scans are brought; a plan's `model.input` needs the same. Default: that of compact. */
    shape: z
      .object({
        /** Rows of a slice. Default: 64. */
        height: whole(8, 1024).default(defaultShape.height),
        /** Columns of a slice. Default: 64. */
        width: whole(8, 1024).default(defaultShape.width),
        /** Windows of HU, one channel each. Default: lung alone. */
        windows: z
          .array(z.enum(windowNames))
          .min(1)
          .max(3)
          .default([...defaultShape.windows]),
        /** Side of the square around the lungs that a slice shows. Default: 320. */
        fieldMm: z.number().min(50).max(1000).default(defaultShape.fieldMm),
        /** Thickness of a slice between the ends of the lungs; never more slices than were stored. Default: 10. */
        sliceMm: z.number().min(0.5).max(100).default(defaultShape.sliceMm),
        /** Most slices of a scan; longer lungs get thicker slices. Default: 24. */
        maxSlices: whole(1, 1024).default(defaultShape.maxSlices),
      })
      .strict()
      .default({}),
    /** A series, or a patient's pictures, with fewer slices is no scan. */
    minSlices: whole(1, 1000).default(1),
    /** Threads that decode; by default one a core. */
    workers: whole(1, 256).optional(),
    /** Scans of which the three planes are drawn into the shard's folder `planes`. */
    pictures: whole(0, 10_000).default(0),
  })
  .strict();

/** What an import does; all but the key file have defaults. @useDeclaredType */
export type ImportOptions = z.input<typeof optionsSchema>;
export type ParsedImportOptions = z.output<typeof optionsSchema>;

/** @throws IMPORT_OPTIONS naming the option, SPLIT_SHARES */
export function parseImportOptions(options: ImportOptions): ParsedImportOptions {
  const parsed = optionsSchema.safeParse(options);
  if (parsed.success) {
    checkShares(parsed.data.shares); // and not at the end, when all patients have been read
    return parsed.data;
  }
  const issue = parsed.error.issues[0];
  const facts = { option: issue?.path.join("."), why: issue?.message };
  throw new FedError("IMPORT_OPTIONS", facts, { remedy: "see consilium import --help" });
}
