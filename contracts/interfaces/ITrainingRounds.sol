// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The federation's memory and referee: what was committed, proposed and agreed in each round
/// @notice One round at a time:
///
///   openRound → Committing → proposeModel → Proposed → attest → Final
///                   |                          |
///                   | too few updates          | refused by a third, or not decided in time
///                   v                          v
///               Abandoned  <—too many—     Proposing → proposeModel (by another) → Proposed
///
/// The next round opens on the last final model, whether the round before became final or was abandoned.
/// @dev Warning: digests are taken as they come. That an object exists, that it has this digest, and that a model is
/// the average of the committed updates, is verified off chain by every hospital before it attests, and by any auditor.
/// @dev Warning: finality means that more than two thirds of a round's hospitals said so. If that many are dishonest,
/// they can make any model final; the audit shows it, the contract cannot.
/// @dev Warning: any member may open a round, with any plan. Hospitals that do not know the plan do not commit; the
/// round is then abandoned after its deadline, and its opener has to let others open first.
/// @dev Warning: deadlines are block times, which block producers can shift by seconds. Use minutes, not seconds.
interface ITrainingRounds {
    /// @notice Where a round stands.
    enum Status {
        None,
        Committing,
        Proposed,
        Proposing,
        Final,
        Abandoned
    }

    /// @notice The rules of every round; one storage slot.
    struct Terms {
        /// @dev Seconds that commitments are taken for.
        uint32 commitPeriod;
        /// @dev Seconds after that in which only the opener may propose first; then anyone may, for as long again.
        uint32 proposePeriod;
        /// @dev Seconds that a proposal may be attested for.
        uint32 attestPeriod;
        /// @dev Fewer updates than this make no model.
        uint16 minUpdates;
        /// @dev After this many failed proposals the round is abandoned.
        uint8 maxProposals;
        /// @dev Largest sample count a hospital may commit with, at most 2^20: its influence bound.
        uint24 sampleCap;
    }

    /// @notice A commitment that a hospital signed, to be sent by anyone: EIP-712
    /// `Commitment(uint32 round,bytes32 manifest,uint32 sampleCount)`, signature in the form of EIP-2098.
    struct SignedCommitment {
        bytes32 manifestDigest;
        uint32 sampleCount;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice The newest round as readers see it.
    struct RoundView {
        uint32 id;
        Status status;
        /// @dev Member indices of who opened it and of who made the newest proposal.
        uint8 opener;
        uint8 proposer;
        /// @dev Proposals so far; the newest has this number.
        uint8 proposals;
        /// @dev Hospitals of this round, and how they voted on the newest proposal.
        uint16 hospitals;
        uint16 agreeing;
        uint16 disagreeing;
        uint24 sampleCap;
        /// @dev Block times: the last at which commitments are taken, and the last before {expire} applies.
        uint40 commitBy;
        uint40 deadline;
        /// @dev Bitmaps: hospitals of this round, and those of them that have not committed.
        uint256 members;
        uint256 pending;
        /// @dev Binds every commitment ever made, in order (see {commitmentsHash}).
        bytes32 commitmentsHash;
        bytes32 proposedDigest;
        bytes32 latestModel;
    }

