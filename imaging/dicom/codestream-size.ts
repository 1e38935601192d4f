// The size in a compressed frame's own header, read before a decoder sees it: a frame of 512 x 512 that would unpack to
// 65,535 x 65,535 never reaches one, and a frame without an end marker is known to be cut off.
import type { PixelCodec } from "./transfer-syntax.ts";

export interface CodestreamSize {
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
  /** Bits of a sample. */
  readonly precision: number;
  /** Whether samples have a sign; undefined if the codec does not say. */
  readonly isSigned: boolean | undefined;
  /** Start of frame of JPEG: 0xc3 for lossless, and so on; 0 for JPEG 2000. */
  readonly frameType: number;
}

/** @returns undefined if there is no header of the codec's kind */
export function codestreamSize(bytes: Buffer, codec: PixelCodec): CodestreamSize | undefined {
  return codec === "jpeg-2000" || codec === "htj2k" ? jpeg2000Size(bytes) : jpegSize(bytes);
}

/** True if the end marker (EOI, EOC) is among the last bytes; some writers pad after it. */
export function hasEnd(bytes: Buffer): boolean {
  return bytes.subarray(Math.max(0, bytes.length - 256)).lastIndexOf(endMarker) >= 0;
}

const endMarker = Buffer.from([0xff, 0xd9]);

/** Walks the marker segments to the start of frame. ITU-T T.81 B.2.2, T.87 C.2.2 */
function jpegSize(bytes: Buffer): CodestreamSize | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (isStartOfFrame(marker)) {
      if (at + 10 > bytes.length) return undefined;
      return {
        precision: bytes[at + 4]!,
        isSigned: undefined,
        rows: bytes.readUInt16BE(at + 5),
        columns: bytes.readUInt16BE(at + 7),
        components: bytes[at + 9]!,
        frameType: marker,
      };
    }
    if (marker === 0xda || marker === 0xd9) return undefined;
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15 without DHT, JPG and DAC; SOF55 of JPEG-LS. */
function isStartOfFrame(marker: number): boolean {
  if (marker === 0xf7) return true;
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** The SIZ segment follows SOC at once; a JP2 file wraps the codestream in boxes. ITU-T T.800 A.5.1, I.4 */
function jpeg2000Size(bytes: Buffer): CodestreamSize | undefined {
  const start = codestreamStart(bytes);
  if (start === undefined || start + 42 > bytes.length || bytes.readUInt16BE(start + 2) !== 0xff51) return undefined;
  const reference = start + 8;
  return {
    columns: bytes.readUInt32BE(reference) - bytes.readUInt32BE(reference + 8),
    rows: bytes.readUInt32BE(reference + 4) - bytes.readUInt32BE(reference + 12),
    components: bytes.readUInt16BE(reference + 32),
    precision: (bytes[reference + 34]! & 0x7f) + 1,
    isSigned: bytes[reference + 34]! >= 0x80,
    frameType: 0,
  };
}

function codestreamStart(bytes: Buffer): number | undefined {
  for (let at = 0; at + 8 <= bytes.length; ) {
    if (bytes.readUInt16BE(at) === 0xff4f) return at;
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (at === 0 && type !== "jP  ") return undefined;
    if (type === "jp2c") at += length === 1 ? 16 : 8;
    else if (length >= 8) at += length;
    else return undefined;
  }
  return undefined;
}
