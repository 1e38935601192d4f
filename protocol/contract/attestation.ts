// The EIP-712 data that a hospital signs so that another party can send its vote, as Voting.sol hashes it.
import type { Digest, RoundId } from "../format/digest.ts";
import type { FederationId } from "../format/federation-id.ts";
import type { TypedData } from "../ports.ts";

/** The fields and their order are the contract's ATTESTATION_TYPEHASH. */
export function attestationTypedData(
  { chainId, contract }: FederationId,
  {
    round,
    proposal,
    model,
    agree,
    scores,
  }: {
    readonly round: RoundId;
    readonly proposal: number;
    readonly model: Digest;
    readonly agree: boolean;
    readonly scores: Digest;
  },
): TypedData {
  return {
    domain: { name: "Consilium", version: "1", chainId, verifyingContract: contract },
    types: {
      Attestation: [
        { name: "round", type: "uint32" },
        { name: "proposal", type: "uint8" },
        { name: "model", type: "bytes32" },
        { name: "agree", type: "bool" },
        { name: "scores", type: "bytes32" },
      ],
    },
    message: { round, proposal, model, agree, scores },
  };
}
