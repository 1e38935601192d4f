// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TrainingRounds} from "../../contracts/TrainingRounds.sol";
import {IRoundRecords} from "../../contracts/interfaces/IRoundRecords.sol";

/// @dev What the contract must agree with after any calls, written down in the plainest way.
abstract contract RoundsBooks {
    bytes32 public constant GENESIS = keccak256("genesis");

    bytes32 private constant PLAN = keccak256("plan");
    bytes32 private constant MECHANISM = keccak256("mechanism");

    TrainingRounds public immutable ROUNDS;
    /// @dev 0 in a federation without private sums.
    uint32 public immutable MAX_SEALS;
    address[] public accounts;
    mapping(address account => bool revoked) public revoked;
    string public fault;
    bytes32 public hash;
    bytes32 public latestModel = GENESIS;
    uint32 public finals;
    mapping(uint32 round => bytes32 digest) public finalModel;
    mapping(uint32 round => mapping(address account => uint256 times)) public commitments;
    mapping(uint32 round => mapping(address account => bool member)) public inRound;
    mapping(uint32 round => uint256 size) public sizeOf;
    mapping(uint32 round => mapping(uint8 number => mapping(address account => uint8 verdict))) public verdicts;
    mapping(uint32 round => mapping(uint8 number => bytes32 digest)) public proposed;
    mapping(uint32 round => uint256 hospitals) public sealedIn;
    mapping(uint32 round => uint256 times) public sealsOf;
    uint32 public seals;

    constructor(uint32 maxSeals) {
        MAX_SEALS = maxSeals;
        IRoundRecords.Terms memory terms = IRoundRecords.Terms(600, 300, 200, 2, 3, 1000, 75, 100);
        ROUNDS = new TrainingRounds(address(this), terms, address(0), PLAN, GENESIS, maxSeals == 0 ? bytes32(0) : MECHANISM, maxSeals);
    }

    function _noteFinality(IRoundRecords.RoundView memory before) private {
        IRoundRecords.RoundView memory round = ROUNDS.latestRound();
        if (before.status == IRoundRecords.Status.Final || round.status != IRoundRecords.Status.Final) return;
        uint256 agreeing = 0;
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (!revoked[accounts[i]] && verdicts[round.id][round.proposals][accounts[i]] == 1) ++agreeing;
        }
        _require(agreeing * 3 > sizeOf[round.id] * 2, "final without a quorum");
        _require(round.latestModel == proposed[round.id][round.proposals], "final with another model");
        _require(finalModel[round.id] == 0, "final twice");
        finalModel[round.id] = round.latestModel;
        latestModel = round.latestModel;
        ++finals;
    }

    function _book(uint32 id, address account, bytes32 digest, uint32 samples) internal {
        _require(!revoked[account], "a revoked member committed");
        _require(inRound[id][account], "a member of another round committed");
        _require(samples >= 1 && samples <= 1000, "the sample cap was passed");
        ++commitments[id][account];
        _require(commitments[id][account] == 1, "a member committed twice");
        hash = keccak256(abi.encode(hash, id, account, digest, samples));
    }

    function _bookVote(IRoundRecords.RoundView memory round, address account, bool agree) internal {
        _require(!revoked[account], "a revoked member attested");
        _require(inRound[round.id][account], "a member of another round attested");
        _require(verdicts[round.id][round.proposals][account] == 0, "a member attested twice");
        verdicts[round.id][round.proposals][account] = agree ? 1 : 2;
        _noteFinality(round);
    }

    function _require(bool holds, string memory what) internal {
        if (!holds) fault = what;
    }

    /// @dev A round that goes on can still become final.
    function _noteRevocation() internal {
        IRoundRecords.RoundView memory round = ROUNDS.latestRound();
        if (
            round.status == IRoundRecords.Status.None || round.status == IRoundRecords.Status.Final
                || round.status == IRoundRecords.Status.Abandoned
        ) return;
        uint256 left = 0;
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (!revoked[accounts[i]] && inRound[round.id][accounts[i]]) ++left;
        }
        _require(left * 3 > sizeOf[round.id] * 2, "a round goes on without a quorum");
    }
}
