// The DICOM attributes of one synthetic CT slice (PS3.3 A.3, CT Image IOD) and of the scout before it.
import { createHash } from "node:crypto";
import type { Dataset, ElementValue } from "../dicom/write-part10.ts";
import type { Placement } from "./placement.ts";
import type { SyntheticScan } from "./synthesise-scan.ts";

const ctImageStorage = "1.2.840.10008.5.1.4.1.1.2";
const enhancedCtImageStorage = "1.2.840.10008.5.1.4.1.1.2.1";

/** How a scanner stores HU: stored = (HU - intercept) / slope. */
export interface Storage {
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly slope: string;
  readonly intercept: number;
  /** Stored value of pixels that were never measured, if the scanner marks them. */
  readonly padding: number | undefined;
}

/** GE stores signed values with padding, TOSHIBA signed ones without; the others store 12 bits unsigned from -1024. */
export function storageOf(manufacturer: string): Storage {
  if (manufacturer === "GE MEDICAL SYSTEMS") {
    return { bitsAllocated: 16, bitsStored: 16, signed: true, slope: "1", intercept: -1024, padding: -2000 };
  }
  if (manufacturer === "TOSHIBA")
    return { bitsAllocated: 16, bitsStored: 16, signed: true, slope: "1", intercept: 0, padding: undefined };
  return { bitsAllocated: 16, bitsStored: 12, signed: false, slope: "1", intercept: -1024, padding: undefined };
}

/** A UID under 2.25 (PS3.5 B.2) that depends on the given names only. */
export function uidFor(...names: readonly (string | number)[]): string {
  const digest = createHash("sha256").update(names.join("/")).digest("hex").slice(0, 32);
  return `2.25.${BigInt(`0x${digest}`)}`;
}

/** Patient, study, series and instance of a slice. */
export interface InstanceNames {
  readonly patient: string;
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  readonly seriesNumber: number;
  readonly instanceNumber: number;
  /** Kernel to name instead of the acquisition's own. */
  readonly kernel?: string;
}

/** The slice's elements without its pixels, with its place in the patient. */
export function describeSlice(
  scan: SyntheticScan,
  {
    placement,
    position,
    names,
    storage,
  }: { placement: Placement; position: string; names: InstanceNames; storage: Storage },
): Dataset {
  const { geometry, acquisition } = scan;
  const kernel = names.kernel ?? acquisition.kernel;
  return elements({
    ...commonElements(scan, names, storage),
    "00080008": ["CS", "ORIGINAL\\PRIMARY\\AXIAL"],
    "0008103E": ["LO", `Thorax ${acquisition.thicknessMm} ${kernel}`],
    "00180050": ["DS", decimal(acquisition.thicknessMm)],
    "00181210": ["SH", kernel],
    "00185100": ["CS", position],
    "00200032": ["DS", placement.positionMm.map(decimal).join("\\")],
    "00200037": ["DS", placement.orientation.map(decimal).join("\\")],
    "00201041": ["DS", decimal(placement.positionMm[2])],
    "00280010": ["US", [geometry.rows]],
    "00280011": ["US", [geometry.columns]],
    "00280030": ["DS", geometry.spacingMm.slice(1).map(decimal).join("\\")],
  });
}

/** An enhanced CT image (PS3.3 A.38): all slices in one file, geometry and rescale in functional groups only. */
export function describeMultiFrame(
  scan: SyntheticScan,
  { placements, names, storage }: { placements: readonly Placement[]; names: InstanceNames; storage: Storage },
): Dataset {
  const { geometry, acquisition } = scan;
  const {
    "00281052": intercept,
    "00281053": slope,
    "00281054": unit,
    ...common
  } = commonElements(scan, names, storage);
  const group = (listed: Elements): ["SQ", readonly Dataset[]] => ["SQ", [elements(listed)]];
  const perFrame = placements.map(({ positionMm }, index) =>
    elements({
      "00209111": group({ "00209157": ["UL", [1, index + 1]] }),
      "00209113": group({ "00200032": ["DS", positionMm.map(decimal).join("\\")] }),
    }),
  );
  return elements({
    ...common,
    "00080008": ["CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE"],
    "00080016": ["UI", enhancedCtImageStorage],
    "00280008": ["IS", String(placements.length)],
    "00280010": ["US", [geometry.rows]],
    "00280011": ["US", [geometry.columns]],
    "52009229": group({
      "00209116": group({ "00200037": ["DS", "1\\0\\0\\0\\1\\0"] }),
      "00289110": group({
        "00180050": ["DS", decimal(acquisition.thicknessMm)],
        "00280030": ["DS", geometry.spacingMm.slice(1).map(decimal).join("\\")],
      }),
      "00289145": group({ "00281052": intercept!, "00281053": slope!, "00281054": unit! }),
    }),
    "52009230": ["SQ", perFrame],
  });
}

