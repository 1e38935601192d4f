// Decoders of objects and their names.
import { decodeAnnouncement, encodeAnnouncement } from "../../protocol/format/announcement.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import { parseAddress, parseDigest, parseRoundId } from "../../protocol/format/digest.ts";
import { decodeManifest, signManifest } from "../../protocol/format/manifest.ts";
import { outlineOf } from "../../protocol/format/merkle.ts";
import { decodeOutline, encodeOutline } from "../../protocol/format/outline.ts";
import { decodePlan, encodePlan } from "../../protocol/format/plan.ts";
import { decodeRefusal, encodeRefusal } from "../../protocol/format/refusal.ts";
import { decodeSafetensors, parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import { decodeValidationScores, encodeValidationScores } from "../../protocol/format/validation-scores.ts";
import { memorySource } from "../../protocol/update/byte-source.ts";
import { decodeExponents, encodeExponents } from "../../protocol/update/step-exponents.ts";
import { verifyUpdate } from "../../protocol/update/verify-update.ts";
import { examplePlan } from "../fakes/federation.ts";
import { fakeSignatures } from "../fakes/party-ports.ts";
import { modelOf, planOf } from "../protocol/strategy/small-federation.ts";
import { make } from "../protocol/update/one-update.ts";
import { address, type Decoder, digest, ofValue, round, text, utf8 } from "./decoder.ts";

const statement = {
  version: 1 as const,
  chainId: 31337,
  contract: address,
  round,
  trainedIn: round,
  hospital: address,
  plan: digest,
  base: digest,
  update: digest,
  updateBytes: 4096,
  sampleCount: 12,
  shard: digest,
  quarantine: digest,
  finalLoss: 0.25,
  seconds: 9.5,
  software: "consilium",
};

export const protocolDecoders: readonly Decoder[] = [
  {
    functions: ["decodeManifest", "parseCanonical"],
    form: "json",
    samples: async () => [await signManifest(statement, fakeSignatures(address))],
    decode: decodeManifest,
  },
  { functions: ["decodePlan"], form: "json", samples: () => [encodePlan(examplePlan())], decode: decodePlan },
  {
    functions: ["decodeValidationScores"],
    form: "json",
    samples: () => {
      const named = { round, hospital: address, model: digest };
      const predictions = Array.from({ length: 40 }, (_, i) => ({
        patient: `p${i}`,
        score: i / 40,
        label: (i % 2) as 0 | 1,
      }));
      const before = {
        version: 1,
        kind: "scores",
        ...named,
        patients: [
          [0.25, 0],
          [0.5, 1],
        ],
      };
      return [encodeValidationScores({ ...named, predictions }), canonicalBytes(before)];
    },
    decode: decodeValidationScores,
  },
  {
    functions: ["decodeRefusal"],
    form: "json",
    samples: () => [
      encodeRefusal({
        version: 1,
        kind: "refusal",
        round,
        proposal: 1,
        proposer: address,
        code: "WRONG_MODEL",
        expected: digest,
      }),
    ],
    decode: decodeRefusal,
  },
  {
    functions: ["decodeAnnouncement"],
    form: "json",
    samples: () => [
      encodeAnnouncement({
        version: 1,
        chainId: 31337,
        contract: address,
        kind: "manifest",
        round,
        hospital: address,
        digest,
        bytes: 700,
      }),
    ],
    decode: decodeAnnouncement,
  },
  {
    functions: ["decodeSafetensors", "parseSafetensorsHeader"],
    form: "json",
    samples: () => [modelOf({ "stem/a": [1, 2, 3], "stem/b": [4] })],
    decode: (bytes) => [decodeSafetensors(bytes), parseSafetensorsHeader(bytes, bytes.length)],
  },
  ...[1, 0.5].map((topFraction): Decoder => {
    const plan = planOf("fedavg", { update: { topFraction } });
    const base = modelOf({ a: [1, 2, 3], b: [4, 5] });
    return {
      functions: ["verifyUpdate", "openUpdate", "readHeader"],
      form: "json",
      samples: () => [make({ base, local: modelOf({ a: [2, 0, 3], b: [4, 9] }), plan }).update],
      decode: (bytes) => verifyUpdate(memorySource(bytes), { base: parseSafetensorsHeader(base, base.length), plan }),
    };
  }),
  {
    functions: ["decodeOutline"],
    form: "bytes",
    samples: () => [encodeOutline(outlineOf(new Uint8Array(5 << 20)))],
    decode: decodeOutline,
  },
  {
    functions: ["decodeExponents"],
    form: "json",
    samples: () => [utf8(encodeExponents([-3, 0, 7]))],
    decode: (bytes) => decodeExponents(text(bytes), 3),
  },
  ofValue(["parseDigest"], [digest], parseDigest),
  ofValue(["parseAddress"], [address], parseAddress),
  ofValue(["parseRoundId"], [7], parseRoundId),
];
