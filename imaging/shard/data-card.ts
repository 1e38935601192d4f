// A summary of a shard in numbers without pseudonyms: for the hospital, and for people who judge a model by its data.
import type { LabelCounts } from "../import/import-report.ts";
import type { QuarantineEntry } from "./quarantine.ts";
import type { ScanFacts, ShardIndex } from "./shard-format.ts";
import { checkShortcuts, type Shortcut } from "./shortcut-check.ts";
import type { SplitName } from "./split-patients.ts";

/** Least, middle and greatest. */
export type Range = readonly [least: number, median: number, most: number];

/** Numbers of patients by label, which are numbers of scans: a patient has one. */
export interface ClassCounts {
  /** With COVID-19. */
  readonly positive: number;
  /** Without. */
  readonly negative: number;
}

/** What a shard holds, in counts and ranges: nothing about one patient. */
export interface DataCard {
  /** In all parts. */
  readonly patients: ClassCounts;
  /** In each part. */
  readonly splits: Readonly<Record<SplitName, ClassCounts>>;
  /** Form of all normalised scans: [slices, height, width, windows]. */
  readonly grid: {
    /** Rows of a slice. */
    readonly height: number;
    /** Columns of a slice. */
    readonly width: number;
    /** Windows of HU, one channel each. */
    readonly windows: readonly string[];
  };
  /** Slices of a normalised scan. */
  readonly slices: Range;
  /** The chosen series as the hospital had stored them; of pictures the sizes are 1, 0 and 0, since they have none. */
  readonly stored: {
    /** Slices of the series. */
    readonly slices: Range;
    /** Distance of rows, PixelSpacing (0028,0030); 1 where a file does not say it. */
    readonly pixelMm: Range;
    /** Distance of slices, from their positions. */
    readonly spacingMm: Range;
    /** SliceThickness (0018,0050); the distance of slices where a file does not say it. */
    readonly thicknessMm: Range;
    /** Undefined if all scans are pictures. */
    readonly lungMl: Range | undefined;
  };
  /** Numbers of scans by maker and model, the most frequent first; a name that is no known maker's is a keyed hash. */
  readonly scanners: Readonly<Record<string, number>>;
  /** Numbers of scans by convolution kernel (0018,1210), in the same form. */
  readonly kernels: Readonly<Record<string, number>>;
  /** Numbers of scans by the UID of the transfer syntax; "picture" for jpg and png. */
  readonly encodings: Readonly<Record<string, number>>;
  /** Numbers of scans by PatientPosition (0018,5100): HFS, FFP, ... */
  readonly positions: Readonly<Record<string, number>>;
  /** Numbers of scans with a doubt about their geometry: GAPS, TILTED, NO_PIXEL_SPACING, ... */
  readonly warnings: Readonly<Record<string, number>>;
  /** What was refused, by reason; whole patients first, then the most frequent. */
  readonly exclusions: readonly Exclusion[];
  /** Cross-validated AUC of the label from how scans were taken; empty if a class is too small. */
  readonly shortcuts: readonly Shortcut[];
  /** How patients were found and labelled; undefined in cards of older versions. */
  readonly labels: LabelCounts | undefined;
  /** Salted root over the scans. */
  readonly root: string;
  /** Salted digest of the list of what was refused. */
  readonly quarantine: string;
}

/** Everything that was refused for one reason. */
export interface Exclusion {
  /** A patient's whole scan, another series, or a file. */
  readonly what: QuarantineEntry["what"];
  /** The reason: a code of the errors' table, or UNREADABLE. */
  readonly code: string;
  /** Scans, series or files. */
  readonly count: number;
  /** Files of these. */
  readonly files: number;
  /** What the hospital can do about it; the same for all of one reason. */
  readonly remedy: string;
}

export function makeDataCard(
  index: Omit<ShardIndex, "source" | "version" | "rule">,
  entries: readonly QuarantineEntry[],
  labels?: LabelCounts,
): DataCard {
  const { scans, height, width, windows, root, quarantine } = index;
  const facts = scans.map((scan) => scan.facts);
  const range = (read: (one: ScanFacts) => number | undefined) =>
    rangeOf(facts.flatMap((one) => read(one) ?? [])) ?? ([0, 0, 0] as const);
  const classes = (split?: SplitName) => {
    const own = scans.filter((scan) => split === undefined || scan.split === split);
    const positive = own.filter(({ label }) => label === 1).length;
    return { positive, negative: own.length - positive };
  };
  return {
    patients: classes(),
    splits: { train: classes("train"), validation: classes("validation"), test: classes("test") },
    grid: { height, width, windows },
    slices: rangeOf(scans.map(({ slices }) => slices)) ?? [0, 0, 0],
    stored: {
      slices: range(({ storedSlices }) => storedSlices),
      pixelMm: range(({ pixelMm }) => pixelMm),
      spacingMm: range(({ spacingMm }) => spacingMm),
      thicknessMm: range(({ thicknessMm }) => thicknessMm),
      lungMl: rangeOf(facts.flatMap(({ lungMl }) => lungMl ?? [])),
    },
    scanners: tally(facts.map(({ manufacturer, model }) => `${manufacturer} ${model}`.trim() || "not named")),
    kernels: tally(facts.map(({ kernel }) => kernel || "not named")),
    encodings: tally(facts.map(({ format, transferSyntax }) => transferSyntax || format)),
    positions: tally(facts.map(({ position }) => position || "not named")),
    warnings: tally(facts.flatMap(({ warnings }) => warnings)),
    exclusions: excluded(entries),
    shortcuts: checkShortcuts(scans),
    labels,
    root,
    quarantine,
  };
}

function rangeOf(values: readonly number[]): Range | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  return [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!];
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}

/** Whole scans first, since they are the loss. */
function excluded(entries: readonly QuarantineEntry[]): Exclusion[] {
  const groups = new Map<string, Exclusion>();
  for (const { what, code, remedy, files } of entries) {
    const key = `${what} ${code}`;
    const so = groups.get(key);
    const [count, ofFiles] = [(so?.count ?? 0) + (what === "file" ? files : 1), (so?.files ?? 0) + files];
    groups.set(key, { what, code, remedy, count, files: ofFiles });
  }
  const order = ["scan", "file", "series"];
  return [...groups.values()].sort((a, b) => order.indexOf(a.what) - order.indexOf(b.what) || b.count - a.count);
}