/** A frontal scout of the scan: coronal orientation and LOCALIZER in its image type. */
export function describeScout(scan: SyntheticScan, names: InstanceNames, storage: Storage): Dataset {
  const [, y] = scan.geometry.originMm;
  return describeCoronal(scan, names, storage, { imageType: "ORIGINAL\\PRIMARY\\LOCALIZER", name: "Topogram", y });
}

/** A coronal plane that was computed from the scan, `y` mm in patient coordinates. */
export function describeReformat(scan: SyntheticScan, names: InstanceNames, storage: Storage, y: number): Dataset {
  return describeCoronal(scan, names, storage, { imageType: "DERIVED\\SECONDARY\\MPR", name: "Thorax coronal", y });
}

function describeCoronal(
  scan: SyntheticScan,
  names: InstanceNames,
  storage: Storage,
  { imageType, name, y }: { imageType: string; name: string; y: number },
): Dataset {
  const { geometry } = scan;
  const [x, , z] = geometry.originMm;
  const top = z + (geometry.slices - 1) * geometry.spacingMm[0];
  return elements({
    ...commonElements(scan, names, storage),
    "00080008": ["CS", imageType],
    "0008103E": ["LO", name],
    "00180050": ["DS", "1"],
    "00200032": ["DS", [x, y, top].map(decimal).join("\\")],
    "00200037": ["DS", "1\\0\\0\\0\\0\\-1"],
    "00280010": ["US", [geometry.slices]],
    "00280011": ["US", [geometry.columns]],
    "00280030": ["DS", [geometry.spacingMm[0], geometry.spacingMm[2]].map(decimal).join("\\")],
  });
}

type Elements = Record<string, readonly [vr: string, value: ElementValue]>;

function commonElements({ acquisition, anatomy }: SyntheticScan, names: InstanceNames, storage: Storage): Elements {
  return {
    "00080016": ["UI", ctImageStorage],
    "00080018": ["UI", names.instance],
    "00080020": ["DA", "20200101"],
    "00080060": ["CS", "CT"],
    "00080070": ["LO", acquisition.manufacturer],
    "00081090": ["LO", acquisition.model],
    "00100010": ["PN", "SYNTHETIC^PHANTOM"],
    "00100020": ["LO", names.patient],
    "00100040": ["CS", anatomy.female ? "F" : "M"],
    "00120062": ["CS", "YES"],
    "00120063": ["LO", "Synthetic: no person was scanned"],
    "00180015": ["CS", "CHEST"],
    "00180060": ["DS", String(acquisition.kvp)],
    "00181100": ["DS", decimal(acquisition.fieldOfViewMm)],
    "00185100": ["CS", "HFS"],
    "0020000D": ["UI", names.study],
    "0020000E": ["UI", names.series],
    "00200011": ["IS", String(names.seriesNumber)],
    "00200013": ["IS", String(names.instanceNumber)],
    "00200052": ["UI", uidFor(names.study, "frame")],
    "00280002": ["US", [1]],
    "00280004": ["CS", "MONOCHROME2"],
    "00280100": ["US", [storage.bitsAllocated]],
    "00280101": ["US", [storage.bitsStored]],
    "00280102": ["US", [storage.bitsStored - 1]],
    "00280103": ["US", [storage.signed ? 1 : 0]],
    ...(storage.padding === undefined
      ? {}
      : { "00280120": [storage.signed ? "SS" : "US", [storage.padding]] as const }),
    "00281050": ["DS", "-600"],
    "00281051": ["DS", "1500"],
    "00281052": ["DS", String(storage.intercept)],
    "00281053": ["DS", storage.slope],
    "00281054": ["LO", "HU"],
  };
}

function elements(listed: Elements): Dataset {
  return new Map(Object.entries(listed).map(([tag, [vr, value]]) => [tag, { vr, value }]));
}

/** A DS value: at most 16 characters (PS3.5 6.2). */
function decimal(value: number): string {
  return String(Number(value.toFixed(6))).slice(0, 16);
}

/** Stored words of a slice of HU, in the scanner's storage. */
export function storedWords(hu: Int16Array, storage: Storage, outsideHu: number | undefined): Int16Array {
  const slope = Number(storage.slope);
  const highest = 2 ** (storage.signed ? storage.bitsStored - 1 : storage.bitsStored) - 1;
  const lowest = storage.signed ? -32768 : 0;
  return hu.map((value) => {
    if (outsideHu !== undefined && value === outsideHu)
      return storage.padding ?? Math.max(lowest, value - storage.intercept);
    return Math.max(lowest, Math.min(highest, Math.round((value - storage.intercept) / slope)));
  });
}
