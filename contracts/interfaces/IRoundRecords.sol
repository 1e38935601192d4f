// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the rounds of a federation store, emit and refuse
/// @notice See {ITrainingRounds} for the calls.
interface IRoundRecords {
    /// @notice The status of a round.
    enum Status {
        None,
        Committing,
        Proposed,
        Proposing,
        Final,
        Abandoned,
        /// @dev Only in a federation with private sums: between Committing and Proposed.
        Sealed
    }

    /// @notice The rules of every round; one storage slot.
    struct Terms {
        /// @dev Seconds during which hospitals may commit.
        uint32 commitPeriod;
        /// @dev Seconds after that during which only the opener may propose; then any member may, for as long again.
        uint32 proposePeriod;
        /// @dev Seconds during which a proposal may be attested.
        uint32 attestPeriod;
        /// @dev Fewest updates that make a model.
        uint16 minUpdates;
        /// @dev The round is abandoned when this many proposals were not decided in time.
        uint8 maxExpired;
        /// @dev Largest sample count of a commitment, at most 2^20: it bounds a hospital's influence.
        uint24 sampleCap;
        /// @dev Percent of the round's hospitals whose commitments start the grace period; 0: none does.
        uint8 earlyShare;
        /// @dev Seconds from then on after which committing ends, if it would not end sooner; 0 where the share is 0.
        uint32 gracePeriod;
    }

    /// @notice What a federation with private sums may spend, and has spent.
    struct PrivateSums {
        /// @dev Digest of the mechanism that hides updates; zero in a federation without private sums.
        bytes32 mechanism;
        /// @dev Most seals, those of its predecessors included.
        uint32 maxSeals;
        /// @dev Seals so far, those of its predecessors included.
        uint32 seals;
    }

    /// @notice A commitment that a hospital signed, to be sent by anyone: EIP-712
    /// `Commitment(uint32 round,bytes32 manifest,uint32 sampleCount)`, signature in the form of EIP-2098.
    struct SignedCommitment {
        bytes32 manifestDigest;
        uint32 sampleCount;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice A vote that a hospital signed, to be sent by anyone: EIP-712
    /// `Attestation(uint32 round,uint8 proposal,bytes32 model,bool agree,bytes32 scores)`, signature as in EIP-2098.
    struct SignedAttestation {
        bool agree;
        bytes32 scoresDigest;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice The newest round as readers see it.
    struct RoundView {
        uint32 id;
        Status status;
        /// @dev Member indices of its opener and of the newest proposal's proposer.
        uint8 opener;
        uint8 proposer;
        /// @dev Proposals so far; the newest has this number.
        uint8 proposals;
        /// @dev Proposals that were not decided in time.
        uint8 expired;
        /// @dev Hospitals of this round, and how they voted on the newest proposal.
        uint16 hospitals;
        uint16 agreeing;
        uint16 disagreeing;
        uint24 sampleCap;
        /// @dev The number of commitments that starts the grace period; 0: none does.
        uint16 closeAt;
        /// @dev Block times: the last at which hospitals may commit, and the last before {expire} applies.
        uint40 commitBy;
        uint40 deadline;
        /// @dev Bitmaps: hospitals of this round, and those of them that have not committed, or once it is sealed, that are
        /// not in the sum.
        uint256 members;
        uint256 pending;
        /// @dev Binds every commitment ever made, in order (see {commitmentsHash}).
        bytes32 commitmentsHash;
        bytes32 proposedDigest;
        bytes32 latestModel;
    }

