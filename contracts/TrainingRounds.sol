// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Bitmap} from "./Bitmap.sol";
import {Consortium} from "./Consortium.sol";
import {ITrainingRounds} from "./interfaces/ITrainingRounds.sol";

/// @title The rounds of one federation
/// @notice See {ITrainingRounds} and {IConsortium}.
contract TrainingRounds is ITrainingRounds, Consortium {
    using Bitmap for uint256;

    /// @dev The newest round; one storage slot, all 256 bits of it:
    ///
    ///   | id 32 | status 8 | opener 8 | proposer 8 | proposals 8 | hospitals 16 | agreeing 16 | disagreeing 16 |
    ///   | sampleCap 24 | commitBy 40 | deadline 40 | pausedUntil 40 |
    struct Round {
        uint32 id;
        Status status;
        uint8 opener;
        uint8 proposer;
        uint8 proposals;
        uint16 hospitals;
        uint16 agreeing;
        uint16 disagreeing;
        uint24 sampleCap;
        uint40 commitBy;
        /// @dev Committing, Proposed, Proposing: the last block time before the round moves on without progress.
        /// Final: the last for attestations. Abandoned: the last at which its opener may not open the next.
        uint40 deadline;
        uint40 pausedUntil;
    }

    bytes32 private constant COMMITMENT_TYPEHASH =
        keccak256("Commitment(uint32 round,bytes32 manifest,uint32 sampleCount)");
    uint40 private constant MAX_PAUSE = 30 days;
    uint32 private constant MAX_PERIOD = 365 days;
    uint24 private constant MAX_SAMPLE_CAP = 1 << 20;

    Round private _round;
    /// @dev Hospitals of the round.
    uint256 private _roundMembers;
    /// @dev Hospitals of the round that have not committed; zero once all have.
    uint256 private _pending;
    bytes32 private _commitmentsHash;
    bytes32 private _proposedDigest;
    bytes32 private _latestModel;
    Terms private _terms;

    modifier whenNotPaused() {
        if (block.timestamp <= _round.pausedUntil) revert RoundsPaused(_round.pausedUntil);
        _;
    }

    /// @notice Founds a federation, which may continue an earlier one.
    /// @param owner decides about members; may be a multisig
    /// @param terms the rules of the first rounds
    /// @param predecessor the federation that this one continues, or zero
    /// @param genesisDigest the model that the first round starts from; zero lets the first opener choose it
    constructor(address owner, Terms memory terms, address predecessor, bytes32 genesisDigest) Consortium(owner) {
        _setTerms(terms);
        _latestModel = genesisDigest;
        emit FederationFounded(predecessor, genesisDigest);
    }

    /// @inheritdoc ITrainingRounds
    function openRound(bytes32 planDigest, bytes32 baseDigest) external override whenNotPaused returns (uint32 id) {
        Round memory round = _round;
        Member storage member = _activeMember(msg.sender);
        if (_isRunning(round.status)) revert RoundRunning(round.id);
        if (round.status == Status.Abandoned && round.opener == member.index && block.timestamp <= round.deadline) {
            revert RoundOpenerMustWait(round.deadline);
        }
        if (planDigest == 0 || baseDigest == 0) revert DigestZero();
        if (_latestModel != 0 && _latestModel != baseDigest) revert RoundBaseMismatch(baseDigest, _latestModel);
        Terms memory terms = _terms;
        uint256 members = activeHospitals();
        uint256 hospitals = members.count();
        if (hospitals < terms.minUpdates) revert RoundTooFewHospitals(hospitals, terms.minUpdates);

        id = round.id + 1;
        uint40 commitBy = uint40(block.timestamp) + terms.commitPeriod;
        uint40 proposeBy = commitBy + terms.proposePeriod;
        _round = Round({
            id: id,
            status: Status.Committing,
            opener: member.index,
            proposer: 0,
            proposals: 0,
            hospitals: uint16(hospitals),
            agreeing: 0,
            disagreeing: 0,
            sampleCap: terms.sampleCap,
            commitBy: commitBy,
            deadline: proposeBy + terms.proposePeriod,
            pausedUntil: 0
        });
        _roundMembers = members;
        _pending = members;
        emit RoundOpened(id, msg.sender, planDigest, baseDigest, members, commitBy, proposeBy);
    }

    /// @inheritdoc ITrainingRounds
    function commitUpdate(uint32 roundId, bytes32 manifestDigest, uint32 sampleCount) external override whenNotPaused {
        _requireCommitment(manifestDigest, sampleCount, _requireCommitting(roundId));
        Member storage member = _activeHospital(msg.sender);
        uint256 own = Bitmap.single(member.index);
        uint256 pending = _pending;
        if (pending & own == 0) {
            if (member.fromRound > roundId) revert MemberNotInRound(msg.sender, roundId);
            revert CommitmentDuplicate(msg.sender);
        }
        _pending = pending ^ own;
        _commitmentsHash = _record(_commitmentsHash, roundId, msg.sender, manifestDigest, sampleCount);
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
            _requireCommitment(one.manifestDigest, one.sampleCount, sampleCap);
            bytes32 structHash = keccak256(abi.encode(COMMITMENT_TYPEHASH, roundId, one.manifestDigest, one.sampleCount));
            address signer = ECDSA.recover(_hashTypedDataV4(structHash), one.r, one.vs);
            Member storage member = _activeHospital(signer);
            uint256 own = Bitmap.single(member.index);
            if (pending & own == 0) {
                if (member.fromRound > roundId) revert MemberNotInRound(signer, roundId);
                continue;
            }
            pending ^= own;
            hash = _record(hash, roundId, signer, one.manifestDigest, one.sampleCount);
            ++committed;
        }
        _pending = pending;
        _commitmentsHash = hash;
    }

    /// @inheritdoc ITrainingRounds
    function proposeModel(uint32 roundId, bytes32 modelDigest, uint256 included) external override whenNotPaused {
        Round memory round = _newest(roundId);
        Member storage member = _activeMember(msg.sender);
        Terms memory terms = _terms;
        if (!_isRunning(round.status)) revert RoundStatus(roundId, round.status);
        if (modelDigest == 0) revert DigestZero();
        if (member.refusedRound == roundId) revert ProposerRefused(msg.sender);
        uint256 pending = _pending;
        if (round.status == Status.Committing) {
            if (pending != 0 && block.timestamp <= round.commitBy) revert ProposalEarly(round.commitBy);
            uint40 proposeBy = round.commitBy + terms.proposePeriod;
            if (member.index != round.opener && block.timestamp <= proposeBy) revert ProposalReserved(proposeBy);
        } else {
            if (round.status == Status.Proposed) {
                if (block.timestamp <= round.deadline) revert ProposalOpen(round.proposals, round.deadline);
                emit ProposalExpired(roundId, round.proposals);
            }
            if (round.proposals >= terms.maxProposals) revert ProposalsExhausted(terms.maxProposals);
        }
        uint256 notCommitted = included & ~(_roundMembers & ~pending);
        if (notCommitted != 0) revert ProposalNotCommitted(notCommitted);
        uint256 updates = included.count();
        if (updates < terms.minUpdates) revert ProposalTooFewUpdates(updates, terms.minUpdates);

        round.status = Status.Proposed;
        round.proposer = member.index;
        ++round.proposals;
        round.agreeing = 0;
        round.disagreeing = 0;
        round.deadline = uint40(block.timestamp) + terms.attestPeriod;
        _round = round;
        _proposedDigest = modelDigest;
        emit ModelProposed(
            roundId, msg.sender, round.proposals, modelDigest, included, _commitmentsHash, round.deadline
        );
    }

    /// @inheritdoc ITrainingRounds
    function attest(uint32 roundId, bytes32 modelDigest, bool agree, bytes32 scoresDigest)
        external
        override
        whenNotPaused
    {
        Round storage round = _newest(roundId);
        Status status = round.status;
        if (status != Status.Proposed && status != Status.Final) revert RoundStatus(roundId, status);
        if (block.timestamp > round.deadline) revert AttestationLate(round.deadline);
        if (_proposedDigest != modelDigest) revert AttestationModelMismatch(modelDigest, _proposedDigest);
        uint8 number = round.proposals;
        _recordAttestation(msg.sender, roundId, number, agree);
        emit Attested(roundId, msg.sender, number, agree, scoresDigest);
        if (status == Status.Final) return;
        uint256 hospitals = round.hospitals;
        if (agree) {
            uint16 agreeing = round.agreeing + 1;
            round.agreeing = agreeing;
            if (uint256(agreeing).isQuorum(hospitals)) {
                round.status = Status.Final;
                _latestModel = modelDigest;
                emit RoundFinalised(roundId, number, modelDigest);
            }
        } else {
            uint16 disagreeing = round.disagreeing + 1;
            round.disagreeing = disagreeing;
            // Without these, the other hospitals are no quorum any more.
            if (!(hospitals - disagreeing).isQuorum(hospitals)) {
                _memberAt(round.proposer).refusedRound = roundId;
                emit ProposalRefused(roundId, number);
                _failProposal(round);
            }
        }
    }

    /// @inheritdoc ITrainingRounds
    function expire(uint32 roundId) external override whenNotPaused {
        Round storage round = _newest(roundId);
        if (!_isRunning(round.status)) revert RoundNothingDue(roundId);
        if (round.status == Status.Committing && block.timestamp > round.commitBy) {
            uint256 updates = round.hospitals - _pending.count();
            if (updates < _terms.minUpdates) return _abandon(roundId);
        }
        if (block.timestamp <= round.deadline) revert RoundNothingDue(roundId);
        if (round.status != Status.Proposed) return _abandon(roundId);
        emit ProposalExpired(roundId, round.proposals);
        _failProposal(round);
    }

    /// @inheritdoc ITrainingRounds
    function setTerms(Terms calldata terms) external override onlyOwner {
        if (_isRunning(_round.status)) revert RoundRunning(_round.id);
        _setTerms(terms);
    }

    /// @inheritdoc ITrainingRounds
    function pauseUntil(uint40 until) external override onlyOwner {
        uint40 latest = uint40(block.timestamp) + MAX_PAUSE;
        if (until > latest) revert PauseTooLong(until, latest);
        _round.pausedUntil = until;
        emit PausedUntil(until);
    }

    /// @inheritdoc ITrainingRounds
    function latestRound() external view override returns (RoundView memory) {
        Round memory round = _round;
        return RoundView({
            id: round.id,
            status: round.status,
            opener: round.opener,
            proposer: round.proposer,
            proposals: round.proposals,
            hospitals: round.hospitals,
            agreeing: round.agreeing,
            disagreeing: round.disagreeing,
            sampleCap: round.sampleCap,
            commitBy: round.commitBy,
            deadline: round.deadline,
            members: _roundMembers,
            pending: _pending,
            commitmentsHash: _commitmentsHash,
            proposedDigest: _proposedDigest,
            latestModel: _latestModel
        });
    }

    /// @inheritdoc ITrainingRounds
    function currentTerms() external view override returns (Terms memory) {
        return _terms;
    }

    /// @inheritdoc ITrainingRounds
    function pausedUntil() external view override returns (uint40) {
        return _round.pausedUntil;
    }

    /// @inheritdoc ITrainingRounds
    function latestModel() external view override returns (bytes32) {
        return _latestModel;
    }

    /// @inheritdoc ITrainingRounds
    function commitmentsHash() external view override returns (bytes32) {
        return _commitmentsHash;
    }

    function _nextRound() internal view override returns (uint32) {
        return _round.id + 1;
    }

    function _withdrawAttestation(address account, Member storage member) internal override {
        Round storage round = _round;
        if (round.status != Status.Proposed) return;
        if (member.attested != _serial(round.id, round.proposals)) return;
        if (member.agreed) --round.agreeing;
        else --round.disagreeing;
        emit AttestationWithdrawn(round.id, account, round.proposals);
    }

    /// @dev Writes to the member's own slot: as few writes as a bitmap, and nothing to clear for the next proposal.
    function _recordAttestation(address account, uint32 roundId, uint8 number, bool agree) private {
        Member storage member = _activeHospital(account);
        if (member.fromRound > roundId) revert MemberNotInRound(account, roundId);
        uint40 proposal = _serial(roundId, number);
        if (member.attested == proposal) revert AttestationDuplicate(account);
        member.attested = proposal;
        member.agreed = agree;
    }

    /// @dev The number of a proposal among all proposals of the federation.
    function _serial(uint32 roundId, uint8 number) private pure returns (uint40) {
        return (uint40(roundId) << 8) | number;
    }

    function _failProposal(Round storage round) private {
        uint8 maxProposals = _terms.maxProposals;
        if (round.proposals >= maxProposals) return _abandon(round.id);
        _round.status = Status.Proposing;
        _round.deadline = uint40(block.timestamp) + _terms.proposePeriod;
    }

    function _abandon(uint32 roundId) private {
        _round.status = Status.Abandoned;
        _round.deadline = uint40(block.timestamp) + _terms.proposePeriod;
        emit RoundAbandoned(roundId);
    }

    function _record(bytes32 hash, uint32 roundId, address member, bytes32 manifestDigest, uint32 sampleCount)
        private
        returns (bytes32)
    {
        emit UpdateCommitted(roundId, member, manifestDigest, sampleCount);
        return keccak256(abi.encode(hash, roundId, member, manifestDigest, sampleCount));
    }

    function _setTerms(Terms memory terms) private {
        if (
            terms.commitPeriod == 0 || terms.commitPeriod > MAX_PERIOD || terms.proposePeriod == 0
                || terms.proposePeriod > MAX_PERIOD || terms.attestPeriod == 0 || terms.attestPeriod > MAX_PERIOD
                || terms.minUpdates == 0 || terms.maxProposals == 0 || terms.sampleCap == 0
                || terms.sampleCap > MAX_SAMPLE_CAP
        ) revert TermsInvalid();
        _terms = terms;
        emit TermsSet(terms);
    }

    function _newest(uint32 roundId) private view returns (Round storage round) {
        round = _round;
        if (round.id != roundId) revert RoundMismatch(roundId, round.id);
    }

    /// @dev Reads only the fields that it needs: every hospital pays for this path.
    function _requireCommitting(uint32 roundId) private view returns (uint24 sampleCap) {
        Round storage round = _newest(roundId);
        if (round.status != Status.Committing) revert RoundStatus(roundId, round.status);
        if (block.timestamp > round.commitBy) revert CommitmentLate(round.commitBy);
        return round.sampleCap;
    }

    function _requireCommitment(bytes32 manifestDigest, uint32 sampleCount, uint24 sampleCap) private pure {
        if (manifestDigest == 0) revert DigestZero();
        if (sampleCount == 0 || sampleCount > sampleCap) revert CommitmentSampleCount(sampleCount, sampleCap);
    }

    function _isRunning(Status status) private pure returns (bool) {
        return status == Status.Committing || status == Status.Proposed || status == Status.Proposing;
    }
}
