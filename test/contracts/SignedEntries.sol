// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TrainingRounds} from "../../contracts/TrainingRounds.sol";
import {IRoundRecords} from "../../contracts/interfaces/IRoundRecords.sol";
import {vm} from "./Vm.sol";

/// @dev Commitments and votes as a hospital signs them, for others to send.
abstract contract SignedEntries {
    function _sign(TrainingRounds rounds, uint256 key, uint32 id, bytes32 digest, uint32 samples)
        internal
        view
        returns (IRoundRecords.SignedCommitment memory)
    {
        bytes32 typeHash = keccak256("Commitment(uint32 round,bytes32 manifest,uint32 sampleCount)");
        (bytes32 r, bytes32 vs) = _compact(rounds, key, keccak256(abi.encode(typeHash, id, digest, samples)));
        return IRoundRecords.SignedCommitment(digest, samples, r, vs);
    }

    function _signVote(TrainingRounds rounds, uint256 key, IRoundRecords.RoundView memory round, uint8 number, bool agree)
        internal
        view
        returns (IRoundRecords.SignedAttestation memory)
    {
        bytes32 typeHash = keccak256("Attestation(uint32 round,uint8 proposal,bytes32 model,bool agree,bytes32 scores)");
        bytes32 structHash = keccak256(abi.encode(typeHash, round.id, number, round.proposedDigest, agree, bytes32(0)));
        (bytes32 r, bytes32 vs) = _compact(rounds, key, structHash);
        return IRoundRecords.SignedAttestation(agree, 0, r, vs);
    }

    function _compact(TrainingRounds rounds, uint256 key, bytes32 structHash) internal view returns (bytes32, bytes32) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _typed(rounds, structHash));
        return (r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    function _typed(TrainingRounds rounds, bytes32 structHash) internal view returns (bytes32) {
        bytes32 domainType =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 domain = keccak256(
            abi.encode(domainType, keccak256("Consilium"), keccak256("1"), block.chainid, address(rounds))
        );
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }
}
