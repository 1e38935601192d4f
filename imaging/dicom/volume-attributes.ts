// The attributes by which one series can hold several volumes of the same patient: time, phase of the heart or the breath,
// acquisition, energy, thickness. Images of one volume agree in the marks; times may differ from slice to slice.

/** VRs of binary numbers. PS3.5 6.2 @useDeclaredType */
export type NumberForm = "US" | "UL" | "FL" | "FD";

export interface VolumeAttribute {
  readonly tag: string;
  /** Sequence that holds it, in most cases a functional group of an enhanced file. */
  readonly sequence?: string;
  /** The VR of a number that is not written as text. PS3.6 */
  readonly form?: NumberForm;
  /** Values of one volume differ by no more than this; a text where it is absent. */
  readonly tolerance?: number;
}

/** Attributes that are the same for all slices of a volume, the most telling first. PS3.3 C.7.6.2, C.7.6.16.2, C.7.6.18, C.8.2.1, C.8.15.3 */
export const volumeMarks = {
  temporalPosition: { tag: "00200100", tolerance: 0 },
  temporalPositionIndex: { tag: "00209128", sequence: "00209111", form: "UL", tolerance: 0 },
  temporalOffset: { tag: "0020930d", sequence: "00209310", form: "FD", tolerance: 0 },
  cardiacPhase: { tag: "00209241", sequence: "00189118", form: "FL", tolerance: 0.1 },
  cardiacDelay: { tag: "00209153", sequence: "00189118", form: "FD", tolerance: 0.1 },
  respiratoryPhase: { tag: "00209245", sequence: "00189253", form: "FL", tolerance: 0.1 },
  energy: { tag: "0018937c", sequence: "00189363", form: "FD", tolerance: 0.1 },
  stack: { tag: "00209056", sequence: "00209111" },
  acquisitionNumber: { tag: "00200012", tolerance: 0 },
  frameAcquisitionNumber: { tag: "00209156", sequence: "00209111", form: "US", tolerance: 0 },
  seriesNumber: { tag: "00200011", tolerance: 0 },
  kilovolts: { tag: "00180060", sequence: "00189325", tolerance: 1 },
  thickness: { tag: "00180050", sequence: "00289110", tolerance: 0.05 },
  filter: { tag: "00181160" },
  irradiationEvent: { tag: "00083010" },
  contrastAgent: { tag: "00180010", sequence: "00189341" },
  acquisitionDate: { tag: "00080022" },
  protocol: { tag: "00181030" },
  frameType: { tag: "00089007", sequence: "00189329" },
  // Free text, where some scanners and many exports say nothing else of the phase.
  seriesDescription: { tag: "0008103e" },
  imageComments: { tag: "00204000" },
} as const satisfies Record<string, VolumeAttribute>;
/** An attribute by which volumes of one series differ. @useDeclaredType */
export type VolumeMark = keyof typeof volumeMarks;

/** Values of a frame, as text; absent where the file does not say. */
export type VolumeMarks = Partial<Readonly<Record<VolumeMark, string>>>;

/**
 * Numbers that grow in the order in which slices were made; each may be the volume's own or the slice's. Of several
 * attributes the first that the file has is read.
 */
export const orderAttributes = {
  triggerTime: [{ tag: "00181060" }],
  acquisitionTime: [{ tag: "00189074", sequence: "00209111" }, { tag: "0008002a" }, { tag: "00080032" }],
  contentTime: [{ tag: "00080033" }],
  instanceNumber: [{ tag: "00200013" }],
} as const satisfies Record<string, readonly VolumeAttribute[]>;

/** Values of orderAttributes, in their order; null where absent, as in JSON. */
export type OrderValues = readonly (number | null)[];