    /// @notice The plan that rounds opened from now on must have.
    /// @param planDigest of the plan
    /// @param genesisDigest of the model that the first round starts from; zero where this stays as it is
    event PlanAgreed(bytes32 planDigest, bytes32 genesisDigest);
    /// @notice Enough hospitals have committed; the others have until `commitBy`.
    /// @param roundId the round
    /// @param commitBy last block time at which commitments are taken
    /// @param proposeBy last block time at which only the opener may make the first proposal
    event CommittingShortened(uint32 indexed roundId, uint40 commitBy, uint40 proposeBy);
    /// @notice New rules, for the rounds opened from now on.
    /// @param terms all rules
    event TermsSet(Terms terms);
    /// @notice The rounds are paused until then (0: not paused); membership may still change.
    /// @param until last block time of the pause
    event PausedUntil(uint40 until);
    /// @notice A round opened. `members` is the bitmap of its hospitals.
    /// @param roundId counts from 1
    /// @param opener the member that opened it and may propose first
    /// @param planDigest of the plan
    /// @param baseDigest of the model that it starts from
    /// @param members bitmap of the hospitals that may commit and attest
    /// @param commitBy last block time at which hospitals may commit
    /// @param proposeBy last block time at which only the opener may make the first proposal
    event RoundOpened(
        uint32 indexed roundId,
        address indexed opener,
        bytes32 planDigest,
        bytes32 baseDigest,
        uint256 members,
        uint40 commitBy,
        uint40 proposeBy
    );
    /// @notice A hospital committed to the update that its manifest names, with the weight `sampleCount`.
    /// @param roundId the round
    /// @param member the hospital, by its chain key at that time
    /// @param manifestDigest of its signed manifest
    /// @param sampleCount its weight in the average
    event UpdateCommitted(uint32 indexed roundId, address indexed member, bytes32 manifestDigest, uint32 sampleCount);
    /// @notice The federation opens sums of updates only, and so many at most. Also of a federation without private sums
    /// that continues one with them: then mechanism and maxSeals are zero.
    /// @param mechanism digest of the mechanism
    /// @param maxSeals most seals, those of its predecessors included
    /// @param seals of its predecessors
    event PrivateSumsFounded(bytes32 mechanism, uint32 maxSeals, uint32 seals);
    /// @notice The sum of the updates of the hospitals in `included` may be opened, and no other of this round.
    /// @param roundId the round
    /// @param member that sealed it
    /// @param included bitmap of the hospitals
    /// @param seals so far, with this one and those of the federation's predecessors
    /// @param commitmentsHash the rolling hash at the time of the seal
    /// @param proposeBy last block time at which only the opener may make the first proposal
    event RoundSealed(
        uint32 indexed roundId,
        address indexed member,
        uint256 included,
        uint32 seals,
        bytes32 commitmentsHash,
        uint40 proposeBy
    );
    /// @notice A member proposed a model, the aggregate of the updates of the hospitals in the bitmap `included`.
    /// @param roundId the round
    /// @param proposer the member
    /// @param number of the proposal within the round, from 1
    /// @param modelDigest of the proposed model
    /// @param included bitmap of the hospitals whose updates it includes
    /// @param commitmentsHash the rolling hash at the time of the proposal
    /// @param attestBy last block time at which it may be attested
    event ModelProposed(
        uint32 indexed roundId,
        address indexed proposer,
        uint8 number,
        bytes32 modelDigest,
        uint256 included,
        bytes32 commitmentsHash,
        uint40 attestBy
    );
    /// @notice A hospital recomputed proposal `number`, and attests whether it is right.
    /// @param roundId the round
    /// @param member the hospital
    /// @param number of the proposal
    /// @param agree whether its own computation gave the same model
    /// @param scoresDigest of its scores of the model on its own patients, or zero
    event Attested(
        uint32 indexed roundId, address indexed member, uint8 number, bool agree, bytes32 scoresDigest
    );
    /// @notice {Attested}, for several hospitals whose votes were sent together: one event is cheaper than one each.
    /// @param roundId the round
    /// @param number of the proposal
    /// @param voters bitmap of the hospitals
    /// @param agreeing bitmap of those of them that agree
    /// @param scores their scores digests in the order of their indices; zeros may follow
    event AttestedTogether(
        uint32 indexed roundId, uint8 number, uint256 voters, uint256 agreeing, bytes32[] scores
    );
    /// @notice A revoked hospital's vote on the open proposal counts no more.
    /// @param roundId the round
    /// @param member the hospital
    /// @param number of the proposal
    event AttestationWithdrawn(uint32 indexed roundId, address indexed member, uint8 number);
    /// @notice At least a third of the hospitals disagree, so that the proposal can never become final.
    /// @param roundId the round
    /// @param number of the proposal
    event ProposalRefused(uint32 indexed roundId, uint8 number);
    /// @notice The proposal was not decided in time.
    /// @param roundId the round
    /// @param number of the proposal
    event ProposalExpired(uint32 indexed roundId, uint8 number);
    /// @notice More than two thirds of the round's hospitals agree. Nothing about this round changes any more.
    /// @param roundId the round
    /// @param number of the proposal
    /// @param modelDigest of the model
    event RoundFinalised(uint32 indexed roundId, uint8 number, bytes32 modelDigest);
    /// @notice The round made no model. The next one opens on the same base.
    /// @param roundId the round
    event RoundAbandoned(uint32 indexed roundId);

