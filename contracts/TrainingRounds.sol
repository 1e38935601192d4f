// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bitmap} from "./Bitmap.sol";
import {Consortium} from "./Consortium.sol";
import {RoundState} from "./RoundState.sol";
import {Sealing} from "./Sealing.sol";
import {ITrainingRounds} from "./interfaces/ITrainingRounds.sol";

/// @title The rounds of one federation
/// @notice See {ITrainingRounds} and {IConsortium}.
contract TrainingRounds is Sealing {
    using Bitmap for uint256;

    bytes32 private constant COMMITMENT_TYPEHASH =
        keccak256("Commitment(uint32 round,bytes32 manifest,uint32 sampleCount)");

    /// @notice Founds a federation, which may continue an earlier one.
    /// @param owner decides about members; may be a multisig
    /// @param terms the rules of the first rounds
    /// @param predecessor the federation that this one continues, or zero
    /// @param planDigest the plan of the first rounds; zero leaves it to {agreePlan}
    /// @param genesisDigest the model that the first round starts from; zero leaves it to {agreePlan}
    /// @param mechanism digest of the mechanism of private sums; zero founds a federation without them
    /// @param maxSeals the sums that may be opened, those of predecessors included; zero where the mechanism is
    constructor(
        address owner,
        Terms memory terms,
        address predecessor,
        bytes32 planDigest,
        bytes32 genesisDigest,
        bytes32 mechanism,
        uint32 maxSeals
    ) Consortium(owner) RoundState(mechanism, maxSeals) {
        _foundingTerms(terms);
        _continue(predecessor);
        if (planDigest != 0 || genesisDigest != 0) _agree(planDigest, genesisDigest);
    }

    /// @inheritdoc ITrainingRounds
    function openRound() external override whenNotPaused returns (uint32 id) {
        Round storage last = _round;
        Member storage member = _activeMember(msg.sender);
        Status status = last.status;
        // The usual one first.
        if (status != Status.Final && status != Status.Abandoned && status != Status.None) revert RoundRunning(last.id);
        id = last.id + 1;
        if (member.openFrom > id && block.timestamp <= last.deadline) revert RoundOpenerMustWait(last.deadline);
        bytes32 plan = _plan;
        bytes32 base = _latestModel;
        if (plan == 0 || base == 0) revert PlanNotAgreed();
        if (_terms.superseded) _takeNextTerms();
        StoredTerms storage terms = _terms;
        uint256 members = activeHospitals();
        uint256 hospitals = members.count();
        if (hospitals < terms.minUpdates) revert RoundTooFewHospitals(hospitals, terms.minUpdates);
        if (MAX_SEALS != 0) _requirePrivacy(hospitals);

        uint32 commitBy = uint32(block.timestamp) + terms.commitPeriod;
        uint32 proposeBy = commitBy + terms.proposePeriod;
        _round = Round({
            id: id,
            status: Status.Committing,
            opener: member.index,
            proposer: 0,
            proposals: 0,
            expired: 0,
            hospitals: uint16(hospitals),
            agreeing: 0,
            disagreeing: 0,
            sampleCap: terms.sampleCap,
            // Rounded up: at least the stated share.
            closeAt: uint16((hospitals * terms.earlyShare + 99) / 100),
            commitBy: commitBy,
            deadline: proposeBy + terms.proposePeriod,
            pausedUntil: last.pausedUntil
        });
        _roundMembers = members;
        _pending = members;
        emit RoundOpened(id, msg.sender, plan, base, members, commitBy, proposeBy);
    }

    /// @inheritdoc ITrainingRounds
    function commitUpdate(uint32 roundId, bytes32 manifestDigest, uint32 sampleCount) external override whenNotPaused {
        uint24 sampleCap = _requireCommitting(roundId);
        if (manifestDigest == 0) revert DigestZero();
        if (sampleCount == 0 || sampleCount > sampleCap) revert CommitmentSampleCount(sampleCount, sampleCap);
        Member storage member = _activeHospital(msg.sender);
        uint256 own = Bitmap.single(member.index);
        uint256 pending = _pending;
        if (pending & own == 0) {
            if (member.fromRound > roundId) revert MemberNotInRound(msg.sender, roundId);
            revert CommitmentDuplicate(msg.sender);
        }
        _pending = pending ^ own;
        _commitmentsHash = _record(_commitmentsHash, roundId, msg.sender, manifestDigest, sampleCount);
        _closeEarly(roundId, pending ^ own);
    }

    /// @inheritdoc ITrainingRounds
    function commitUpdates(uint32 roundId, SignedCommitment[] calldata signed)
        external
        override
        whenNotPaused
        returns (uint256 committed)
    {
        uint24 sampleCap = _requireCommitting(roundId);
        uint256 pending = _pending;
        bytes32 hash = _commitmentsHash;
        for (uint256 i = 0; i < signed.length; ++i) {
            SignedCommitment calldata one = signed[i];
            bytes32 structHash = keccak256(abi.encode(COMMITMENT_TYPEHASH, roundId, one.manifestDigest, one.sampleCount));
            (address signer, Member storage member) = _signer(structHash, one.r, one.vs);
            uint256 own = Bitmap.single(member.index);
            // One entry that does not hold must not cost the others their turn.
            if (
                !member.active || member.role != Role.Hospital || pending & own == 0 || one.manifestDigest == 0
                    || one.sampleCount == 0 || one.sampleCount > sampleCap
            ) continue;
            pending ^= own;
            hash = _record(hash, roundId, signer, one.manifestDigest, one.sampleCount);
            ++committed;
            _closeEarly(roundId, pending);
        }
        _pending = pending;
        _commitmentsHash = hash;
    }

    /// @inheritdoc ITrainingRounds
    function proposeModel(uint32 roundId, bytes32 modelDigest, uint256 included) external override whenNotPaused {
        Round memory round = _newest(roundId);
        Member storage member = _activeMember(msg.sender);
        StoredTerms storage terms = _terms;
        if (!_isRunning(round.status) || (MAX_SEALS != 0 && round.status == Status.Committing)) {
            revert RoundStatus(roundId, round.status);
        }
        if (modelDigest == 0) revert DigestZero();
        if (member.refusedRound == roundId) revert ProposerRefused(msg.sender);
        uint256 pending = _pending;
        if (round.status == Status.Committing || round.status == Status.Sealed) {
            if (pending != 0 && round.status == Status.Committing && block.timestamp <= round.commitBy) {
                revert ProposalEarly(round.commitBy);
            }
            // Of both phases the first half is the opener's.
            uint32 proposeBy = round.deadline - terms.proposePeriod;
            if (member.index != round.opener) {
                if (block.timestamp <= proposeBy) revert ProposalReserved(proposeBy);
                _backOff(round);
            }
        } else {
            if (round.status == Status.Proposed) {
                if (block.timestamp <= round.deadline) revert ProposalOpen(round.proposals, round.deadline);
                emit ProposalExpired(roundId, round.proposals);
                ++round.expired;
            }
            if (_isExhausted(round, terms.maxExpired)) revert ProposalsExhausted(terms.maxExpired);
        }
        uint256 committed = _roundMembers & ~pending;
        if (MAX_SEALS != 0 && included != committed) revert ProposalNotSealed(committed);
        uint256 notCommitted = included & ~committed;
        if (notCommitted != 0) revert ProposalNotCommitted(notCommitted);
        uint256 updates = included.count();
        if (updates < terms.minUpdates) revert ProposalTooFewUpdates(updates, terms.minUpdates);

        round.status = Status.Proposed;
        round.proposer = member.index;
        ++round.proposals;
        round.agreeing = 0;
        round.disagreeing = 0;
        round.deadline = uint32(block.timestamp) + terms.attestPeriod;
        _round = round;
        _proposedDigest = modelDigest;
        emit ModelProposed(
            roundId, msg.sender, round.proposals, modelDigest, included, _commitmentsHash, round.deadline
        );
    }

    /// @dev Ends committing after the grace period, once the stated share has committed.
    function _closeEarly(uint32 roundId, uint256 pending) private {
        Round storage round = _round;
        uint256 closeAt = round.closeAt;
        if (closeAt == 0) return;
        // Only the commitment that reaches the share starts the period.
        if (round.hospitals - pending.count() != closeAt) return;
        uint32 commitBy = uint32(block.timestamp) + _terms.gracePeriod;
        if (commitBy >= round.commitBy) return;
        round.commitBy = commitBy;
        round.deadline = commitBy + 2 * _terms.proposePeriod;
        emit CommittingShortened(roundId, commitBy, commitBy + _terms.proposePeriod);
    }

    function _record(bytes32 hash, uint32 roundId, address member, bytes32 manifestDigest, uint32 sampleCount)
        private
        returns (bytes32)
    {
        emit UpdateCommitted(roundId, member, manifestDigest, sampleCount);
        return keccak256(abi.encode(hash, roundId, member, manifestDigest, sampleCount));
    }

    /// @dev Reads the fields it needs straight from the slot: this is the path that every hospital pays for.
    function _requireCommitting(uint32 roundId) private view returns (uint24 sampleCap) {
        Round storage round = _newest(roundId);
        if (round.status != Status.Committing) revert RoundStatus(roundId, round.status);
        if (block.timestamp > round.commitBy) revert CommitmentLate(round.commitBy);
        return round.sampleCap;
    }
}
