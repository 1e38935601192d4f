// One archive of the phantom's patients in the many forms in which hospitals have archives: other names, folders, encodings,
// containers and lists of labels, all of the same scans.
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { PNG } from "pngjs";
import { type Dataset, writePart10 } from "../../../imaging/dicom/write-part10.ts";
import {
  describeMultiFrame,
  describeSlice,
  type InstanceNames,
  type Storage,
  storageOf,
  storedWords,
  uidFor,
} from "../../../imaging/phantom/ct-instance.ts";
import { type EncodingName, encodePixels } from "../../../imaging/phantom/encodings.ts";
import { type Placement, placeSlice, turnWords } from "../../../imaging/phantom/placement.ts";
import { synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";
import { type Form, members, slices } from "./form-choices.ts";

const scans = members.map(({ label }, index) =>
  synthesiseScan({ seed: 19, index, positive: label === 1, matrix: 40, slices: [slices, slices] }),
);

/** What differs on purpose. */
export interface Change {
  /** Index of the member whose label is turned over. */
  readonly relabelled?: number;
  /** Index of the member who is not there. */
  readonly removed?: number;
}

/** Writes the archive below `dir`; the path to import is returned. */
export async function writeForm(dir: string, form: Form, { relabelled, removed }: Change = {}): Promise<string> {
  const present = [...members.keys()].filter((member) => member !== removed);
  const labelOf = (member: number) =>
    (member === relabelled ? 1 - members[member]!.label : members[member]!.label) as 0 | 1;
  const files = new Map<string, Uint8Array>();
  const paths = new Map<number, string>();
  for (const member of present) {
    const parts = form.frames === "multi" ? [multiFrame(member, form)] : sliceFiles(member, form);
    for (const [slice, bytes] of parts.entries()) {
      const path = pathOf(member, slice, labelOf(member), form);
      files.set(path, form.isPadded ? padded(bytes, form.encoding) : bytes);
      if (slice === 0) paths.set(member, path);
      if (form.frames === "single" && form.copies.includes(member * slices + slice))
        files.set(`${path}.copy.dcm`, bytes);
    }
  }
  const hasRows = form.labels !== "folders" || !form.layout.includes("class");
  if (hasRows) files.set("labels.csv", csvOf(present, labelOf, paths, form));
  for (const [path, bytes] of litterOf(form.litter)) files.set(path, bytes);
  return writeContainer(dir, files, form);
}

function pathOf(member: number, slice: number, label: 0 | 1, { layout, names, frames }: Form): string {
  const words: Record<string, string> = {
    class: label === 1 ? "positive" : "negative",
    patient: `person ${members[member]!.id}`,
    series: "2",
    date: `2021-0${member + 1}-15`,
    accession: `A${member}${frames === "multi" ? 0 : slice % 3}`,
    flat: "",
  };
  const folders = layout.split("/").map((part) => words[part] ?? part);
  const number = member * 100 + ((slice * 3) % slices);
  const file = {
    hash: `${uidFor("name", member, slice).slice(-12)}.dcm`,
    number: `${String(number).padStart(6, "0")}.dcm`,
    "no-extension": `IM${number}`,
    upper: `IMG${number}.DCM`,
    "series-slice": `1-${String(number).padStart(3, "0")}.dcm`,
  }[names]!;
  return [...folders, file].filter(Boolean).join("/");
}

const encoded = new Map<string, Uint8Array>();

function once(key: string, make: () => Uint8Array): Uint8Array {
  const known = encoded.get(key) ?? make();
  encoded.set(key, known);
  return known;
}

function namesOf(member: number, slice: number, isSplit = false): InstanceNames {
  const { id } = members[member]!;
  const series = uidFor("form", id, "series", isSplit && slice * 2 > slices ? "upper" : "");
  const instance = uidFor(series, slice);
  return { patient: id, study: uidFor("form", id), series, instance, seriesNumber: 2, instanceNumber: slice + 1 };
}

function wordsOf(member: number, slice: number): Int16Array {
  const scan = scans[member]!;
  const area = scan.geometry.rows * scan.geometry.columns;
  const storage = storageOf(scan.acquisition.manufacturer);
  return storedWords(scan.hu.subarray(slice * area, (slice + 1) * area), storage, scan.acquisition.outsideHu);
}

function sliceFiles(member: number, { encoding, turn: [turns, position], isSplit, margin }: Form): Uint8Array[] {
  const scan = scans[member]!;
  const storage = storageOf(scan.acquisition.manufacturer);
  return Array.from({ length: slices }, (_, slice) =>
    once(`${member} ${slice} ${encoding} ${turns} ${isSplit} ${JSON.stringify(margin)}`, () => {
      const placement = withMargin(placeSlice(scan.geometry, slice, turns), scan.geometry.spacingMm[1], margin);
      const names = namesOf(member, slice, isSplit);
      const dataset = describeSlice(scan, { placement, position, names, storage });
      const words = turnWords(wordsOf(member, slice), scan.geometry.rows, turns);
      const image = surrounded({ dataset, words, ...scan.geometry }, storage, margin);
      const { syntax, native, frame } = encodePixels(encoding, image.words, image, storage);
      return frame
        ? writePart10(image.dataset, { syntax, frames: [frame] })
        : writePart10(withPixels(image.dataset, native!), { syntax });
    }),
  );
}

function multiFrame(member: number, { encoding, margin }: Form): Uint8Array {
  return once(`${member} multi ${encoding} ${JSON.stringify(margin)}`, () => {
    const scan = scans[member]!;
    const storage = storageOf(scan.acquisition.manufacturer);
    const placements = Array.from({ length: slices }, (_, slice) =>
      withMargin(placeSlice(scan.geometry, slice, 0), scan.geometry.spacingMm[1], margin),
    );
    const described = describeMultiFrame(scan, { placements, names: namesOf(member, 0), storage });
    const images = Array.from({ length: slices }, (_, slice) =>
      surrounded({ dataset: described, words: wordsOf(member, slice), ...scan.geometry }, storage, margin),
    );
    const { dataset } = images[0]!;
    const frames = images.map((image) => encodePixels(encoding, image.words, image, storage));
    const { syntax } = frames[0]!;
    const compressed = frames.flatMap(({ frame }) => frame ?? []);
    if (compressed.length > 0) return writePart10(dataset, { syntax, frames: frames.map(({ frame }) => frame!) });
    return writePart10(withPixels(dataset, Buffer.concat(frames.map(({ native }) => native!))), { syntax });
  });
}

/** The first pixel's place where the image begins with a margin. */
function withMargin(placement: Placement, pixelMm: number, margin: Form["margin"]): Placement {
  const [top = 0, , left = 0] = margin?.pixels ?? [];
  const { positionMm, orientation } = placement;
  const moved = positionMm.map((mm, axis) => mm - pixelMm * (left * orientation[axis]! + top * orientation[axis + 3]!));
  return { ...placement, positionMm: moved as unknown as Placement["positionMm"] };
}

interface Image {
  readonly dataset: Dataset;
  readonly words: Int16Array;
  readonly rows: number;
  readonly columns: number;
}

/** The image with pixels of one value around it. */
function surrounded(image: Image, storage: Storage, margin: Form["margin"]): Image {
  if (!margin) return image;
  const [top, bottom, left, right] = margin.pixels;
  const rows = image.rows + top + bottom;
  const columns = image.columns + left + right;
  const lowest = storage.signed ? -3000 : 0;
  const value = { lowest, air: -1000 - storage.intercept, padding: storage.padding ?? lowest }[margin.value]!;
  const words = new Int16Array(rows * columns).fill(value);
  for (let row = 0; row < image.rows; row++)
    words.set(image.words.subarray(row * image.columns, (row + 1) * image.columns), (row + top) * columns + left);
  const dataset = new Map(image.dataset);
  dataset.set("00280010", { vr: "US", value: [rows] }).set("00280011", { vr: "US", value: [columns] });
  if (margin.isNamed) dataset.set("00280120", { vr: storage.signed ? "SS" : "US", value: [value] });
  return { dataset, words, rows, columns };
}

function withPixels(dataset: Dataset, value: Uint8Array): Dataset {
  return new Map([...dataset, ["7FE00010", { vr: "OW", value }]]);
}

/** DataSetTrailingPadding (FFFC,FFFC): bytes after the pixels that mean nothing. */
function padded(bytes: Uint8Array, encoding: EncodingName): Uint8Array {
  if (encoding !== "explicit-little" && encoding !== "rle") return bytes;
  const header = Buffer.from("fcfffcff4f42000008000000", "hex");
  return Buffer.concat([bytes, header, Buffer.alloc(8)]);
}

function csvOf(
  present: readonly number[],
  labelOf: (member: number) => 0 | 1,
  paths: ReadonlyMap<number, string>,
  { csv, container }: Form,
): Uint8Array {
  const [ill, healthy] = csv.words.split(" ") as [string, string];
  // Within zips of classes the paths are others.
  const key = csv.key === "file" && container === "zip-of-class" ? "id" : csv.key;
  const wrap = (text: string) => (csv.quote === "all" ? `"${text}"` : csv.quote === "equals" ? `="${text}"` : text);
  const rows = present.map((member) => {
    const { id } = members[member]!;
    const name = key === "id" ? id : key === "file" ? paths.get(member)! : String(Number(id));
    const columns = [name, labelOf(member) === 1 ? ill : healthy, ...(csv.extra ? [`note ${member}`] : [])].map(wrap);
    return (csv.isReversed ? columns.reverse() : columns).join(csv.separator);
  });
  const header = [key === "file" ? "file" : "PatientID", "label", ...(csv.extra ? ["remarks"] : [])];
  const lines = [(csv.isReversed ? header.reverse() : header).join(csv.separator), ...rows];
  const text = lines.map((line) => line + csv.end).join("");
  if (csv.encoding === "bom") return Buffer.from(`\uFEFF${text}`);
  return Buffer.from(
    csv.encoding === "utf16" ? `\uFEFF${text}` : text,
    csv.encoding === "utf16" ? "utf16le" : "latin1",
  );
}

function litterOf(kinds: readonly string[]): [string, Uint8Array][] {
  const litter: Record<string, [string, Uint8Array][]> = {
    text: [["README.txt", Buffer.from("nothing")]],
    viewer: [
      ["DICOMDIR", Buffer.from("no matter")],
      ["autorun.inf", Buffer.from("[autorun]")],
      ["VIEWER/splash.png", splash()],
    ],
    system: [
      ["Thumbs.db", Buffer.from("x")],
      [".DS_Store", Buffer.from("x")],
    ],
    report: [["report.pdf", Buffer.from("%PDF")]],
  };
  return kinds.flatMap((kind) => litter[kind]!);
}

function splash(): Buffer {
  const png = new PNG({ width: 32, height: 32 });
  for (let at = 0; at < 1024; at++) png.data.set([at % 256, 40, 200, 255], at * 4);
  return PNG.sync.write(png);
}

async function writeContainer(
  dir: string,
  files: ReadonlyMap<string, Uint8Array>,
  { container }: Form,
): Promise<string> {
  const place = join(dir, "archive");
  if (container === "zip") {
    await mkdir(dir, { recursive: true });
    await writeFile(`${place}.zip`, await zipOf([...files]));
    return `${place}.zip`;
  }
  const topOf = (path: string) => (path.includes("/") ? path.split("/")[0]! : undefined);
  const written = new Set<string>();
  await mkdir(place, { recursive: true });
  for (const [path, bytes] of files) {
    const top = topOf(path);
    if (top !== undefined && container === "zip-of-class") {
      if (written.has(top)) continue;
      written.add(top);
      const own = [...files].flatMap(([other, content]): [string, Uint8Array][] =>
        topOf(other) === top ? [[other.slice(top.length + 1), content]] : [],
      );
      await writeFile(join(place, `${top}.zip`), await zipOf(own));
    } else if (top !== undefined && container === "links") {
      // Outside of the archive, which holds links to it.
      const target = join(dir, "elsewhere", top);
      if (!written.has(top)) {
        written.add(top);
        await mkdir(target, { recursive: true });
        await symlink(target, join(place, top));
      }
      await writeInto(join(dir, "elsewhere", path), bytes);
    } else await writeInto(join(place, path), bytes);
  }
  return place;
}

async function writeInto(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

async function zipOf(files: readonly [string, Uint8Array][]): Promise<Uint8Array> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, level: 1 });
  for (const [path, bytes] of files) await zip.add(path, new Uint8ArrayReader(bytes));
  return zip.close();
}
