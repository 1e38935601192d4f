// Headers of a million files in little memory: values that the files of a series have in common, which are nearly all, are
// stored once, and positions for each file.
import { createHash } from "node:crypto";
import type { CtFrame, CtInstance } from "../dicom/ct-instance.ts";
import { orderAttributes } from "../dicom/volume-attributes.ts";
import type { ExaminedFile, SeriesInstance } from "../series/examined-file.ts";
import { Column } from "./column.ts";

/** A useful file: DICOM or a picture. */
export type UsefulFile =
  | ({ readonly kind: "dicom" } & Pick<CtInstance, "patientId" | "accessionNumber" | "studyUid" | "seriesUid">)
  | { readonly kind: "picture" };

/** The useful files of an archive, by their places in its listing. */
export interface ExaminedFiles extends Iterable<number> {
  readonly length: number;
  at(file: number): UsefulFile | undefined;
  /** @param file a DICOM file */
  headerOf(file: number): ExaminedFile;
}

export interface ExaminedFilesWriter extends ExaminedFiles {
  /** Files come in the order of the listing. */
  addDicom(file: number, instance: CtInstance): void;
  addPicture(file: number): void;
}

type Shared = Omit<SeriesInstance, "frames"> & { readonly kind: "dicom" };
type SharedFrame = Omit<CtFrame, "positionMm" | "order">;

const picture = { kind: "picture" } as const;

export function openExaminedFiles(): ExaminedFilesWriter {
  const files = new Column("uint32");
  /** For each file: the number of its shared values, and its first frame; the next file's first frame ends them. */
  const [shared, firstFrame] = [new Column("uint32"), new Column("uint32")];
  const identities = new Column("uint32");
  const [sharedFrame, x, y, z] = [
    new Column("uint32"),
    new Column("float64"),
    new Column("float64"),
    new Column("float64"),
  ];
  // Times and numbers differ from slice to slice, as positions do.
  const order = Object.keys(orderAttributes).map(() => new Column("float64"));
  const instances = openPool<Shared | typeof picture>();
  const frames = openPool<SharedFrame>();
  const pictureNumber = instances.numberOf(picture);

  function add(file: number, number: number): void {
    files.push(file);
    shared.push(number);
    firstFrame.push(sharedFrame.length);
  }

  /** Index of a file among the useful ones by binary search; -1 if it is not one. */
  function placeOf(file: number): number {
    let [low, high] = [0, files.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (files.at(middle) < file) low = middle + 1;
      else high = middle;
    }
    return low < files.length && files.at(low) === file ? low : -1;
  }

  return {
    get length() {
      return files.length;
    },
    *[Symbol.iterator]() {
      for (let place = 0; place < files.length; place++) yield files.at(place);
    },
    // The instance's UID would make each header unlike all others, and is needed for nothing but to know copies.
    addDicom(file, { frames: own, instanceUid, ...instance }) {
      add(file, instances.numberOf({ kind: "dicom", ...instance }));
      identities.push(identityOf(instanceUid));
      for (const { positionMm, order: values, ...frame } of own) {
        sharedFrame.push(frames.numberOf(frame));
        const [left, back, head] = positionMm ?? [Number.NaN, Number.NaN, Number.NaN];
        x.push(left);
        y.push(back);
        z.push(head);
        for (const [index, column] of order.entries()) column.push(values[index] ?? Number.NaN);
      }
    },
    addPicture(file) {
      add(file, pictureNumber);
      identities.push(0);
    },
    at(file) {
      const place = placeOf(file);
      return place < 0 ? undefined : instances.at(shared.at(place));
    },
    headerOf(file) {
      const place = placeOf(file);
      const { kind, ...instance } = instances.at(shared.at(place)) as Shared;
      const end = place + 1 < firstFrame.length ? firstFrame.at(place + 1) : sharedFrame.length;
      const own: CtFrame[] = [];
      for (let frame = firstFrame.at(place); frame < end; frame++) {
        const positionMm = Number.isNaN(x.at(frame)) ? undefined : ([x.at(frame), y.at(frame), z.at(frame)] as const);
        const values = order.map((column) => (Number.isNaN(column.at(frame)) ? null : column.at(frame)));
        own.push({ positionMm, order: values, ...frames.at(sharedFrame.at(frame)) });
      }
      return { file, identity: identities.at(place) || undefined, instance: { ...instance, frames: own } };
    },
  };
}

/** 0 without a UID. */
function identityOf(instanceUid: string): number {
  return instanceUid === "" ? 0 : createHash("sha256").update(instanceUid).digest().readUInt32LE() || 1;
}

/** Numbers for values, the same for equal ones. */
function openPool<T extends object>(): { numberOf(value: T): number; at(number: number): T } {
  const numbers = new Map<string, number>();
  const values: T[] = [];
  return {
    numberOf(value) {
      const text = JSON.stringify(value);
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, values.length);
      // Parsed again, so that its strings are not slices of a larger string.
      return values.push(JSON.parse(text) as T) - 1;
    },
    at: (number) => values[number]!,
  };
}
