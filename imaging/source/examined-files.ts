// What the headers of a million files say, in little memory: what files of a series have in common, which is nearly all,
// is kept once, and of each file its position.
import type { CtFrame, CtInstance } from "../dicom/ct-instance.ts";
import { orderAttributes } from "../dicom/volume-attributes.ts";
import type { ExaminedFile, SeriesInstance } from "../series/examined-file.ts";
import { Column } from "./column.ts";

/** What a useful file is: CT by its header, or a picture. */
export type UsefulFile =
  | { readonly kind: "dicom"; readonly patientId: string; readonly studyUid: string; readonly seriesUid: string }
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
  /** Of each file: what it shares with others, and where its frames begin; those of the next one end them. */
  const [shared, firstFrame] = [new Column("uint32"), new Column("uint32")];
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

  /** The place of a file among the useful ones, -1 where it is none: they ascend. */
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
    // A file's own name would make each unlike all others, and nobody asks for it.
    addDicom(file, { frames: own, instanceUid: _, ...instance }) {
      add(file, instances.numberOf({ kind: "dicom", ...instance }));
      for (const { positionMm, order: values, ...frame } of own) {
        sharedFrame.push(frames.numberOf(frame));
        const [left, back, head] = positionMm ?? [Number.NaN, Number.NaN, Number.NaN];
        x.push(left);
        y.push(back);
        z.push(head);
        for (const [index, column] of order.entries()) column.push(values[index] ?? Number.NaN);
      }
    },
    addPicture: (file) => add(file, pictureNumber),
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
      return { file, instance: { ...instance, frames: own } };
    },
  };
}

/** Values by numbers, one for all that are alike. */
function openPool<T extends object>(): { numberOf(value: T): number; at(number: number): T } {
  const numbers = new Map<string, number>();
  const values: T[] = [];
  return {
    numberOf(value) {
      const text = JSON.stringify(value);
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, values.length);
      // Parsed anew, so that its words are its own and not parts of a larger text.
      return values.push(JSON.parse(text) as T) - 1;
    },
    at: (number) => values[number]!,
  };
}
