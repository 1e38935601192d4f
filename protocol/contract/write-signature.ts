// The signature of a signed write: the contract's own EIP-712 data, so that members check what the contract will check.
import type { SignedCommitmentWrite, SignedVote, SignedWrite } from "../format/signed-write.ts";
import type { Signatures, TypedData } from "../ports.ts";
import { attestationTypedData } from "./attestation.ts";
import { commitmentTypedData } from "./commitment.ts";

/** A write that is not signed yet. */
export type UnsignedWrite = Omit<SignedCommitmentWrite, "signature"> | Omit<SignedVote, "signature">;

export async function signWrite(write: UnsignedWrite, signatures: Pick<Signatures, "sign">): Promise<SignedWrite> {
  const signature = (await signatures.sign(typedDataOf(write))).toLowerCase() as `0x${string}`;
  return { ...write, signature };
}

/** Whether the hospital that the write names signed it: for its contract, chain, round and content. */
export function isSignedByHospital(write: SignedWrite, signatures: Pick<Signatures, "recover">): boolean {
  return signatures.recover(typedDataOf(write), write.signature) === write.hospital;
}

function typedDataOf(write: UnsignedWrite): TypedData {
  return write.kind === "commitment" ? commitmentTypedData(write, write) : attestationTypedData(write, write);
}
