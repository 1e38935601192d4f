// Slices that were saved as pictures: jpg or png, any size. Their window and spacing are lost.
import { createRequire } from "node:module";
import { PNG } from "pngjs";
import { FedError, isFedError } from "../../foundation/errors.ts";

export interface GreyPicture {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns], 0 to 255. */
  readonly grey: Uint8Array;
  /** Share of the pixels that are plainly coloured. */
  readonly colouredShare: number;
}

interface JpegDecoder {
  getEncodedBuffer(bytes: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  readHeader(): void;
  decode(): void;
  getFrameInfo(): { width: number; height: number; componentCount: number };
  delete?(): void;
}
interface JpegCodec {
  readonly JPEGDecoder: new () => JpegDecoder;
}

const maxSide = 4096;
/** JPEG alone makes smaller differences between the channels of a grey picture. */
const plainlyColoured = 48;
const remedy = "save slices as jpg or png, at most 4096 pixels wide";
// The package has no types, and only its CommonJS build loads in Node.
const openCodec = createRequire(import.meta.url)(
  "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs",
) as () => Promise<JpegCodec>;
let codec: Promise<JpegCodec> | undefined;

export function isPicture(start: Uint8Array): boolean {
  return isJpeg(start) || (start[0] === 0x89 && start[1] === 0x50 && start[2] === 0x4e && start[3] === 0x47);
}

function isJpeg(start: Uint8Array): boolean {
  return start[0] === 0xff && start[1] === 0xd8;
}

/** @throws PICTURE_MALFORMED, PICTURE_TOO_LARGE */
export async function decodePicture(bytes: Uint8Array): Promise<GreyPicture> {
  try {
    return isJpeg(bytes) ? await decodeJpeg(bytes) : decodePng(bytes);
  } catch (error) {
    if (isFedError(error)) throw error;
    throw new FedError("PICTURE_MALFORMED", { bytes: bytes.byteLength }, { remedy });
  }
}

async function decodeJpeg(bytes: Uint8Array): Promise<GreyPicture> {
  codec ??= openCodec();
  const decoder = new (await codec).JPEGDecoder();
  try {
    decoder.getEncodedBuffer(bytes.byteLength).set(bytes);
    decoder.readHeader();
    const { width, height, componentCount } = decoder.getFrameInfo();
    checkSize(height, width);
    decoder.decode();
    return greyOf(decoder.getDecodedBuffer(), { rows: height, columns: width, samples: componentCount });
  } finally {
    decoder.delete?.();
  }
}

function decodePng(bytes: Uint8Array): GreyPicture {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The first chunk is IHDR: width and height are known before anything is inflated.
  checkSize(header.readUInt32BE(20), header.readUInt32BE(16));
  const { width, height, data } = PNG.sync.read(header);
  return greyOf(data, { rows: height, columns: width, samples: 4 });
}

function checkSize(rows: number, columns: number): void {
  if (rows < 1 || columns < 1 || rows > maxSide || columns > maxSide) {
    throw new FedError("PICTURE_TOO_LARGE", { rows, columns, maxSide }, { remedy });
  }
}

/** Luma of ITU-R BT.601 where there is colour; CT has none, but its pictures often carry three equal channels. */
function greyOf(
  pixels: Uint8Array,
  { rows, columns, samples }: { rows: number; columns: number; samples: number },
): GreyPicture {
  const grey = new Uint8Array(rows * columns);
  let coloured = 0;
  for (let i = 0; i < grey.length; i++) {
    const [r, g, b] = [pixels[i * samples], pixels[i * samples + 1], pixels[i * samples + 2]] as [
      number,
      number,
      number,
    ];
    grey[i] = samples < 3 ? r : Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    if (samples >= 3 && Math.max(r, g, b) - Math.min(r, g, b) > plainlyColoured) coloured++;
  }
  return { rows, columns, grey, colouredShare: coloured / grey.length };
}
