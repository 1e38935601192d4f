// The manifest of a private round, version 2: it names the masked object and the deal in the place of an update, and says
// nothing else about the training. Every field beyond version 1's names and counts would be about one hospital.
import { z } from "zod";
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { Signatures, TypedData } from "../ports.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import type { Digest } from "./digest.ts";
import { addressField, countField, digestField, roundField, signatureField } from "./fields.ts";
import { decodeManifest, type ManifestExpectation, maxManifestBytes, requireExpected } from "./manifest.ts";
import { blobDigest } from "./merkle.ts";

const statementFields = {
  /** Of the form of a manifest: of a private round. */
  version: z.literal(2),
  /** EIP-155 id of the federation's chain. */
  chainId: countField,
  /** The federation's contract. */
  contract: addressField,
  /** The round that the masked update is committed in. */
  round: roundField,
  /** The round of the training: earlier than `round` where a round before, on the same base, was abandoned unsealed. */
  trainedIn: roundField,
  /** The chain key that signs and commits. */
  hospital: addressField,
  /** The round's plan. */
  plan: digestField,
  /** The model that training started from: the round's base. */
  base: digestField,
  /** The masked input. */
  masked: digestField,
  /** How its mask key is shared. */
  deal: digestField,
  /** Training scans, at most the plan's `sampleCap`; the commitment has the same number. */
  sampleCount: countField,
  /** Salted root over the hospital's scans, as its import made it: others can check a scan that the hospital opens. */
  shard: digestField,
  /** Salted digest of the list of what the import refused. */
  quarantine: digestField,
  /** Name and version of the software that trained; for people. */
  software: z.string().max(64),
};

const statementSchema = z.object(statementFields).strict();
export const privateManifestSchema = z
  .object({
    ...statementFields,
    /** EIP-712 signature by `hospital` over all other fields: 65 bytes as 0x and hex digits. */
    signature: signatureField,
  })
  .strict();

/** The signed part. */
export type PrivateStatement = z.output<typeof statementSchema>;
/** A hospital's signed statement about its masked update. @useDeclaredType */
export type PrivateManifest = z.output<typeof privateManifestSchema>;

function typedDataOf(statement: PrivateStatement): TypedData {
  const { round, hospital, masked, deal, sampleCount } = statement;
  return {
    domain: { name: "Consilium", version: "1", chainId: statement.chainId, verifyingContract: statement.contract },
    types: {
      PrivateManifest: [
        { name: "round", type: "uint32" },
        { name: "hospital", type: "address" },
        { name: "masked", type: "bytes32" },
        { name: "deal", type: "bytes32" },
        { name: "sampleCount", type: "uint32" },
        { name: "statement", type: "bytes32" },
      ],
    },
    message: { round, hospital, masked, deal, sampleCount, statement: blobDigest(canonicalBytes(statement)) },
  };
}

/** Signs a statement; the returned bytes are the manifest's file. */
export async function signPrivateManifest(
  statement: PrivateStatement,
  signatures: Pick<Signatures, "sign">,
): Promise<Uint8Array> {
  const signature = (await signatures.sign(typedDataOf(statement))).toLowerCase();
  return canonicalBytes({ ...statementSchema.parse(statement), signature });
}

/**
 * A manifest of foreign bytes, at most 8 KiB; neither its signature nor what it says is checked.
 * @throws MANIFEST_TOO_LARGE, MANIFEST_MALFORMED (version 1 too), MANIFEST_NOT_CANONICAL
 */
export function decodePrivateManifest(bytes: Uint8Array): PrivateManifest {
  return parseCanonical(bytes, privateManifestSchema, { what: "MANIFEST", maxBytes: maxManifestBytes });
}

/**
 * Parses a manifest and compares it with the chain and its signature.
 * @throws MANIFEST_TOO_LARGE, MANIFEST_MALFORMED, MANIFEST_NOT_CANONICAL, MANIFEST_MISMATCH (which field,
 * expected, found), MANIFEST_SIGNATURE, SAMPLE_CAP_EXCEEDED
 */
export function verifyPrivateManifest(
  bytes: Uint8Array,
  expected: ManifestExpectation,
  signatures: Pick<Signatures, "recover">,
): PrivateManifest {
  const manifest = decodePrivateManifest(bytes);
  requireExpected(manifest, expected);
  const { signature, ...statement } = manifest;
  if (signatures.recover(typedDataOf(statement), signature) !== expected.hospital) {
    throw new FedError("MANIFEST_SIGNATURE", { hospital: expected.hospital });
  }
  return manifest;
}

/**
 * What a manifest of either version names, for who keeps objects without a use for what they say.
 * @throws MANIFEST_TOO_LARGE, MANIFEST_MALFORMED, MANIFEST_NOT_CANONICAL
 */
export function manifestObjects(bytes: Uint8Array): readonly [Digest, ...Digest[]] {
  try {
    const { masked, deal } = decodePrivateManifest(bytes);
    return [masked, deal];
  } catch (error) {
    if (!isFedError(error, "MANIFEST_MALFORMED")) throw error;
    return [decodeManifest(bytes).update];
  }
}
