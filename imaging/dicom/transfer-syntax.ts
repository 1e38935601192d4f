// The supported transfer syntaxes of DICOM and the codec of each (PS3.5 section 10, PS3.6 annex A).

export type PixelCodec = "none" | "rle" | "jpeg" | "jpeg-ls" | "jpeg-2000" | "htj2k";

export interface TransferSyntax {
  readonly explicit: boolean;
  readonly bigEndian: boolean;
  readonly deflated: boolean;
  readonly codec: PixelCodec;
}

export const implicitLittleEndian = "1.2.840.10008.1.2";
export const explicitLittleEndian = "1.2.840.10008.1.2.1";
export const explicitBigEndian = "1.2.840.10008.1.2.2";

const transferSyntaxes: ReadonlyMap<string, TransferSyntax> = new Map([
  [implicitLittleEndian, { ...native(), explicit: false }],
  [explicitLittleEndian, native()],
  ["1.2.840.10008.1.2.1.99", { ...native(), deflated: true }],
  [explicitBigEndian, { ...native(), bigEndian: true }],
  ["1.2.840.10008.1.2.5", encapsulated("rle")],
  // Baseline, extended, full progression (retired), lossless progressive (retired), lossless, lossless of selection 1.
  ...jpegFamily("jpeg", 50, 51, 53, 55, 57, 70),
  ...jpegFamily("jpeg-ls", 80, 81),
  ...jpegFamily("jpeg-2000", 90, 91),
  ...jpegFamily("htj2k", 201, 202, 203),
]);

/** How to read a transfer syntax, or undefined if it is not supported (video, JPEG XL, private ones). */
export function transferSyntaxOf(uid: string): TransferSyntax | undefined {
  return transferSyntaxes.get(uid);
}

function native(): TransferSyntax {
  return { explicit: true, bigEndian: false, deflated: false, codec: "none" };
}

function encapsulated(codec: PixelCodec): TransferSyntax {
  return { ...native(), codec };
}

function jpegFamily(codec: PixelCodec, ...processes: readonly number[]): [string, TransferSyntax][] {
  return processes.map((process) => [`1.2.840.10008.1.2.4.${process}`, encapsulated(codec)]);
}
