// Every transfer syntax in which the synthetic archive can be written, so that the importer meets all of them.
import codecs from "dcmjs-codecs";
import { FedError } from "../../foundation/errors.ts";
import {
  deflatedLittle,
  explicitBig,
  explicitLittle,
  implicitLittle,
  type Transfer,
  transfer,
} from "../dicom/write-part10.ts";
import type { Storage } from "./ct-instance.ts";

type Context = InstanceType<typeof codecs.Context>;

interface Encoding {
  readonly syntax: Transfer;
  /** Compresses a frame; without it words are written as they are. */
  readonly compress?: (context: Context) => Context;
  /** Bits that the codec can hold; the scanner's own storage if undefined. */
  readonly bits?: 8 | 12;
}

const { NativeCodecs } = codecs;

/**
 * Names for the option `encodings`; the values are for this folder. JPEG extended with 12 bits (.51) is not
 * among them: the encoder has no lossy JPEG of more than 8 bits.
 */
export const allEncodings = {
  "explicit-little": { syntax: explicitLittle },
  "implicit-little": { syntax: implicitLittle },
  "explicit-big": { syntax: explicitBig },
  deflated: { syntax: deflatedLittle },
  rle: { syntax: transfer("1.2.840.10008.1.2.5"), compress: (frame) => NativeCodecs.encodeRle(frame) },
  "jpeg-baseline": jpeg("50", 8, { lossy: true, quality: 95 }),
  "jpeg-lossless": jpeg("57", 12, { lossy: false, predictor: 4 }),
  "jpeg-lossless-sv1": jpeg("70", 12, { lossy: false, predictor: 1 }),
  "jpeg-ls": {
    syntax: transfer("1.2.840.10008.1.2.4.80"),
    compress: (frame) => NativeCodecs.encodeJpegLs(frame, { lossy: false }),
  },
  "jpeg-2000": {
    syntax: transfer("1.2.840.10008.1.2.4.90"),
    compress: (frame) => NativeCodecs.encodeJpeg2000(frame, { lossy: false }),
  },
  htj2k: {
    syntax: transfer("1.2.840.10008.1.2.4.201"),
    compress: (frame) => NativeCodecs.encodeHtJpeg2000(frame, { lossy: false }),
  },
} as const satisfies Record<string, Encoding>;

export type EncodingName = keyof typeof allEncodings;

function jpeg(
  process: string,
  bits: 8 | 12,
  parameters: { lossy: boolean; quality?: number; predictor?: number },
): Encoding {
  return {
    syntax: transfer(`1.2.840.10008.1.2.4.${process}`),
    bits,
    compress: (frame) => NativeCodecs.encodeJpeg(frame, parameters),
  };
}

/** The storage in which an encoding can hold a scanner's values: JPEG takes 8 or 12 bits without a sign. */
export function storageFor(name: EncodingName, own: Storage): Storage {
  const { bits }: Encoding = allEncodings[name];
  if (bits === undefined) return own;
  // 8 bits hold -1024 to 3056 HU in steps of 16.
  return {
    bitsAllocated: bits === 8 ? 8 : 16,
    bitsStored: bits,
    signed: false,
    slope: bits === 8 ? "16" : "1",
    intercept: -1024,
    padding: undefined,
  };
}

/** Loads the encoders, once a process. */
export async function loadEncoders(names: readonly EncodingName[]): Promise<void> {
  const needed = names.some((name) => (allEncodings[name] as Encoding).compress !== undefined);
  if (needed && !NativeCodecs.isInitialized())
    await NativeCodecs.initializeAsync({ logCodecsInfo: false, logCodecsTrace: false });
}

export interface EncodedPixels {
  readonly syntax: Transfer;
  /** Bytes of 7FE00010, in the byte order of the syntax, for encodings that do not compress. */
  readonly native?: Uint8Array;
  /** The one compressed frame, for those that do. */
  readonly frame?: Uint8Array;
}

/**
 * Encodes one frame of stored words.
 *
 * @throws ENCODER_FAILED when the codec gives nothing back
 */
export function encodePixels(
  name: EncodingName,
  words: Int16Array,
  size: { rows: number; columns: number },
  storage: Storage,
): EncodedPixels {
  const { syntax, compress }: Encoding = allEncodings[name];
  const little =
    storage.bitsAllocated === 8
      ? Uint8Array.from(words)
      : new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  if (!compress) return { syntax, native: syntax.bigEndian ? Buffer.from(little).swap16() : little };
  const context = new codecs.Context({
    width: size.columns,
    height: size.rows,
    bitsAllocated: storage.bitsAllocated,
    bitsStored: storage.bitsStored,
    samplesPerPixel: 1,
    pixelRepresentation: storage.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: "MONOCHROME2",
    decodedBuffer: Uint8Array.from(little),
  });
  const frame = compress(context).getEncodedBuffer();
  if (!frame) throw new FedError("ENCODER_FAILED", { encoding: name, rows: size.rows, columns: size.columns });
  // The buffer may belong to the codec's own memory, which the next frame reuses.
  return { syntax, frame: Uint8Array.from(frame) };
}