    /// @notice New rules, for the rounds opened from now on.
    /// @param terms all of them
    event TermsSet(Terms terms);
    /// @notice Nothing but membership may change until then (0: not paused).
    /// @param until last block time of the pause
    event PausedUntil(uint40 until);
    /// @notice A round opened. `members` is the bitmap of its hospitals.
    /// @param roundId counts from 1
    /// @param opener who opened it, and may propose first
    /// @param planDigest of the plan
    /// @param baseDigest of the model that it starts from
    /// @param members bitmap of the hospitals that may commit and attest
    /// @param commitBy last block time at which commitments are taken
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
    /// @notice A hospital committed to the update that the manifest names, weighing `sampleCount`.
    /// @param roundId the round
    /// @param member the hospital, by its chain key at that time
    /// @param manifestDigest of its signed manifest
    /// @param sampleCount its weight in the average
    event UpdateCommitted(uint32 indexed roundId, address indexed member, bytes32 manifestDigest, uint32 sampleCount);
    /// @notice A member proposed a model, the aggregate of the updates of the hospitals in the bitmap `included`.
    /// @param roundId the round
    /// @param proposer the member
    /// @param number of the proposal within the round, from 1
    /// @param modelDigest of the proposed model
    /// @param included bitmap of the hospitals whose updates are in it
    /// @param commitmentsHash the rolling hash that the proposal was made on
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
    /// @notice A hospital recomputed proposal `number`, and says whether it is right.
    /// @param roundId the round
    /// @param member the hospital
    /// @param number of the proposal
    /// @param agree whether it found the same model
    /// @param scoresDigest of its scores of the model on its own patients, or zero
    event Attested(
        uint32 indexed roundId, address indexed member, uint8 number, bool agree, bytes32 scoresDigest
    );
    /// @notice A revoked hospital's vote on the open proposal counts no more.
    /// @param roundId the round
    /// @param member the hospital
    /// @param number of the proposal
    event AttestationWithdrawn(uint32 indexed roundId, address indexed member, uint8 number);
    /// @notice At least a third of the hospitals disagree, so that it can never become final.
    /// @param roundId the round
    /// @param number of the proposal
    event ProposalRefused(uint32 indexed roundId, uint8 number);
    /// @notice It was not decided in time.
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

    /// @notice The rules make no sense, or would let a round last for ever.
    error TermsInvalid();
    /// @notice A pause ends within 30 days.
    error PauseTooLong(uint40 until, uint40 latest);
    /// @notice The owner paused the rounds until then.
    error RoundsPaused(uint40 until);
    /// @notice Round `roundId` has neither become final nor been abandoned.
    error RoundRunning(uint32 roundId);
    /// @notice The newest round is `current`.
    error RoundMismatch(uint32 roundId, uint32 current);
    /// @notice The round's status does not allow this.
    error RoundStatus(uint32 roundId, Status status);
    /// @notice The base must be the last final model.
    error RoundBaseMismatch(bytes32 given, bytes32 latestModel);
    /// @notice There are not enough active hospitals to make a model.
    error RoundTooFewHospitals(uint256 hospitals, uint16 minUpdates);
    /// @notice Your last round was abandoned; let others open one until then.
    error RoundOpenerMustWait(uint40 until);
    /// @notice No deadline has passed: nothing to move on.
    error RoundNothingDue(uint32 roundId);
    /// @notice A digest of zero is the digest of nothing.
    error DigestZero();
    /// @notice `member` was admitted after this round opened.
    error MemberNotInRound(address member, uint32 roundId);
    /// @notice Commitments were taken until `commitBy`.
    error CommitmentLate(uint40 commitBy);
    /// @notice `member` has committed in this round.
    error CommitmentDuplicate(address member);
    /// @notice A sample count must be 1 to `sampleCap`.
    error CommitmentSampleCount(uint32 sampleCount, uint24 sampleCap);
    /// @notice Hospitals may still commit until `commitBy`.
    error ProposalEarly(uint40 commitBy);
    /// @notice Until then only the round's opener may propose.
    error ProposalReserved(uint40 proposeBy);
    /// @notice The open proposal may be attested until `attestBy`.
    error ProposalOpen(uint8 number, uint40 attestBy);
    /// @notice As many proposals failed as the terms allow: {expire} abandons the round.
    error ProposalsExhausted(uint8 maxProposals);
    /// @notice A proposal of `member` was refused in this round.
    error ProposerRefused(address member);
    /// @notice `included` names hospitals that have not committed.
    error ProposalNotCommitted(uint256 hospitals);
    /// @notice A model needs `minUpdates` updates.
    error ProposalTooFewUpdates(uint256 updates, uint16 minUpdates);
    /// @notice The open proposal is another model.
    error AttestationModelMismatch(bytes32 given, bytes32 proposed);
    /// @notice Attestations were taken until `attestBy`.
    error AttestationLate(uint40 attestBy);
    /// @notice `member` has attested this proposal.
    error AttestationDuplicate(address member);

