// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundRecords} from "./IRoundRecords.sol";

/// @title The rounds of a federation: commitments, proposals, attestations and final models
/// @notice One round at a time:
///
///   openRound → Committing → proposeModel → Proposed → attest → Final
///                   |                          |
///                   | too few updates          | refused by a third, or not decided in time
///                   v                          v
///               Abandoned  <—too many—     Proposing → proposeModel (by another) → Proposed
///
/// In a federation with private sums nobody sees a single update, and a round has one more step:
///
///   openRound → Committing → sealRound → Sealed → proposeModel → Proposed …
///
/// The seal names the hospitals whose sum may be opened. A round has one seal and each seal is charged to the budget that
/// the federation was founded with. A sealed round may be abandoned as a committing one is; its seal stays charged.
///
/// The next round opens on the last final model, whether the round before became final or was abandoned.
/// @dev Warning: digests are recorded unchecked. Every hospital, before it attests, and any auditor verify off chain
/// that an object exists, that it has this digest, and that a model is the average of the committed updates.
/// @dev Warning: finality means that more than two thirds of a round's hospitals agreed. If that many are dishonest,
/// they can make any model final; the audit shows it, the contract cannot prevent it.
/// @dev Warning: any member may open a round, on the agreed plan only. An opener that lets its time pass delays the round
/// by one period for proposals; it then must let others open first.
/// @dev Warning: the contract sees no update, no mask and no noise. It bounds how many sums are opened; hospitals and
/// auditors check the rest off chain.
/// @dev Warning: a budget holds for this contract and those that name it as their predecessor. A founder may leave the
/// predecessor out, and a predecessor may go on after it was continued: join a successor only if it names the federation
/// that you leave.
/// @dev Warning: deadlines are block times, which block producers can shift by seconds. Use minutes, not seconds.
interface ITrainingRounds is IRoundRecords {
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

    /// @notice Names the hospitals whose sum may be opened, once all hospitals have committed or the commit period is over;
    /// once in each round. For the terms' `proposePeriod` only the opener may, then any member, for as long again. After
    /// the opener's seal it has `proposePeriod` to propose, and then any member; after another's, any member at once.
    /// @param roundId the newest round
    /// @param included bitmap of more than two thirds of the round's hospitals, all of which have committed
    function sealRound(uint32 roundId, uint256 included) external;

    /// @notice Proposes the round's model, once all hospitals have committed or the commit period is over. Until
    /// `proposeBy` only the opener may; then, or after a failed proposal, any member not refused in this round.
    /// @dev With private sums: once the round is sealed, and of exactly the sealed hospitals.
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

    /// @notice What the federation's privacy may cost, and has cost.
    /// @return the mechanism, the budget and the seals so far; zeros in a federation without private sums
    function privateSums() external view returns (PrivateSums memory);

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
