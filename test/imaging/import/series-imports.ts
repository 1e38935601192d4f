// Imports of series of one synthetic patient, each into a shard of its own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readShardIndex } from "../../../imaging/shard/shard-format.ts";
import { phantomScan, type SeriesOptions, writeSeries } from "./phantom-series.ts";
import { importInto } from "./synthetic.ts";

export const scan = phantomScan();

export interface SeriesImports {
  /** Imports series of the patient: the pixels that were taken, and the reasons for what was not. */
  importOf(...series: readonly SeriesOptions[]): ReturnType<typeof importSeries>;
  remove(): Promise<void>;
}

export async function openSeriesImports(): Promise<SeriesImports> {
  const root = await mkdtemp(join(tmpdir(), "consilium-mixed-"));
  let count = 0;
  return {
    importOf: (...series) => importSeries(join(root, String(count++)), series),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

async function importSeries(dir: string, series: readonly SeriesOptions[]) {
  for (const one of series) await writeSeries(join(dir, "archive"), scan, one);
  const { quarantine } = await importInto(join(dir, "archive"), join(dir, "shard"), {
    oneClass: true,
    label: 0,
  }).catch(() => ({ quarantine: undefined }));
  const index = quarantine && (await readShardIndex(join(dir, "shard")));
  return {
    dir,
    pixels: index?.scans.map(({ pixels }) => pixels) ?? [],
    facts: index?.scans[0]?.facts,
    codes: quarantine?.map(({ what, code }) => `${what} ${code}`) ?? [],
  };
}

export const text = (tag: string, vr: string, value: string) => ({ [tag]: [vr, value] as const });
export const binary = (tag: string, value: number) => ({ [tag]: ["FL", [value]] as const });
export const other = { addHu: 25 };
