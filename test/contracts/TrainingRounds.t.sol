// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bitmap} from "../../contracts/Bitmap.sol";
import {TrainingRounds} from "../../contracts/TrainingRounds.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {IRoundRecords} from "../../contracts/interfaces/IRoundRecords.sol";
import {RoundsHandler} from "./RoundsHandler.sol";
import {vm} from "./Vm.sol";

/// @dev What holds whatever anybody does, in any order.
contract TrainingRoundsInvariants {
    RoundsHandler internal _handler;
    TrainingRounds internal _rounds;

    function setUp() external {
        vm.warp(1_800_000_000);
        _handler = new RoundsHandler(_maxSeals());
        _rounds = _handler.ROUNDS();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_nobodyDoesWhatTheyMayNot() external view {
        require(bytes(_handler.fault()).length == 0, _handler.fault());
    }

    function invariant_rollingHashEqualsARecomputation() external view {
        require(_rounds.commitmentsHash() == _handler.hash(), "hash");
    }

    function invariant_theLatestModelIsTheLastFinalOne() external view {
        require(_rounds.latestModel() == _handler.latestModel(), "latest model");
        IRoundRecords.RoundView memory round = _rounds.latestRound();
        bool isFinal = round.status == IRoundRecords.Status.Final;
        require(isFinal == (round.id > 0 && _handler.finalModel(round.id) != 0), "a final round changed");
        if (isFinal) require(round.proposedDigest == round.latestModel, "a final round's model changed");
    }

    function invariant_oneCommitmentAHospitalARound() external view {
        IRoundRecords.RoundView memory round = _rounds.latestRound();
        uint256 sum = 0;
        for (uint256 i = 0; i < _handler.accountCount(); ++i) {
            address account = _handler.accounts(i);
            if (_handler.inRound(round.id, account)) sum += _handler.commitments(round.id, account);
        }
        // Once sealed, the bitmap leaves out who is not in the sum.
        if (_handler.sealsOf(round.id) == 1) sum = Bitmap.count(_handler.sealedIn(round.id));
        require(sum == Bitmap.count(round.members & ~round.pending), "commitments and bitmap differ");
        require(round.pending & ~round.members == 0, "strangers are awaited");
    }

    function invariant_votesAreThoseOfActiveMembers() external view {
        IRoundRecords.RoundView memory round = _rounds.latestRound();
        if (round.status != IRoundRecords.Status.Proposed) return;
        uint256 agreeing = 0;
        uint256 disagreeing = 0;
        for (uint256 i = 0; i < _handler.accountCount(); ++i) {
            address account = _handler.accounts(i);
            if (_handler.revoked(account)) continue;
            uint8 verdict = _handler.verdicts(round.id, round.proposals, account);
            if (verdict == 1) ++agreeing;
            if (verdict == 2) ++disagreeing;
        }
        require(agreeing == round.agreeing && disagreeing == round.disagreeing, "votes");
    }

    /// @dev From any state, time and a single member are enough to open a next round, while the budget lasts.
    function invariant_neverStuckForEver() external {
        uint256 time = block.timestamp;
        for (uint256 i = 0; i < 8; ++i) {
            time += 366 days;
            vm.warp(time);
            uint32 id = _rounds.latestRound().id;
            try _rounds.expire(id) {} catch {}
        }
        address member = _handler.anyActive();
        vm.prank(member);
        try _rounds.openRound() {
            require(_maxSeals() == 0 || _handler.seals() < _maxSeals(), "a round opened after the budget was spent");
        } catch {
            require(_maxSeals() != 0 && _handler.seals() == _maxSeals(), "stuck");
        }
    }

    function _maxSeals() internal view virtual returns (uint32) {
        return 0;
    }
}

/// @dev The same with private sums, and what only then holds.
contract PrivateRoundsInvariants is TrainingRoundsInvariants {
    function invariant_everySealIsCharged() external view {
        IRoundRecords.PrivateSums memory sums = _rounds.privateSums();
        require(sums.seals == _handler.seals(), "seals");
        require(sums.seals <= sums.maxSeals && sums.maxSeals == _maxSeals(), "budget");
        uint256 inRounds = 0;
        for (uint32 id = 1; id <= _rounds.latestRound().id; ++id) inRounds += _handler.sealsOf(id);
        require(inRounds == sums.seals, "a seal of no round");
    }

    function invariant_aFinalRoundWasSealed() external view {
        for (uint32 id = 1; id <= _rounds.latestRound().id; ++id) {
            require(_handler.finalModel(id) == 0 || _handler.sealsOf(id) == 1, "final without a seal");
        }
    }

    function _maxSeals() internal pure override returns (uint32) {
        return 3;
    }
}

/// @dev The invariants above would hold in an empty world too: this one is not.
contract TrainingRoundsReach {
    function test_usualRoundsBecomeFinal() external {
        vm.warp(1_800_000_000);
        RoundsHandler handler = new RoundsHandler(0);
        for (uint256 i = 0; i < 4; ++i) handler.usualRound(i, type(uint256).max, type(uint256).max);
        require(bytes(handler.fault()).length == 0, handler.fault());
        require(handler.finals() == 4, "no finality");
        require(handler.ROUNDS().latestRound().id == 4, "no rounds");
    }

    function test_privateRoundsBecomeFinalUntilTheBudgetIsSpent() external {
        vm.warp(1_800_000_000);
        RoundsHandler handler = new RoundsHandler(3);
        for (uint256 i = 0; i < 5; ++i) handler.usualRound(i, type(uint256).max, type(uint256).max);
        require(bytes(handler.fault()).length == 0, handler.fault());
        require(handler.finals() == 3 && handler.seals() == 3, "no finality");
        require(handler.ROUNDS().latestRound().id == 3, "no rounds");
    }
}

/// @dev Properties of single calls, over their whole input.
contract TrainingRoundsFuzz {
    TrainingRounds private _rounds;
    address private constant HOSPITAL = address(0xA);
    address private constant SECOND = address(0xB);

    function setUp() external {
        vm.warp(1_800_000_000);
        _rounds = new TrainingRounds(
            address(this),
            IRoundRecords.Terms(600, 300, 200, 1, 3, 1000, 0, 0),
            address(0),
            keccak256("plan"),
            keccak256("base"),
            0,
            0
        );
        _rounds.admit(HOSPITAL, _role(1));
        _rounds.admit(SECOND, _role(1));
        vm.prank(HOSPITAL);
        _rounds.openRound();
    }

    function testFuzz_bitsAreCountedAsOneByOne(uint256 set) external pure {
        uint256 expected = 0;
        for (uint256 i = 0; i < 256; ++i) expected += (set >> i) & 1;
        require(Bitmap.count(set) == expected, "count");
    }

    function testFuzz_quorumIsMoreThanTwoThirds(uint8 some, uint8 all) external pure {
        // some / all > 2 / 3, with the division done the long way.
        bool expected = uint256(some) * 1e9 > (uint256(all) * 2e9) / 3;
        if (uint256(all) * 2 % 3 != 0) expected = uint256(some) >= (uint256(all) * 2) / 3 + 1;
        require(Bitmap.isQuorum(some, all) == expected, "quorum");
    }

    function testFuzz_commitmentsKeepToTheCapAndTheDeadline(bytes32 manifest, uint32 samples, uint40 delay) external {
        delay = delay % 1200;
        vm.warp(1_800_000_000 + uint256(delay));
        bool valid = manifest != 0 && samples >= 1 && samples <= 1000 && delay <= 600;
        vm.prank(HOSPITAL);
        try _rounds.commitUpdate(1, manifest, samples) {
            require(valid, "taken");
            bytes32 expected = keccak256(abi.encode(bytes32(0), uint32(1), HOSPITAL, manifest, samples));
            require(_rounds.commitmentsHash() == expected, "hash");
        } catch {
            require(!valid, "refused");
        }
    }

    function testFuzz_strangersDoNothing(address stranger, bytes32 digest, uint32 samples, uint256 included) external {
        vm.assume(stranger != HOSPITAL && stranger != SECOND && stranger != address(this));
        bytes32 before = keccak256(abi.encode(_rounds.latestRound(), _rounds.memberCount(), _rounds.owner()));
        bytes[] memory attempts = new bytes[](10);
        attempts[0] = abi.encodeCall(_rounds.openRound, ());
        attempts[1] = abi.encodeCall(_rounds.commitUpdate, (1, digest, samples));
        attempts[2] = abi.encodeCall(_rounds.proposeModel, (1, digest, included));
        attempts[3] = abi.encodeCall(_rounds.attest, (1, digest, true, digest));
        attempts[4] = abi.encodeCall(_rounds.expire, (1));
        attempts[5] = abi.encodeCall(_rounds.revoke, (0));
        attempts[6] = abi.encodeCall(_rounds.admit, (stranger, _role(1)));
        attempts[7] = abi.encodeCall(_rounds.pauseUntil, (uint40(block.timestamp + 1)));
        attempts[8] = abi.encodeCall(_rounds.vote, (abi.encodeCall(_rounds.revoke, (0)), true));
        attempts[9] = abi.encodeCall(_rounds.sealRound, (1, included));
        for (uint256 i = 0; i < attempts.length; ++i) {
            vm.prank(stranger);
            (bool done,) = address(_rounds).call(attempts[i]);
            require(!done, "a stranger did something");
        }
        require(before == keccak256(abi.encode(_rounds.latestRound(), _rounds.memberCount(), _rounds.owner())), "state");
    }

    function testFuzz_garbageIsNoSignature(bytes32 manifest, uint32 samples, bytes32 r, bytes32 vs) external {
        IRoundRecords.SignedCommitment[] memory signed = new IRoundRecords.SignedCommitment[](1);
        signed[0] = IRoundRecords.SignedCommitment(manifest, samples, r, vs);
        require(_rounds.commitUpdates(1, signed) == 0, "garbage was taken");
        require(_rounds.commitmentsHash() == 0, "garbage was recorded");
    }

    function testFuzz_aSealIsOfMoreThanTwoThirdsAndAProposalOfTheSeal(uint8 committed, uint256 included, uint256 proposed)
        external
    {
        uint256 count = 4;
        TrainingRounds rounds = new TrainingRounds(
            address(this),
            IRoundRecords.Terms(600, 300, 200, 1, 3, 1000, 0, 0),
            address(0),
            keccak256("plan"),
            keccak256("base"),
            keccak256("mechanism"),
            2
        );
        for (uint160 i = 1; i <= count; ++i) rounds.admit(address(i), _role(1));
        vm.prank(address(1));
        rounds.openRound();
        uint256 set = uint256(committed) % 16;
        for (uint160 i = 1; i <= count; ++i) {
            if ((set >> (i - 1)) & 1 == 0) continue;
            vm.prank(address(i));
            rounds.commitUpdate(1, keccak256(abi.encode(i)), 1);
        }
        vm.warp(block.timestamp + 601);
        included = included % 32;
        proposed = proposed % 4 == 0 ? proposed % 32 : included;
        vm.prank(address(1));
        try rounds.sealRound(1, included) {
            require(included & ~set == 0 && Bitmap.count(included) >= 3, "sealed");
        } catch {
            require(included & ~set != 0 || Bitmap.count(included) < 3, "not sealed");
            return;
        }
        vm.prank(address(1));
        try rounds.proposeModel(1, keccak256("model"), proposed) {
            require(proposed == included, "proposed");
        } catch {
            require(proposed != included, "not proposed");
        }
    }

    function _role(uint8 number) private pure returns (IConsortium.Role) {
        return IConsortium.Role(number);
    }
}
