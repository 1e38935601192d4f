// Decoders of what a hospital without gas signs, and members send for it.
import { isPeerBindingSigned, parsePeerBinding } from "../../io/chain/peer-binding.ts";
import { recoverSigner } from "../../io/chain/signatures.ts";
import { isSignedByHospital } from "../../protocol/contract/write-signature.ts";
import { decodeSignedWrite, encodeSignedWrite } from "../../protocol/format/signed-write.ts";
import { address, type Decoder, digest, round, utf8 } from "./decoder.ts";

const signed = {
  version: 1,
  chainId: 31337,
  contract: address,
  round,
  hospital: address,
  signature: `0x${"13".repeat(65)}`,
} as const;
const binding = {
  version: 1,
  ...{ chainId: 31337, contract: address, account: address, nonce: 0 },
  peerKey: `0x${"11".repeat(32)}`,
  possession: `0x${"22".repeat(64)}`,
  signature: signed.signature,
};

export const signedDecoders: readonly Decoder[] = [
  {
    functions: ["decodeSignedWrite"],
    form: "json",
    samples: () => [
      encodeSignedWrite({ ...signed, kind: "commitment", manifest: digest, sampleCount: 12 }),
      encodeSignedWrite({ ...signed, kind: "vote", proposal: 1, model: digest, agree: true, scores: digest }),
    ],
    // As a node takes it from the network.
    decode: (bytes) => isSignedByHospital(decodeSignedWrite(bytes), { recover: recoverSigner }),
  },
  {
    functions: ["parsePeerBinding"],
    form: "json",
    samples: () => [utf8(JSON.stringify(binding))],
    decode: (bytes) => isPeerBindingSigned(parsePeerBinding(bytes), { recover: recoverSigner }),
  },
];
