// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Consortium} from "./Consortium.sol";
import {ITrainingRounds} from "./interfaces/ITrainingRounds.sol";

/// @title What a federation has agreed on, and the state of its newest round
/// @notice Storage, the consortium's decisions about it, and views. {TrainingRounds} moves the round.
abstract contract RoundState is ITrainingRounds, Consortium {
    /// @dev The newest round; one storage slot, all 256 bits of it:
    ///
    ///   | id 32 | status 8 | opener 8 | proposer 8 | proposals 8 | expired 8 | hospitals 16 | agreeing 16 |
    ///   | disagreeing 16 | sampleCap 24 | closeAt 16 | commitBy 32 | deadline 32 | pausedUntil 32 |
    ///
    /// Times are block times in seconds; 32 bits last until the year 2106.
    struct Round {
        uint32 id;
        Status status;
        uint8 opener;
        uint8 proposer;
        uint8 proposals;
        /// @dev Proposals that were not decided in time.
        uint8 expired;
        uint16 hospitals;
        uint16 agreeing;
        uint16 disagreeing;
        uint24 sampleCap;
        /// @dev The number of commitments that starts the grace period; 0: none does.
        uint16 closeAt;
        uint32 commitBy;
        /// @dev Committing, Proposed, Proposing: the last block time before the round moves on without progress.
        /// Final: the last for attestations. Final, Abandoned: the last at which an opener that failed must wait.
        uint32 deadline;
        /// @dev Kept over rounds.
        uint32 pausedUntil;
    }

    /// @dev {IRoundRecords.Terms} and whether others take their place at the next opening, in one slot.
    struct StoredTerms {
        uint32 commitPeriod;
        uint32 proposePeriod;
        uint32 attestPeriod;
        uint16 minUpdates;
        uint8 maxExpired;
        uint24 sampleCap;
        uint8 earlyShare;
        uint32 gracePeriod;
        bool superseded;
        /// @dev Not of the terms: how often sums were opened, kept over rounds. It is here so that a seal writes no more slots.
        uint32 seals;
    }

    uint32 internal constant MAX_PAUSE = 30 days;
    uint32 private constant MAX_PERIOD = 365 days;
    uint24 private constant MAX_SAMPLE_CAP = 1 << 20;
    /// @dev A sum of fewer shows too much to a party that knows the other inputs.
    uint256 internal constant MIN_PRIVATE_HOSPITALS = 4;

    /// @dev Zero in a federation without private sums.
    uint32 internal immutable MAX_SEALS;
    bytes32 private immutable MECHANISM;

    Round internal _round;
    /// @dev Hospitals of the round.
    uint256 internal _roundMembers;
    /// @dev Those of them that have not committed: who may commit, who has, and whether all have, in one slot. Once the
    /// round is sealed, those that are not in the sum.
    uint256 internal _pending;
    bytes32 internal _commitmentsHash;
    bytes32 internal _proposedDigest;
    bytes32 internal _latestModel;
    bytes32 internal _plan;
    /// @dev Of the running round.
    StoredTerms internal _terms;
    Terms private _nextTerms;

    constructor(bytes32 mechanism, uint32 maxSeals) {
        if ((mechanism == 0) != (maxSeals == 0)) revert MechanismInvalid(mechanism, maxSeals);
        MECHANISM = mechanism;
        MAX_SEALS = maxSeals;
    }

    modifier whenNotPaused() {
        if (block.timestamp <= _round.pausedUntil) revert RoundsPaused(_round.pausedUntil);
        _;
    }

    /// @inheritdoc ITrainingRounds
    function setTerms(Terms calldata terms) external override onlyOwner {
        _requireTerms(terms);
        if (_isRunning(_round.status)) {
            _terms.superseded = true;
            _nextTerms = terms;
        } else {
            _terms = _stored(terms);
        }
        emit TermsSet(terms);
    }

    /// @inheritdoc ITrainingRounds
    function agreePlan(bytes32 planDigest, bytes32 genesisDigest) external override onlyOwner {
        if (planDigest == 0) revert DigestZero();
        if (genesisDigest != 0 && _round.id != 0) revert GenesisFixed(_latestModel);
        _agree(planDigest, genesisDigest);
    }

    /// @inheritdoc ITrainingRounds
    function pauseUntil(uint40 until) external override onlyOwner {
        uint32 current = _round.pausedUntil;
        uint32 time = uint32(block.timestamp);
        if (time <= current) {
            // A running pause can only be cut short.
            if (until > current) revert PauseTooLong(until, current);
        } else {
            if (until < time) revert PauseNotRunning();
            if (until > time + MAX_PAUSE) revert PauseTooLong(until, time + MAX_PAUSE);
            if (current != 0 && time <= current + MAX_PAUSE) revert PauseTooSoon(current + MAX_PAUSE);
        }
        // The end of a pause stays on record, since the next one must keep its distance from it.
        if (until < time) until = time - 1;
        _round.pausedUntil = uint32(until);
        emit PausedUntil(_round.pausedUntil);
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
            expired: round.expired,
            hospitals: round.hospitals,
            agreeing: round.agreeing,
            disagreeing: round.disagreeing,
            sampleCap: round.sampleCap,
            closeAt: round.closeAt,
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
    function currentTerms() public view override returns (Terms memory) {
        StoredTerms memory terms = _terms;
        return Terms(
            terms.commitPeriod,
            terms.proposePeriod,
            terms.attestPeriod,
            terms.minUpdates,
            terms.maxExpired,
            terms.sampleCap,
            terms.earlyShare,
            terms.gracePeriod
        );
    }

    /// @inheritdoc ITrainingRounds
    function nextTerms() external view override returns (Terms memory) {
        if (_terms.superseded) return _nextTerms;
        return currentTerms();
    }

    /// @inheritdoc ITrainingRounds
    function agreedPlan() external view override returns (bytes32) {
        return _plan;
    }

    /// @inheritdoc ITrainingRounds
    function privateSums() external view override returns (PrivateSums memory) {
        return PrivateSums(MECHANISM, MAX_SEALS, _terms.seals);
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

    /// @inheritdoc ITrainingRounds
    function opensFrom(uint8 index) external view override returns (uint32) {
        return _memberAt(index).openFrom;
    }

    function _nextRound() internal view override returns (uint32) {
        return _round.id + 1;
    }

    function _agree(bytes32 planDigest, bytes32 genesisDigest) internal {
        _plan = planDigest;
        if (genesisDigest != 0) _latestModel = genesisDigest;
        emit PlanAgreed(planDigest, genesisDigest);
    }

    /// @dev Puts the terms that were set during the last round in force.
    function _takeNextTerms() internal {
        _terms = _stored(_nextTerms);
    }

    function _foundingTerms(Terms memory terms) internal {
        _requireTerms(terms);
        _terms = _stored(terms);
        emit TermsSet(terms);
    }

    /// @dev A federation without private sums carries what its predecessors spent, too, for its own successors.
    function _continue(address predecessor) internal {
        emit FederationFounded(predecessor);
        uint32 spent = _spentBy(predecessor);
        if (MAX_SEALS == 0 && spent == 0) return;
        if (MAX_SEALS != 0 && spent >= MAX_SEALS) revert SealsExhausted(MAX_SEALS);
        _terms.seals = spent;
        emit PrivateSumsFounded(MECHANISM, MAX_SEALS, spent);
    }

    /// @dev The fewest updates of a model.
    function _fewestUpdates(uint256 hospitals, uint256 minUpdates) internal view returns (uint256) {
        if (MAX_SEALS == 0) return minUpdates;
        uint256 quorum = hospitals * 2 / 3 + 1;
        if (minUpdates > quorum) return minUpdates;
        return quorum;
    }

    function _isRunning(Status status) internal pure returns (bool) {
        return status == Status.Committing || status == Status.Proposed || status == Status.Proposing
            || status == Status.Sealed;
    }

    function _requireTerms(Terms memory terms) private pure {
        if (
            terms.commitPeriod == 0 || terms.commitPeriod > MAX_PERIOD || terms.proposePeriod == 0
                || terms.proposePeriod > MAX_PERIOD || terms.attestPeriod == 0 || terms.attestPeriod > MAX_PERIOD
                || terms.minUpdates == 0 || terms.maxExpired == 0 || terms.sampleCap == 0
                || terms.sampleCap > MAX_SAMPLE_CAP || terms.earlyShare > 100
                || (terms.earlyShare == 0) != (terms.gracePeriod == 0) || terms.gracePeriod > MAX_PERIOD
        ) revert TermsInvalid();
    }

    /// @dev A contract without this view is older than private sums: it has sealed nothing.
    function _spentBy(address predecessor) private view returns (uint32) {
        if (predecessor.code.length == 0) {
            if (MAX_SEALS != 0 && predecessor != address(0)) revert PredecessorUnknown(predecessor);
            return 0;
        }
        try ITrainingRounds(predecessor).privateSums() returns (PrivateSums memory sums) {
            return sums.seals;
        } catch {
            return 0;
        }
    }

    function _stored(Terms memory terms) private view returns (StoredTerms memory) {
        return StoredTerms(
            terms.commitPeriod,
            terms.proposePeriod,
            terms.attestPeriod,
            terms.minUpdates,
            terms.maxExpired,
            terms.sampleCap,
            terms.earlyShare,
            terms.gracePeriod,
            false,
            _terms.seals
        );
    }
}