    /// @notice The rules are contradictory, or would let a round last for ever.
    error TermsInvalid();
    /// @notice A pause ends within 30 days of its beginning; a running one can only be cut short.
    error PauseTooLong(uint40 until, uint40 latest);
    /// @notice The last pause ended less than 30 days ago: the next may begin after `earliest`.
    error PauseTooSoon(uint40 earliest);
    /// @notice There is no pause to end.
    error PauseNotRunning();
    /// @notice The owner paused the rounds until then.
    error RoundsPaused(uint40 until);
    /// @notice Round `roundId` has neither become final nor been abandoned.
    error RoundRunning(uint32 roundId);
    /// @notice The newest round is `current`.
    error RoundMismatch(uint32 roundId, uint32 current);
    /// @notice The round's status does not allow this.
    error RoundStatus(uint32 roundId, Status status);
    /// @notice The consortium has not agreed on a plan and a genesis model yet: see {agreePlan}.
    error PlanNotAgreed();
    /// @notice A round has opened: the genesis model cannot change any more.
    error GenesisFixed(bytes32 latestModel);
    /// @notice There are not enough active hospitals to make a model.
    error RoundTooFewHospitals(uint256 hospitals, uint16 minUpdates);
    /// @notice You failed as an opener lately: let others open a round until then.
    error RoundOpenerMustWait(uint40 until);
    /// @notice No deadline of the round has passed.
    error RoundNothingDue(uint32 roundId);
    /// @notice A digest must not be zero.
    error DigestZero();
    /// @notice `member` was admitted after this round opened.
    error MemberNotInRound(address member, uint32 roundId);
    /// @notice Hospitals could commit until `commitBy`.
    error CommitmentLate(uint40 commitBy);
    /// @notice `member` has already committed in this round.
    error CommitmentDuplicate(address member);
    /// @notice A sample count must be 1 to `sampleCap`.
    error CommitmentSampleCount(uint32 sampleCount, uint24 sampleCap);
    /// @notice A federation with private sums has a mechanism and at least one seal; another one has neither.
    error MechanismInvalid(bytes32 mechanism, uint32 maxSeals);
    /// @notice Nobody can tell what the predecessor has spent: it is no contract of this chain.
    error PredecessorUnknown(address predecessor);
    /// @notice This federation has no private sums, so nothing is sealed.
    error SealsNone();
    /// @notice The privacy budget is spent: no round opens any more.
    error SealsExhausted(uint32 maxSeals);
    /// @notice Hospitals may still commit until `commitBy`.
    error SealEarly(uint40 commitBy);
    /// @notice Until then only the round's opener may seal it.
    error SealReserved(uint40 sealBy);
    /// @notice `included` names hospitals that have not committed.
    error SealNotCommitted(uint256 hospitals);
    /// @notice A sum needs `fewest` updates: more than two thirds of the round's hospitals, and the terms' minUpdates.
    error SealTooFewUpdates(uint256 updates, uint256 fewest);
    /// @notice A proposal includes exactly the hospitals of the seal.
    error ProposalNotSealed(uint256 sealedHospitals);
    /// @notice Hospitals may still commit until `commitBy`.
    error ProposalEarly(uint40 commitBy);
    /// @notice Until then only the round's opener may propose.
    error ProposalReserved(uint40 proposeBy);
    /// @notice The open proposal may be attested until `attestBy`.
    error ProposalOpen(uint8 number, uint40 attestBy);
    /// @notice As many proposals expired as the terms allow: {expire} abandons the round.
    error ProposalsExhausted(uint8 maxExpired);
    /// @notice A proposal of `member` was refused in this round.
    error ProposerRefused(address member);
    /// @notice `included` names hospitals that have not committed.
    error ProposalNotCommitted(uint256 hospitals);
    /// @notice A model needs `minUpdates` updates.
    error ProposalTooFewUpdates(uint256 updates, uint16 minUpdates);
    /// @notice The open proposal is of another model.
    error AttestationModelMismatch(bytes32 given, bytes32 proposed);
    /// @notice Hospitals could attest until `attestBy`.
    error AttestationLate(uint40 attestBy);
    /// @notice `member` has already attested this proposal.
    error AttestationDuplicate(address member);
}
