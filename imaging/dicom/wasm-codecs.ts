// The compressed transfer syntaxes by dcmjs-codecs: libjpeg, CharLS, OpenJPEG and OpenJPH in one WebAssembly sandbox.
import type { CtInstance } from "./ct-instance.ts";

const methods = {
  jpeg: "decodeJpeg",
  "jpeg-ls": "decodeJpegLs",
  "jpeg-2000": "decodeJpeg2000",
  htj2k: "decodeHtJpeg2000",
} as const;
export type WasmCodec = keyof typeof methods;

/**
 * Decodes one frame to its words as bytes, little endian, sign not extended. Loads the decoders with the first frame and
 * again after one has failed, 0.1 s each.
 *
 * @returns undefined if the decoder fails
 */
export async function decodeByWasm(
  codec: WasmCodec,
  encoded: Uint8Array,
  { rows, columns, bitsAllocated, bitsStored, isSigned }: CtInstance,
): Promise<Uint8Array | undefined> {
  // Loaded when first needed: a worker that decodes only plain pixels starts sooner.
  const { Context, NativeCodecs } = (await import("dcmjs-codecs")).default;
  const load = () => NativeCodecs.initializeAsync({ logCodecsInfo: false, logCodecsTrace: false });
  if (!NativeCodecs.isInitialized()) await load();
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
    return NativeCodecs[methods[codec]](context).getDecodedBuffer();
  } catch {
    // A trap leaves the sandbox's memory in an unknown state, so a new one is loaded. The message may quote the file.
    await load();
    return undefined;
  }
}
