// Whose results they are: what a scan's files say of their patient and study, which the results repeat so that a PACS files them
// in the patient's own study. Raw identity: it goes into the results' files and nowhere else.
import { FedError } from "../../foundation/errors.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import { dicomLimits } from "../dicom/limits.ts";
import { readElements } from "../dicom/open-file.ts";
import type { Dataset } from "../dicom/write-part10.ts";
import type { SeriesCandidate } from "../series/select.ts";

/** A file that a scan was made of, as a result refers to it. */
export interface SourceInstance {
  readonly sopClass: string;
  readonly instance: string;
  readonly series: string;
}

export interface SourceStudy {
  /** Elements of the patient and the study, as Unicode. */
  readonly identity: Dataset;
  readonly study: string;
  readonly frameOfReference: string;
  /** By the places of their files in the archive's listing, in the order of the slices. */
  readonly instances: ReadonlyMap<number, SourceInstance>;
}

/** Patient, then study (PS3.3 C.7.1.1, C.7.2.1); type 2 elements are written even where they are empty. */
const copied = [
  { tag: "00100010", vr: "PN", isKept: true },
  { tag: "00100020", vr: "LO", isKept: true },
  { tag: "00100021", vr: "LO", isKept: false },
  { tag: "00100030", vr: "DA", isKept: true },
  { tag: "00100040", vr: "CS", isKept: true },
  { tag: "00120062", vr: "CS", isKept: false },
  { tag: "00120063", vr: "LO", isKept: false },
  { tag: "00080020", vr: "DA", isKept: true },
  { tag: "00080030", vr: "TM", isKept: true },
  { tag: "00080050", vr: "SH", isKept: true },
  { tag: "00080090", vr: "PN", isKept: true },
  { tag: "00081030", vr: "LO", isKept: false },
  { tag: "0020000D", vr: "UI", isKept: true },
  { tag: "00200010", vr: "SH", isKept: true },
] as const;

/**
 * Reads the headers of all files of a scan.
 *
 * @throws RESULTS_WITHOUT_STUDY, and those of reading a file's header
 */
export async function readSourceStudy(
  { order }: SeriesCandidate,
  use: (file: number, work: (source: DicomSource) => Promise<void>) => Promise<void>,
): Promise<SourceStudy> {
  const instances = new Map<number, SourceInstance>();
  let about: Omit<SourceStudy, "instances"> | undefined;
  for (const { file } of order.frames) {
    if (instances.has(file)) continue;
    await use(file, async (source) => {
      readElements(source, dicomLimits, (elements) => {
        const uid = (tag: string) => uidOf(elements.plainText(tag));
        const [sopClass, instance, series] = [uid("00080016"), uid("00080018"), uid("0020000e")];
        instances.set(file, { sopClass, instance, series });
        if (about) return;
        const study = uid("0020000d");
        const identity = copied.flatMap(({ tag, vr, isKept }) => {
          const value = vr === "UI" ? study : elements.text(tag.toLowerCase());
          return isKept || value !== "" ? [[tag, { vr, value }] as const] : [];
        });
        about = { study, frameOfReference: uid("00200052"), identity: new Map(identity) };
      });
    });
  }
  const isNamed = [...instances.values()].every(({ sopClass, instance, series }) => sopClass && instance && series);
  if (!about?.study || !isNamed) throw new FedError("RESULTS_WITHOUT_STUDY");
  return { ...about, instances };
}

/** PS3.5 9.1; "" for what is no UID. */
function uidOf(text: string): string {
  return /^[0-9.]{1,64}$/.test(text) ? text : "";
}
