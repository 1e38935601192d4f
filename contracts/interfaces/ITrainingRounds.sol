// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The rounds of a federation: commitments, proposals, attestations and final models
/// @notice One round at a time:
///
///   openRound → Committing → proposeModel → Proposed → attest → Final
///                   |                          |
///                   | too few updates          | refused by a third, or not decided in time
///                   v                          v
///               Abandoned  <—too many—     Proposing → proposeModel (by another) → Proposed
///
/// The next round opens on the last final model, whether the round before became final or was abandoned.
/// @dev Warning: digests are recorded unchecked. Every hospital, before it attests, and any auditor verify off chain
/// that an object exists, that it has this digest, and that a model is the average of the committed updates.
/// @dev Warning: finality means that more than two thirds of a round's hospitals agreed. If that many are dishonest,
/// they can make any model final; the audit shows it, the contract cannot prevent it.
/// @dev Warning: any member may open a round, on the agreed plan only. An opener that lets its time pass delays the round
/// by one period for proposals; it then must let others open first.
/// @dev Warning: deadlines are block times, which block producers can shift by seconds. Use minutes, not seconds.
interface ITrainingRounds {
    /// @notice The status of a round.
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
        /// @dev Bitmaps: hospitals of this round, and those of them that have not committed.
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

    /// @notice Opens a round for all active hospitals, on the agreed plan and the last final model (or the genesis model
    /// before there is one): its opener has nothing to choose. Any member may, when no round is running. A member that
    /// failed as an opener (let its time to propose pass, or had its proposal refused) waits, for as many rounds as there
    /// are hospitals, until the deadline of the round before; so f members waste at most f of n + 1 openers' turns.
    /// @return roundId counts from 1
    function openRound() external returns (uint32 roundId);

    /// @notice Commits the calling hospital to its update; once in each round.
    /// @param roundId the newest round
    /// @param manifestDigest of the signed manifest, which names the update
    /// @param sampleCount training scans, 1 to the terms' sampleCap
    function commitUpdate(uint32 roundId, bytes32 manifestDigest, uint32 sampleCount) external;

    /// @notice Commits hospitals that signed, in one transaction that anyone may send. Entries that do not hold are passed
    /// over: a bad signature, a revoked hospital, one that has committed, a sample count beyond the cap.
    /// @dev A hospital that is left out commits with {commitUpdate}.
    /// @dev Warning: accounts that are contracts cannot sign for this.
    /// @param roundId the newest round
    /// @param signed the commitments, in the order in which they are recorded
    /// @return committed the number of recorded commitments
    function commitUpdates(uint32 roundId, SignedCommitment[] calldata signed) external returns (uint256 committed);

    /// @notice Proposes the round's model, once all hospitals have committed or the commit period is over. Until
    /// `proposeBy` only the opener may; then, or after a failed proposal, any member not refused in this round.
    /// @param roundId the newest round
    /// @param modelDigest of the model
    /// @param included bitmap of the hospitals whose updates it includes
    function proposeModel(uint32 roundId, bytes32 modelDigest, uint256 included) external;

    /// @notice Records the calling hospital's verdict on the open proposal; once for each proposal.
    /// @dev The call names the model, so that a reorganisation cannot turn it into a verdict on another one. After
    /// finality the other hospitals may still attest until the deadline or the next round, for the record only.
    /// @param roundId the newest round
    /// @param modelDigest of the proposed model
    /// @param agree whether the hospital's own computation gives the same
    /// @param scoresDigest of its scores of the model on its own patients, or zero
    function attest(uint32 roundId, bytes32 modelDigest, bool agree, bytes32 scoresDigest) external;

    /// @notice {attest} for hospitals that signed, in one transaction that anyone may send. Entries that do not hold are
    /// passed over: a bad signature, a revoked hospital, one that has attested this proposal, one that does not follow in
    /// ascending order of member indices.
    /// @param roundId the newest round
    /// @param modelDigest of the proposed model
    /// @param signed the votes, in ascending order of their members' indices
    /// @return attested how many were recorded
    function attestFor(uint32 roundId, bytes32 modelDigest, SignedAttestation[] calldata signed)
        external
        returns (uint256 attested);

    /// @notice Moves on a round whose deadline has passed. Anyone may.
    /// @param roundId the newest round
    function expire(uint32 roundId) external;

    /// @notice Sets the rules for the rounds opened from now on; a running round keeps its own. Owner only.
    /// @param terms all of them
    function setTerms(Terms calldata terms) external;

    /// @notice Agrees on the plan of the rounds opened from now on, and before the first round on the genesis model. Owner
    /// only; where the hospitals own the contract, by their vote.
    /// @param planDigest of the plan
    /// @param genesisDigest of the model that the first round starts from; zero keeps what is fixed
    function agreePlan(bytes32 planDigest, bytes32 genesisDigest) external;

    /// @notice Pauses the rounds until a block time at most 30 days away, or cuts a pause short (any time gone by ends it).
    /// Between the end of a pause and the next one lie at least 30 days. Owner only.
    /// @dev Warning: deadlines go on during a pause. A pause lapses by itself, so a lost owner key stops nothing for ever.
    /// @param until last block time of the pause
    function pauseUntil(uint40 until) external;

    /// @notice The newest round; id 0 before the first.
    /// @return its state
    function latestRound() external view returns (RoundView memory);

    /// @notice The rules of the running round; where none runs, of the last one or as set since.
    /// @return all of them
    function currentTerms() external view returns (Terms memory);

    /// @notice The rules of the next round to open.
    /// @return all of them
    function nextTerms() external view returns (Terms memory);

    /// @notice The plan that the next round must have.
    /// @return its digest, zero before there is one
    function agreedPlan() external view returns (bytes32);

    /// @notice The first round that a member may open without waiting.
    /// @param index of the member
    /// @return a round id, 0 where it never failed as an opener
    function opensFrom(uint8 index) external view returns (uint32);

    /// @notice Block time until which the rounds are paused.
    /// @return last block time of the pause, 0 if there was none
    function pausedUntil() external view returns (uint40);

    /// @notice The last final model, or the genesis model, or zero if neither exists yet.
    /// @return its digest
    function latestModel() external view returns (bytes32);

    /// @notice h = keccak256(abi.encode(h, roundId, member, manifestDigest, sampleCount)) over all commitments of all
    /// rounds in order, from zero: it exposes an RPC endpoint that leaves out or invents a commitment.
    /// @return the hash so far
    function commitmentsHash() external view returns (bytes32);
}
