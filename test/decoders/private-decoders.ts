// Decoders of private sums: what dealers and holders hand out, and the key.
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import {
  decodePrivateManifest,
  manifestObjects,
  type PrivateStatement,
  signPrivateManifest,
} from "../../protocol/format/private-manifest.ts";
import { boxBytes, openBox, prekeyBytes } from "../../protocol/private/box.ts";
import { checkAnswer, decodeAnswer, decodeComplaint, isComplaintSigned } from "../../protocol/private/complaint.ts";
import { checkDeal, decodeDeal } from "../../protocol/private/deal.ts";
import { decodePoint, zeroPoint } from "../../protocol/private/group.ts";
import { maskInput } from "../../protocol/private/mask.ts";
import { checkMasked } from "../../protocol/private/masked.ts";
import { checkOpening, decodeSumOpening } from "../../protocol/private/opening.ts";
import {
  decodePrekeyStatement,
  isPrekeySigned,
  prekeyOf,
  signPrekey,
} from "../../protocol/private/prekey-statement.ts";
import { rings } from "../../protocol/private/ring.ts";
import { decodeShare, encodeShare } from "../../protocol/private/share.ts";
import { checkSumKey, decodeSumKey } from "../../protocol/private/sum-key.ts";
import { memorySource } from "../../protocol/update/byte-source.ts";
import { fakeSignatures } from "../fakes/party-ports.ts";
import { address, type Decoder, digest, round } from "./decoder.ts";

const ring = rings.L16;
const context = { chainId: 31337, contract: address, round };
const common = { version: 1, ...context };
const scalars = `0x${"00".repeat(32 * (ring.scalars + 1))}`;
const point = `0x${"00".repeat(32)}`;
const signature = `0x${"13".repeat(65)}`;
const subject = { ...common, holder: address, dealer: address, deal: digest };
const complaint = { ...subject, kind: "complaint", reason: "wrong", signature };
const signatures = fakeSignatures(address);
/** Zero scalars: the points of nothing. */
const zeros = { summed: [zeroPoint], commitments: [zeroPoint], ring };

/** The real check takes what the decoder gives; samples fail it by their signature, which is an error of the table. */
function checked(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!String(error).startsWith("FedError")) throw error;
  }
}

const privateStatement: PrivateStatement = {
  version: 2,
  ...{ ...context, trainedIn: round, hospital: address, plan: digest, base: digest },
  ...{ masked: digest, deal: digest, sampleCount: 30, shard: digest, quarantine: digest, software: "consilium test" },
};

export const privateDecoders: readonly Decoder[] = [
  {
    functions: ["decodePrivateManifest"],
    form: "json",
    samples: async () => [await signPrivateManifest(privateStatement, signatures)],
    decode: (bytes) => {
      const manifest = decodePrivateManifest(bytes);
      return manifestObjects(canonicalBytes(manifest));
    },
  },
  {
    functions: ["decodePrekeyStatement"],
    form: "json",
    samples: async () => [
      await signPrekey(
        { ...common, version: 1, kind: "prekey", hospital: address, prekey: `0x${"07".repeat(prekeyBytes)}` },
        signatures,
      ),
    ],
    decode: (bytes) => {
      const statement = decodePrekeyStatement(bytes);
      prekeyOf(statement);
      return isPrekeySigned(statement, signatures);
    },
  },
  {
    functions: ["decodeDeal", "decodePoint"],
    form: "json",
    samples: () => [
      canonicalBytes({
        ...{ ...common, kind: "deal", hospital: address, ring: "L16" },
        commitments: [point, point, point],
        boxes: [digest, digest, digest, digest],
      }),
    ],
    decode: (bytes) => {
      const deal = decodeDeal(bytes);
      checkDeal(deal, { context, hospital: address, ring, holders: 4 });
      return decodePoint(new Uint8Array(32));
    },
  },
  {
    functions: ["decodeSumOpening"],
    form: "json",
    samples: () => [
      canonicalBytes({ ...common, kind: "opening", holder: address, included: digest, scalars, signature }),
    ],
    decode: (bytes) => {
      const opening = decodeSumOpening(bytes);
      const expected = { context, holder: address, holderNumber: 1, included: digest };
      checked(() => checkOpening(opening, { ...expected, ...zeros }, signatures));
    },
  },
  {
    functions: ["decodeSumKey"],
    form: "json",
    numRuns: 60,
    samples: () => [canonicalBytes({ ...common, kind: "key", included: digest, scalars })],
    decode: (bytes) =>
      checkSumKey(decodeSumKey(bytes), { context, included: digest, summed: zeroPoint, ring, dealers: 3 }),
  },
  {
    functions: ["decodeComplaint"],
    form: "json",
    samples: () => [canonicalBytes(complaint)],
    decode: (bytes) => isComplaintSigned(decodeComplaint(bytes), signatures),
  },
  {
    functions: ["decodeAnswer"],
    form: "json",
    samples: () => [canonicalBytes({ ...subject, kind: "answer", scalars, signature })],
    decode: (bytes) => {
      const answer = decodeAnswer(bytes);
      const about = decodeComplaint(canonicalBytes(complaint));
      checked(() => checkAnswer(answer, about, { holderNumber: 1, ...zeros }, signatures));
    },
  },
  {
    functions: ["decodeShare"],
    form: "bytes",
    samples: () => [encodeShare(Array.from({ length: ring.scalars + 1 }, (_, index) => BigInt(index)))],
    decode: (bytes) => decodeShare(bytes, ring),
  },
  {
    functions: ["checkMasked"],
    form: "json",
    samples: () => [maskInput(new Int32Array(5), { ring, secret: new Uint8Array(32), context })],
    decode: (bytes) => checkMasked(memorySource(bytes), { ring, coordinates: 5 }),
  },
  {
    functions: ["openBox"],
    form: "bytes",
    numRuns: 30,
    // No bytes that are not sealed to the key decode: the tests of boxes have those that do.
    samples: () => [],
    mutated: () => [new Uint8Array(boxBytes(ring))],
    decode: (bytes) =>
      openBox(bytes, { secretKey: new Uint8Array(32), ring, context, dealer: address, holder: address }),
  },
];
