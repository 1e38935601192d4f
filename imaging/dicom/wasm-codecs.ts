// The compressed transfer syntaxes by dcmjs-codecs: libjpeg, CharLS, OpenJPEG and OpenJPH in one WebAssembly sandbox.
import codecs from "dcmjs-codecs";
import type { CtInstance } from "./ct-instance.ts";
import type { PixelCodec } from "./transfer-syntax.ts";

const { Context, NativeCodecs } = codecs;
type Codec = (context: InstanceType<typeof Context>) => InstanceType<typeof Context>;

const DECODERS: Readonly<Partial<Record<PixelCodec, Codec>>> = {
  jpeg: (context) => NativeCodecs.decodeJpeg(context),
  "jpeg-ls": (context) => NativeCodecs.decodeJpegLs(context),
  "jpeg-2000": (context) => NativeCodecs.decodeJpeg2000(context),
  htj2k: (context) => NativeCodecs.decodeHtJpeg2000(context),
};

/** Loads the decoders, once a process and again after one has failed; 0.1 s. */
export async function loadCodecs(): Promise<void> {
  if (!NativeCodecs.isInitialized())
    await NativeCodecs.initializeAsync({ logCodecsInfo: false, logCodecsTrace: false });
}

/**
 * Decodes one frame to its words as bytes, little endian, sign not extended. The decoders must be loaded.
 *
 * @returns undefined if the decoder fails
 */
export function decodeByWasm(
  codec: PixelCodec,
  encoded: Uint8Array,
  { rows, columns, bitsAllocated, bitsStored, isSigned }: CtInstance,
): Uint8Array | undefined {
  const decode = DECODERS[codec];
  if (!decode) return undefined;
  try {
    const context = new Context({
      width: columns,
      height: rows,
      bitsAllocated,
      bitsStored,
      samplesPerPixel: 1,
      pixelRepresentation: isSigned ? 1 : 0,
      planarConfiguration: 0,
      photometricInterpretation: "MONOCHROME2",
      encodedBuffer: encoded,
    });
    return decode(context).getDecodedBuffer();
  } catch {
    // A trap leaves the sandbox's memory in any state; its words may hold bytes of the file, so they go no further.
    NativeCodecs.release();
    return undefined;
  }
}
