// Masks of lung and lesion on the scan's own slices, as a binary segmentation (PS3.3 A.51) in the patient's study.
import type { Dataset } from "../dicom/write-part10.ts";
import type { NormalPlace } from "../import/normalise.ts";
import type { FoundScan } from "../import/open-scans.ts";
import { type NormalMask, openMaskOnSource } from "./mask-on-source.ts";
import {
  code,
  commonElements,
  type Described,
  dataset,
  type Finding,
  items,
  reference,
  referencedSeries,
  resultUid,
} from "./result-object.ts";
import type { SourceStudy } from "./source-study.ts";

/** 1 where masked, [cells, rows, columns] of the grid. */
export interface SegmentMasks {
  /** Lung with the lesions in it. */
  readonly lung: Uint8Array;
  readonly lesion: Uint8Array;
}

interface Segment {
  readonly name: keyof SegmentMasks;
  readonly label: string;
  /** CIELab as PCS-Values. PS3.3 C.10.7.1.1 */
  readonly colour: readonly number[];
  readonly category: ReturnType<typeof code>;
  readonly type: ReturnType<typeof code>;
}

const segments: readonly Segment[] = [
  {
    ...{ name: "lung", label: "Lung", colour: [46000, 26000, 37000] },
    category: code("123037004", "SCT", "Anatomical Structure"),
    type: code("39607008", "SCT", "Lung"),
  },
  {
    ...{ name: "lesion", label: "Lesion", colour: [43803, 46565, 37722] },
    category: code("49755003", "SCT", "Morphologically Abnormal Structure"),
    type: code("52988006", "SCT", "Lesion"),
  },
];

/**
 * @returns undefined where the scan's files do not say where their slices lie, or no pixel is masked
 */
export function segmentationObject(
  { study, scan, finding }: { study: SourceStudy; scan: FoundScan; finding: Finding },
  masks: SegmentMasks,
  grid: NormalPlace & { readonly rows: number; readonly columns: number },
): Dataset | undefined {
  const { chosen, stack } = scan;
  const { rows, columns } = chosen.files[0]!.instance;
  const [first] = chosen.order.frames;
  if (!first?.orientation || !first.pixelSpacingMm || study.frameOfReference === "") return undefined;
  const frames: Described[] = [];
  const bits = openBits(segments.length * stack.places.length * rows * columns);
  for (const [index, { name }] of segments.entries()) {
    const mask: NormalMask = { ...grid, values: masks[name] };
    const onSlice = openMaskOnSource(mask, { rows, columns });
    for (const [plane, place] of stack.places.entries()) {
      const frame = chosen.order.frames[place]!;
      const masked = onSlice(frame, stack.originsMm[plane]!, stack.heightsMm[plane]!);
      if (!masked || !frame.positionMm) continue;
      const { instance } = chosen.files.find((one) => one.file === frame.file)!;
      const source = reference(
        study.instances.get(frame.file)!,
        instance.frames.length > 1 ? frame.frame + 1 : undefined,
      );
      bits.add(masked);
      frames.push(frameGroups(index + 1, place + 1, frame.positionMm, source));
    }
  }
  if (frames.length === 0) return undefined;
  const kind = {
    ...{ sopClass: "1.2.840.10008.5.1.4.1.1.66.4", modality: "SEG", seriesNumber: 9803 },
    description: "Lung and lesion by a model",
  };
  const organisation = resultUid("dimensions", study.study, finding.model);
  const dimension = (pointer: readonly number[], group: readonly number[], label: string): Described => ({
    "00209164": ["UI", organisation],
    "00209165": ["AT", pointer],
    "00209167": ["AT", group],
    "00209421": ["LO", label],
  });
  const own = dataset({
    "00080008": ["CS", "DERIVED\\PRIMARY"],
    "00081115": items(...referencedSeries(study.instances.values(), "0008114A")),
    "00181000": ["LO", "1"],
    "00200052": ["UI", study.frameOfReference],
    "00201040": ["LO", ""],
    "00209221": items({ "00209164": ["UI", organisation] }),
    "00209222": items(
      dimension([0x0062, 0x000b], [0x0062, 0x000a], "Segment"),
      dimension([0x0020, 0x0032], [0x0020, 0x9113], "Position"),
    ),
    "00280002": ["US", [1]],
    "00280004": ["CS", "MONOCHROME2"],
    "00280008": ["IS", String(frames.length)],
    "00280010": ["US", [rows]],
    "00280011": ["US", [columns]],
    "00280100": ["US", [1]],
    "00280101": ["US", [1]],
    "00280102": ["US", [0]],
    "00280103": ["US", [0]],
    "00282110": ["CS", "00"],
    "00620001": ["CS", "BINARY"],
    "00620002": items(
      ...segments.map(
        ({ label, colour, category, type }, index): Described => ({
          "00620003": category,
          "00620004": ["US", [index + 1]],
          "00620005": ["LO", label],
          "00620008": ["CS", "AUTOMATIC"],
          "00620009": ["LO", "Consilium SegCaps"],
          "0062000D": ["US", colour],
          "0062000F": type,
        }),
      ),
    ),
    "00700080": ["CS", "SEGMENTATION"],
    "00700081": ["LO", "Not for diagnosis"],
    "00700084": ["PN", ""],
    "52009229": items({
      "00209116": items({ "00200037": ["DS", first.orientation.map(decimal).join("\\")] }),
      "00289110": items({
        "00180050": ["DS", decimal(chosen.thicknessMm)],
        "00280030": ["DS", first.pixelSpacingMm.map(decimal).join("\\")],
      }),
    }),
    "52009230": items(...frames),
    "7FE00010": ["OB", bits.bytes()],
  });
  return new Map([...commonElements(study, finding, kind), ...own]);
}

function frameGroups(segment: number, place: number, positionMm: readonly number[], source: Described): Described {
  return {
    "00089124": items({
      "00082112": items({
        ...source,
        "0040A170": code("121322", "DCM", "Source image for image processing operation"),
      }),
      "00089215": code("113076", "DCM", "Segmentation"),
    }),
    "00209111": items({ "00209157": ["UL", [segment, place]] }),
    "00209113": items({ "00200032": ["DS", positionMm.map(decimal).join("\\")] }),
    "0062000A": items({ "0062000B": ["US", [segment]] }),
  };
}

/** Pixels of all frames without a gap, the first one in the lowest bit (PS3.5 8.1.1). */
function openBits(mostPixels: number) {
  const bytes = new Uint8Array(Math.ceil(mostPixels / 8));
  let at = 0;
  return {
    add(frame: Uint8Array) {
      for (const pixel of frame) {
        bytes[at >> 3]! |= pixel << (at & 7);
        at++;
      }
    },
    bytes: () => bytes.subarray(0, Math.ceil(at / 8)),
  };
}

/** A DS value: at most 16 characters (PS3.5 6.2). */
function decimal(value: number): string {
  return String(Number(value.toFixed(6))).slice(0, 16);
}
