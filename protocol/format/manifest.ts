// A hospital's signed statement about one update: its digest, its base model and its number of training scans.
// The contract records the digest of this file; the file names the update.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import type { Signatures, TypedData } from "../ports.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import type { Digest, HospitalAddress, RoundId } from "./digest.ts";
import type { FederationId } from "./federation-id.ts";
import { addressField, countField, digestField, roundField, signatureField } from "./fields.ts";
import { blobDigest } from "./merkle.ts";

const statementFields = {
  /** Of the form of a manifest. */
  version: z.literal(1),
  /** EIP-155 id of the federation's chain. */
  chainId: countField,
  /** The federation's contract. */
  contract: addressField,
  /** The round that the update is committed in. */
  round: roundField,
  /** The round of the training: earlier than `round` if the hospital was late. Seeds derive from it. */
  trainedIn: roundField,
  /** The chain key that signs and commits. */
  hospital: addressField,
  /** The round's plan. */
  plan: digestField,
  /** The model that training started from. */
  base: digestField,
  /** The update: safetensors of integers. */
  update: digestField,
  /** Size of the update's file. */
  updateBytes: countField,
  /** Training scans, at most the plan's `sampleCap`; the commitment has the same number. */
  sampleCount: countField,
  /** Salted root over the hospital's scans, as its import made it: others can check a scan that the hospital opens. */
  shard: digestField,
  /** Salted digest of the list of what the import refused. */
  quarantine: digestField,
  /** Loss at the end of local training, where the plan asks for it; for people. */
  finalLoss: z.number().finite().optional(),
  /** Seconds that local training took, where the plan asks for it; for people. */
  seconds: z.number().nonnegative().finite().optional(),
  /** Name and version of the software that trained; for people. */
  software: z.string().max(64),
};

const statementSchema = z.object(statementFields).strict();
export const manifestSchema = z
  .object({
    ...statementFields,
    /** EIP-712 signature by `hospital` over all other fields (manifestTypedData): 65 bytes as 0x and hex digits. */
    signature: signatureField,
  })
  .strict();

/** The signed part. */
export type Statement = z.output<typeof statementSchema>;
/** A hospital's signed statement about its update. @useDeclaredType */
export type Manifest = z.output<typeof manifestSchema>;

export const maxManifestBytes = 8 * 1024;

/** EIP-712 form of a statement: the fields that a signer should see, and the digest of all fields. */
export function manifestTypedData(statement: Statement): TypedData {
  const { round, hospital, update, sampleCount } = statement;
  return {
    domain: { name: "Consilium", version: "1", chainId: statement.chainId, verifyingContract: statement.contract },
    types: {
      Manifest: [
        { name: "round", type: "uint32" },
        { name: "hospital", type: "address" },
        { name: "update", type: "bytes32" },
        { name: "sampleCount", type: "uint32" },
        { name: "statement", type: "bytes32" },
      ],
    },
    message: { round, hospital, update, sampleCount, statement: blobDigest(canonicalBytes(statement)) },
  };
}

/** Signs a statement; the returned bytes are the manifest's file. */
export async function signManifest(statement: Statement, signatures: Pick<Signatures, "sign">): Promise<Uint8Array> {
  const signature = (await signatures.sign(manifestTypedData(statement))).toLowerCase();
  return canonicalBytes({ ...statementSchema.parse(statement), signature });
}

/**
 * A manifest of foreign bytes, at most 8 KiB; neither its signature nor what it says is checked.
 * @throws MANIFEST_TOO_LARGE, MANIFEST_MALFORMED, MANIFEST_NOT_CANONICAL
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  return parseCanonical(bytes, manifestSchema, { what: "MANIFEST", maxBytes: maxManifestBytes });
}

/** The values that a manifest must have to belong to a commitment. */
export interface ManifestExpectation {
  readonly federation: FederationId;
  readonly round: RoundId;
  readonly hospital: HospitalAddress;
  readonly plan: Digest;
  /** Allowed bases: the round's base, and as many older models as the plan allows. */
  readonly bases: readonly Digest[];
  /** As committed on chain. */
  readonly sampleCount: number;
  readonly sampleCap: number;
}

/**
 * Parses a manifest and compares it with the chain and its signature.
 * @throws MANIFEST_TOO_LARGE, MANIFEST_MALFORMED, MANIFEST_NOT_CANONICAL, MANIFEST_MISMATCH (which field,
 * expected, found), MANIFEST_SIGNATURE, SAMPLE_CAP_EXCEEDED
 */
export function verifyManifest(
  bytes: Uint8Array,
  expected: ManifestExpectation,
  signatures: Pick<Signatures, "recover">,
): Manifest {
  const manifest = decodeManifest(bytes);
  requireExpected(manifest, expected);
  const { signature, ...statement } = manifest;
  if (signatures.recover(manifestTypedData(statement), signature) !== expected.hospital) {
    throw new FedError("MANIFEST_SIGNATURE", { hospital: expected.hospital });
  }
  return manifest;
}

/** The fields of every version that chain and plan decide. */
export type CommonStatement = Pick<
  Statement,
  "chainId" | "contract" | "round" | "trainedIn" | "hospital" | "plan" | "base" | "sampleCount"
>;

/** Compares what a manifest says with the chain and the plan. @throws MANIFEST_MISMATCH, SAMPLE_CAP_EXCEEDED */
export function requireExpected(manifest: CommonStatement, expected: ManifestExpectation): void {
  const { federation, bases, sampleCap, ...fields } = expected;
  const { hospital } = expected;
  for (const [field, value] of Object.entries({ ...fields, ...federation })) {
    const found = manifest[field as keyof CommonStatement];
    if (found !== value) throw new FedError("MANIFEST_MISMATCH", { hospital, field, expected: value, found });
  }
  if (!bases.includes(manifest.base)) {
    throw new FedError("MANIFEST_MISMATCH", {
      hospital,
      field: "base",
      expected: bases.join(" or "),
      found: manifest.base,
    });
  }
  if (manifest.trainedIn > manifest.round || manifest.trainedIn < 1) {
    throw new FedError("MANIFEST_MISMATCH", {
      hospital,
      field: "trainedIn",
      expected: `1 to ${manifest.round}`,
      found: manifest.trainedIn,
    });
  }
  if (manifest.sampleCount < 1 || manifest.sampleCount > sampleCap) {
    throw new FedError("SAMPLE_CAP_EXCEEDED", { hospital, sampleCount: manifest.sampleCount, sampleCap });
  }
}
