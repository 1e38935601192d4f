// The options of `consilium import`, as its work takes them.
import { z } from "zod";
import { windowNames } from "../../imaging/volume/intensity.ts";
import { pacsFields } from "../pacs/options.ts";
import { whole } from "../terminal/parse-options.ts";

const number = z.coerce.number();
export const importOptionsSchema = z.object({
  out: z.string(),
  key: z.string().optional(),
  labels: z.string().optional(),
  label: z.enum(["positive", "negative"]).optional(),
  labelsOverFolders: z.boolean().default(false),
  patientsBy: z.enum(["id", "folder"]).optional(),
  oneClass: z.boolean().default(false),
  passwordFile: z.string().optional(),
  password: z.string().optional(),
  size: number,
  windows: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(z.enum(windowNames))),
  fieldMm: number,
  sliceMm: number,
  maxSlices: number,
  minSlices: number,
  split: z
    .string()
    .transform((text) => text.split(",").map(Number))
    .pipe(z.tuple([number, number, number])),
  seed: number,
  workers: number.optional(),
  pictures: number,
  maxStudies: whole(1, 10_000_000).optional(),
  ...pacsFields,
  dryRun: z.boolean().default(false),
  find: z
    .string()
    .regex(/^([0-9a-f]{16}|\d{1,9})$/, "16 hex digits, or the number of a file")
    .optional(),
  watch: z.coerce.number().positive().max(100_000).optional(),
  explain: z
    .string()
    .regex(/^[0-9a-f]{1,16}$/, "1 to 16 hex digits")
    .optional(),
  json: z.boolean().default(false),
});
export type RunImportOptions = z.output<typeof importOptionsSchema>;
