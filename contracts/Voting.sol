// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Bitmap} from "./Bitmap.sol";
import {RoundState} from "./RoundState.sol";
import {ITrainingRounds} from "./interfaces/ITrainingRounds.sol";

/// @title How a proposal is decided, and how a round ends
/// @notice Votes, deadlines, and what becomes of members that fail the round.
abstract contract Voting is RoundState {
    using Bitmap for uint256;

    bytes32 private constant ATTESTATION_TYPEHASH =
        keccak256("Attestation(uint32 round,uint8 proposal,bytes32 model,bool agree,bytes32 scores)");

    /// @inheritdoc ITrainingRounds
    function attest(uint32 roundId, bytes32 modelDigest, bool agree, bytes32 scoresDigest)
        external
        override
        whenNotPaused
    {
        uint8 number = _requireAttesting(roundId, modelDigest);
        Member storage member = _activeHospital(msg.sender);
        if (member.fromRound > roundId) revert MemberNotInRound(msg.sender, roundId);
        if (!_mark(member, _serial(roundId, number), agree)) revert AttestationDuplicate(msg.sender);
        emit Attested(roundId, msg.sender, number, agree, scoresDigest);
        if (agree) _count(1, 0, modelDigest);
        else _count(0, 1, modelDigest);
    }

    /// @inheritdoc ITrainingRounds
    function attestFor(uint32 roundId, bytes32 modelDigest, SignedAttestation[] calldata signed)
        external
        override
        whenNotPaused
        returns (uint256 attested)
    {
        uint8 number = _requireAttesting(roundId, modelDigest);
        uint40 proposal = _serial(roundId, number);
        bytes32[] memory scores = new bytes32[](signed.length);
        uint256 voters = 0;
        uint256 agreeing = 0;
        for (uint256 i = 0; i < signed.length; ++i) {
            SignedAttestation calldata one = signed[i];
            bytes32 structHash =
                keccak256(abi.encode(ATTESTATION_TYPEHASH, roundId, number, modelDigest, one.agree, one.scoresDigest));
            (, Member storage member) = _signer(structHash, one.r, one.vs);
            uint256 own = Bitmap.single(member.index);
            if (
                !member.active || member.role != Role.Hospital || member.fromRound > roundId || own <= voters
                    || !_mark(member, proposal, one.agree)
            ) continue;
            voters |= own;
            if (one.agree) agreeing |= own;
            scores[attested] = one.scoresDigest;
            ++attested;
        }
        if (attested == 0) return 0;
        emit AttestedTogether(roundId, number, voters, agreeing, scores);
        uint256 inFavour = agreeing.count();
        _count(uint16(inFavour), uint16(attested - inFavour), modelDigest);
    }

    /// @inheritdoc ITrainingRounds
    function expire(uint32 roundId) external override whenNotPaused {
        Round storage round = _newest(roundId);
        if (!_isRunning(round.status)) revert RoundNothingDue(roundId);
        if (round.status == Status.Committing && block.timestamp > round.commitBy) {
            uint256 updates = round.hospitals - _pending.count();
            if (updates < _fewestUpdates(round.hospitals, _terms.minUpdates)) return _abandon(round);
        }
        if (block.timestamp <= round.deadline) revert RoundNothingDue(roundId);
        if (round.status == Status.Committing || round.status == Status.Sealed) _backOff(round);
        if (round.status != Status.Proposed) return _abandon(round);
        emit ProposalExpired(roundId, round.proposals);
        ++round.expired;
        _failProposal(round);
    }

    function _leaveRound(address account, Member storage member) internal override {
        Round storage round = _round;
        if (!_isRunning(round.status)) return;
        if (round.status == Status.Proposed && member.attested == _serial(round.id, round.proposals)) {
            if (member.agreed) --round.agreeing;
            else --round.disagreeing;
            emit AttestationWithdrawn(round.id, account, round.proposals);
        }
        // Otherwise all would wait until its times are over for a model that cannot become final.
        if (!(_roundMembers & activeHospitals()).count().isQuorum(round.hospitals)) _abandon(round);
    }

    /// @dev Writes to the member's own slot: as few writes as a bitmap, and nothing to clear for the next proposal. False
    /// where the member has attested this proposal before.
    function _mark(Member storage member, uint40 proposal, bool agree) private returns (bool recorded) {
        if (member.attested == proposal) return false;
        member.attested = proposal;
        member.agreed = agree;
        return true;
    }

    /// @dev Adds votes to the open proposal's, and decides it where they suffice. Both a quorum for and one against are
    /// never there at once, so the order of votes in a batch changes nothing.
    function _count(uint16 agreeing, uint16 disagreeing, bytes32 modelDigest) private {
        Round storage round = _round;
        if (round.status == Status.Final) return;
        uint32 roundId = round.id;
        uint8 number = round.proposals;
        uint256 hospitals = round.hospitals;
        agreeing += round.agreeing;
        disagreeing += round.disagreeing;
        round.agreeing = agreeing;
        round.disagreeing = disagreeing;
        if (uint256(agreeing).isQuorum(hospitals)) {
            round.status = Status.Final;
            _latestModel = modelDigest;
            emit RoundFinalised(roundId, number, modelDigest);
        } else if (!(hospitals - disagreeing).isQuorum(hospitals)) {
            // The others alone would not be a quorum any more.
            _memberAt(round.proposer).refusedRound = roundId;
            if (round.proposer == round.opener) _backOff(round);
            emit ProposalRefused(roundId, number);
            _failProposal(round);
        }
    }

    /// @dev A proposal's number in the whole federation's life.
    function _serial(uint32 roundId, uint8 number) private pure returns (uint40) {
        return (uint40(roundId) << 8) | number;
    }

    /// @dev Refused proposals do not count: each member can have one refused in a round, so f dishonest members cannot
    /// use up the attempts of the others.
    function _isExhausted(Round memory round, uint8 maxExpired) internal pure returns (bool) {
        return round.expired >= maxExpired || round.proposals == type(uint8).max;
    }

    /// @dev The opener let its time pass, or proposed what was refused: until every member could have opened a round it
    /// opens only where nobody else does in time.
    function _backOff(Round memory round) internal {
        _memberAt(round.opener).openFrom = round.id + round.hospitals + 1;
    }

    function _failProposal(Round storage round) private {
        if (_isExhausted(round, _terms.maxExpired)) return _abandon(round);
        round.status = Status.Proposing;
        round.deadline = uint32(block.timestamp) + _terms.proposePeriod;
    }

    function _abandon(Round storage round) private {
        round.status = Status.Abandoned;
        round.deadline = uint32(block.timestamp) + _terms.proposePeriod;
        emit RoundAbandoned(round.id);
    }

    /// @dev The signer and its member slot; of an account that is no member where the signature is none.
    function _signer(bytes32 structHash, bytes32 r, bytes32 vs) internal view returns (address, Member storage) {
        (address signer,,) = ECDSA.tryRecover(_hashTypedDataV4(structHash), r, vs);
        return (signer, _memberSlot(signer));
    }

    function _newest(uint32 roundId) internal view returns (Round storage round) {
        round = _round;
        if (round.id != roundId) revert RoundMismatch(roundId, round.id);
    }

    /// @dev The number of the proposal that votes are taken on.
    function _requireAttesting(uint32 roundId, bytes32 modelDigest) private view returns (uint8 number) {
        Round storage round = _newest(roundId);
        Status status = round.status;
        if (status != Status.Proposed && status != Status.Final) revert RoundStatus(roundId, status);
        if (block.timestamp > round.deadline) revert AttestationLate(round.deadline);
        if (_proposedDigest != modelDigest) revert AttestationModelMismatch(modelDigest, _proposedDigest);
        return round.proposals;
    }
}
