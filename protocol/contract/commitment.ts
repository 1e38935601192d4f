// The EIP-712 data that a hospital signs so that another party can send its commitment, as TrainingRounds.sol hashes it.
import type { Digest, RoundId } from "../format/digest.ts";
import type { FederationId } from "../format/federation-id.ts";
import type { TypedData } from "../ports.ts";

/** The fields and their order are the contract's COMMITMENT_TYPEHASH. */
export function commitmentTypedData(
  { chainId, contract }: FederationId,
  {
    round,
    manifest,
    sampleCount,
  }: { readonly round: RoundId; readonly manifest: Digest; readonly sampleCount: number },
): TypedData {
  return {
    domain: { name: "Consilium", version: "1", chainId, verifyingContract: contract },
    types: {
      Commitment: [
        { name: "round", type: "uint32" },
        { name: "manifest", type: "bytes32" },
        { name: "sampleCount", type: "uint32" },
      ],
    },
    message: { round, manifest, sampleCount },
  };
}
