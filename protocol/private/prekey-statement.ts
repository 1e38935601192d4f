// A hospital's signed statement of the key to which dealers seal its boxes in one round.
import { z } from "zod";
import { canonicalBytes, parseCanonical } from "../format/canonical.ts";
import { addressField, countField, roundField, signatureField } from "../format/fields.ts";
import { blobDigest } from "../format/merkle.ts";
import type { Signatures, TypedData } from "../ports.ts";
import { prekeyBytes } from "./box.ts";

export const maxPrekeyStatementBytes = 4096;

const statementFields = {
  version: z.literal(1),
  kind: z.literal("prekey"),
  chainId: countField,
  contract: addressField,
  round: roundField,
  /** The holder. */
  hospital: addressField,
  /** X-Wing's public key, hex. */
  prekey: z
    .string()
    .length(2 + 2 * prekeyBytes)
    .regex(/^0x[0-9a-f]+$/)
    .transform((text) => text as `0x${string}`),
};
const unsignedSchema = z.object(statementFields).strict();
export const prekeyStatementSchema = z
  .object({
    ...statementFields,
    /** EIP-712, by the hospital's chain key, over all other fields. */
    signature: signatureField,
  })
  .strict();

export type UnsignedPrekey = z.input<typeof unsignedSchema>;
export type PrekeyStatement = z.output<typeof prekeyStatementSchema>;

function typedDataOf(statement: z.output<typeof unsignedSchema>): TypedData {
  const { chainId, contract, round, hospital } = statement;
  return {
    domain: { name: "Consilium", version: "1", chainId, verifyingContract: contract },
    types: {
      Prekey: [
        { name: "round", type: "uint32" },
        { name: "hospital", type: "address" },
        { name: "prekey", type: "bytes32" },
      ],
    },
    message: { round, hospital, prekey: blobDigest(prekeyOf(statement)) },
  };
}

/** The public key that boxes are sealed to. */
export function prekeyOf({ prekey }: Pick<PrekeyStatement, "prekey">): Uint8Array {
  return Uint8Array.from(Buffer.from(prekey.slice(2), "hex"));
}

/** @returns the object's bytes */
export async function signPrekey(unsigned: UnsignedPrekey, signatures: Pick<Signatures, "sign">): Promise<Uint8Array> {
  const statement = unsignedSchema.parse(unsigned);
  const signature = (await signatures.sign(typedDataOf(statement))).toLowerCase();
  return canonicalBytes({ ...statement, signature });
}

/** @throws PREKEY_TOO_LARGE, PREKEY_MALFORMED, PREKEY_NOT_CANONICAL */
export function decodePrekeyStatement(bytes: Uint8Array): PrekeyStatement {
  return parseCanonical(bytes, prekeyStatementSchema, { what: "PREKEY", maxBytes: maxPrekeyStatementBytes });
}

/** Whether the hospital that a statement names signed it: for this contract, round and key. */
export function isPrekeySigned(
  { signature, ...statement }: PrekeyStatement,
  signatures: Pick<Signatures, "recover">,
): boolean {
  return signatures.recover(typedDataOf(statement), signature) === statement.hospital;
}