    /// @notice Opens a round for all active hospitals. Any member may, when none is running.
    /// @param planDigest of the plan, which says how to train and how to aggregate
    /// @param baseDigest the last final model; of the genesis model before there is one
    /// @return roundId counts from 1
    function openRound(bytes32 planDigest, bytes32 baseDigest) external returns (uint32 roundId);

    /// @notice Commits the calling hospital to its update, once a round.
    /// @param roundId the newest round
    /// @param manifestDigest of the signed manifest, which names the update
    /// @param sampleCount training scans, 1 to the terms' sampleCap
    function commitUpdate(uint32 roundId, bytes32 manifestDigest, uint32 sampleCount) external;

    /// @notice Commits hospitals that signed, in one transaction that anyone may send. Those that have committed by
    /// themselves meanwhile are passed over; anything else that is wrong refuses the whole transaction.
    /// @dev A hospital that is left out commits with {commitUpdate}.
    /// @dev Warning: accounts that are contracts cannot sign for this.
    /// @param roundId the newest round
    /// @param signed the commitments, in the order in which they are recorded
    /// @return committed how many were recorded
    function commitUpdates(uint32 roundId, SignedCommitment[] calldata signed) external returns (uint256 committed);

    /// @notice Proposes the round's model, once all hospitals have committed or the time for it is over. The opener
    /// first; after `proposeBy`, or after a failed proposal, any member whose proposal was not refused in this round.
    /// @param roundId the newest round
    /// @param modelDigest of the model
    /// @param included bitmap of the hospitals whose updates are in it
    function proposeModel(uint32 roundId, bytes32 modelDigest, uint256 included) external;

    /// @notice The calling hospital's verdict on the open proposal, once a proposal.
    /// @dev Names the model, so that a reorganisation cannot turn it into a verdict on another one. After finality
    /// the remaining hospitals may still attest until the deadline or the next round, for the record only.
    /// @param roundId the newest round
    /// @param modelDigest of the proposed model
    /// @param agree whether the hospital's own computation gives the same
    /// @param scoresDigest of its scores of the model on its own patients, or zero
    function attest(uint32 roundId, bytes32 modelDigest, bool agree, bytes32 scoresDigest) external;

    /// @notice Moves on a round whose deadline has passed. Anyone may.
    /// @param roundId the newest round
    function expire(uint32 roundId) external;

    /// @notice Sets the rules for the rounds to come, while none is running. Owner only.
    /// @param terms all of them
    function setTerms(Terms calldata terms) external;

    /// @notice Pauses the rounds until a block time at most 30 days away, or ends a pause (any time gone by). Owner only.
    /// @dev Warning: deadlines go on during a pause. A pause lapses by itself, so a lost owner key stops nothing for ever.
    /// @param until last block time of the pause
    function pauseUntil(uint40 until) external;

    /// @notice The newest round; id 0 before the first.
    /// @return its state
    function latestRound() external view returns (RoundView memory);

    /// @notice The rules of the rounds to come, and of the running one.
    /// @return all of them
    function currentTerms() external view returns (Terms memory);

    /// @notice Block time until which the rounds are paused.
    /// @return last block time of the pause, 0 where there was none
    function pausedUntil() external view returns (uint40);

    /// @notice The last final model, or the genesis model, or zero where neither is fixed yet.
    /// @return its digest
    function latestModel() external view returns (bytes32);

    /// @notice h = keccak256(abi.encode(h, roundId, member, manifestDigest, sampleCount)) over all commitments of all
    /// rounds in order, from zero: an RPC endpoint that leaves out or invents one cannot match it.
    /// @return the hash so far
    function commitmentsHash() external view returns (bytes32);
}
