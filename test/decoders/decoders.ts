// Every decoder of foreign bytes of the project, by room. A decoder that is not here, and not among the exceptions, fails
// test/decoders/decoders.test.ts. Messages between a hospital and its trainer are not foreign: the trainer is a process of
// the same program that the hospital starts itself, and no other process holds an end of their channel.
import { chainDecoders } from "./chain-decoders.ts";
import type { Decoder } from "./decoder.ts";
import { imagingDecoders } from "./imaging-decoders.ts";
import { peerDecoders } from "./p2p-decoders.ts";
import { pacsDecoders } from "./pacs-decoders.ts";
import { partyDecoders } from "./party-decoders.ts";
import { privateDecoders } from "./private-decoders.ts";
import { protocolDecoders } from "./protocol-decoders.ts";
import { signedDecoders } from "./signed-decoders.ts";

export const decoders: readonly Decoder[] = [
  ...protocolDecoders,
  ...privateDecoders,
  ...signedDecoders,
  ...chainDecoders,
  ...peerDecoders,
  ...partyDecoders,
  ...imagingDecoders,
  ...pacsDecoders,
];

/** Exported functions named decode... or parse... that are not on the list, each with the reason. */
export const exceptions: Readonly<Record<string, string>> = {
  decode: "the reconstruction decoder of the network: tensors, no bytes",
  decodeByWasm: "codecs behind decodeFrames; fuzzed in test/imaging/dicom/fuzz.test.ts",
  decodeFrame: "one frame of decodeFrames",
  decodeLosslessJpeg: "a codec behind decodeFrames; fuzzed in test/imaging/dicom/fuzz.test.ts",
  decodeRle: "a codec behind decodeFrames; fuzzed in test/imaging/dicom/fuzz.test.ts",
  decodeStoredValues: "a part of decodeFrames",
  parseAddressOption: "an option of the command line, through parseAddress",
  parseCount: "an option of the command line",
  parseCrossOptions: "options of the command line",
  parseDuration: "an option of the command line",
  parseImportOptions: "options of the command line",
  parseInstance: "a message of this program's own thread",
  parseOptions: "options of the command line",
  parsePacsAddress: "an argument of the command line",
  parseSettings: "options of the command line",
  parseStudyKeys: "an option of the command line",
  parseTerms: "options of the command line",
};
