// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bitmap} from "../../contracts/Bitmap.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {IRoundRecords} from "../../contracts/interfaces/IRoundRecords.sol";
import {RoundsBooks} from "./RoundsBooks.sol";
import {SignedEntries} from "./SignedEntries.sol";
import {vm} from "./Vm.sol";

/// @dev Does whatever members, strangers, the owner and time may do, in any order, and notes it in the books.
contract RoundsHandler is SignedEntries, RoundsBooks {
    uint256 private constant KEYS = 9;
    uint256 private constant MAX_MEMBERS = 40;
    uint256 private constant PAUSE_DISTANCE = 30 days;

    mapping(address account => uint256 key) private _keys;
    uint256 private _nextKey = 1;

    constructor(uint32 maxSeals) RoundsBooks(maxSeals) {
        for (uint256 i = 0; i < 5; ++i) _admit(IConsortium.Role.Hospital);
        _admit(IConsortium.Role.Aggregator);
    }

    function open(uint256 who) external {
        address account = _pick(who);
        (uint32 before,) = _idAndStatus();
        bytes32 base = ROUNDS.latestModel();
        vm.prank(account);
        try ROUNDS.openRound() returns (uint32 id) {
            _require(!revoked[account], "a revoked member opened");
            _require(id == before + 1, "round ids skip");
            _require(base == latestModel, "the base is not the last final model");
            _require(MAX_SEALS == 0 || seals < MAX_SEALS, "a round opened after the budget was spent");
            for (uint256 i = 0; i < accounts.length; ++i) {
                if (revoked[accounts[i]] || !_isHospital(accounts[i])) continue;
                inRound[id][accounts[i]] = true;
                ++sizeOf[id];
            }
        } catch {}
    }

    function commit(uint256 who, uint256 manifest, uint32 samples) external {
        address account = _pick(who);
        (uint32 id,) = _idAndStatus();
        bytes32 digest = keccak256(abi.encode(manifest));
        samples = samples % 1100;
        vm.prank(account);
        try ROUNDS.commitUpdate(id, digest, samples) {
            _book(id, account, digest, samples);
        } catch {}
    }

    function relay(uint256 mask, uint256 manifest, uint32 samples, uint256 forged) external {
        (uint32 id,) = _idAndStatus();
        bytes32 digest = keccak256(abi.encode(manifest));
        samples = samples % 1100;
        uint256 count = 0;
        for (uint256 i = 0; i < accounts.length; ++i) count += (mask >> i) & 1;
        IRoundRecords.SignedCommitment[] memory signed = new IRoundRecords.SignedCommitment[](count);
        address[] memory signers = new address[](count);
        for (uint256 i = accounts.length; i > 0; --i) {
            if ((mask >> (i - 1)) & 1 == 0) continue;
            signers[--count] = accounts[i - 1];
            // Now and then signed for another round: the whole transaction must fail.
            signed[count] = _sign(ROUNDS, _keys[accounts[i - 1]], forged % 8 == 0 ? id + 1 : id, digest, samples);
        }
        bool[] memory valid = new bool[](signers.length);
        for (uint256 i = 0; i < signers.length; ++i) {
            valid[i] = forged % 8 != 0 && samples >= 1 && samples <= 1000 && !revoked[signers[i]]
                && inRound[id][signers[i]] && commitments[id][signers[i]] == 0;
        }
        try ROUNDS.commitUpdates(id, signed) returns (uint256 recorded) {
            uint256 expected = 0;
            for (uint256 i = 0; i < signers.length; ++i) {
                if (!valid[i]) continue;
                ++expected;
                _book(id, signers[i], digest, samples);
            }
            _require(recorded == expected, "the relay took an entry that does not hold, or left out one that does");
        } catch {}
    }

    function relayVotes(uint256 mask, uint256 votes, uint256 forged) external {
        IRoundRecords.RoundView memory round = ROUNDS.latestRound();
        bool agree = votes % 4 != 0;
        for (uint256 i = 0; i < accounts.length; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            uint8 number = forged % 8 == 0 ? round.proposals + 1 : round.proposals;
            IRoundRecords.SignedAttestation[] memory signed = new IRoundRecords.SignedAttestation[](1);
            signed[0] = _signVote(ROUNDS, _keys[accounts[i]], round, number, agree);
            round = ROUNDS.latestRound();
            try ROUNDS.attestFor(round.id, round.proposedDigest, signed) returns (uint256 recorded) {
                if (recorded == 1) _bookVote(round, accounts[i], agree);
                _require(recorded == 0 || number == round.proposals, "a vote on another proposal was taken");
            } catch {}
        }
    }

    function sealRound(uint256 who, uint256 included) external {
        address account = _pick(who);
        IRoundRecords.RoundView memory round = ROUNDS.latestRound();
        uint256 committed = round.members & ~round.pending;
        // Mostly a possible choice, sometimes without one hospital, sometimes any.
        if (included % 4 == 1) included = committed & (committed - (committed == 0 ? 0 : 1));
        else if (included % 4 != 0) included = committed;
        vm.prank(account);
        try ROUNDS.sealRound(round.id, included) {
            ++seals;
            ++sealsOf[round.id];
            sealedIn[round.id] = included;
            _require(MAX_SEALS != 0, "a round without private sums was sealed");
            _require(seals <= MAX_SEALS, "more seals than the budget has");
            _require(sealsOf[round.id] == 1, "a round was sealed twice");
            _require(!revoked[account], "a revoked member sealed");
            _require(included & ~committed == 0, "an uncommitted one is sealed");
            _require(Bitmap.count(included) * 3 > sizeOf[round.id] * 2, "a sum of too few");
        } catch {}
    }

    function propose(uint256 who, uint256 model, uint256 included) external {
        address account = _pick(who);
        IRoundRecords.RoundView memory round = ROUNDS.latestRound();
        // Mostly a possible choice, sometimes any.
        if (included % 4 != 0) included = round.members & ~round.pending;
        bytes32 digest = keccak256(abi.encode(model));
        vm.prank(account);
        try ROUNDS.proposeModel(round.id, digest, included) {
            _require(!revoked[account], "a revoked member proposed");
            _require(included & ~round.members == 0 && included & round.pending == 0, "an uncommitted one is included");
            _require(
                MAX_SEALS == 0 || (sealsOf[round.id] == 1 && included == sealedIn[round.id]), "not the sealed set"
            );
            proposed[round.id][round.proposals + 1] = digest;
        } catch {}
    }

    function attest(uint256 who, uint256 votes) external {
        IRoundRecords.RoundView memory round = ROUNDS.latestRound();
        address account = _pick(who);
        // Three in four agree, so that rounds also end well.
        bool agree = votes % 4 != 0;
        vm.prank(account);
        try ROUNDS.attest(round.id, round.proposedDigest, agree, 0) {
            _bookVote(round, account, agree);
        } catch {}
    }

    /// @dev A round as it mostly goes, so that the others' mischief also falls into proposals and final rounds.
    function usualRound(uint256 seed, uint256 missing, uint256 dissent) external {
        this.open(seed);
        for (uint256 i = 0; i < accounts.length; ++i) {
            if ((missing >> i) & 7 != 0) this.commit(i, seed, uint32(seed % 900) + 1);
        }
        vm.warp(block.timestamp + 601);
        if (MAX_SEALS != 0) for (uint256 i = 0; i < accounts.length; ++i) this.sealRound(i, 2 + (seed & 1));
        for (uint256 i = 0; i < accounts.length; ++i) this.propose(i, seed, 1);
        uint256 votes = dissent % 3 == 0 ? accounts.length : accounts.length / 2;
        for (uint256 i = 0; i < votes; ++i) this.attest(i, (dissent >> i) & 15 == 0 ? 0 : 1);
    }

    function expire() external {
        (uint32 id,) = _idAndStatus();
        try ROUNDS.expire(id) {} catch {}
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + (time % 400));
    }

    function passLong(uint256 time) external {
        vm.warp(block.timestamp + (time % 4000));
    }

    function admit(uint256 role) external {
        if (accounts.length < MAX_MEMBERS) _admit(role % 4 == 0 ? IConsortium.Role.Aggregator : IConsortium.Role.Hospital);
    }

    function revoke(uint256 who, uint256 seldom) external {
        address account = _pick(who);
        if (seldom % 4 != 0 || _activeHospitals() <= (MAX_SEALS == 0 ? 3 : 4)) return;
        uint8 index = ROUNDS.memberOf(account).index;
        // An index names the member under whatever key it has now.
        account = ROUNDS.membersBetween(index, index + 1)[0].account;
        try ROUNDS.revoke(index) {
            revoked[account] = true;
            _noteRevocation();
        } catch {}
    }

    function rotate(uint256 who) external {
        if (accounts.length >= MAX_MEMBERS) return;
        uint256 i = who % accounts.length;
        address from = accounts[i];
        if (revoked[from]) return;
        (address to, uint256 key) = _newKey();
        bytes32 typeHash = keccak256("Rotation(address from,address to,uint32 nonce)");
        bytes32 structHash = keccak256(abi.encode(typeHash, from, to, ROUNDS.memberOf(from).keyNonce));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _typed(ROUNDS, structHash));
        vm.prank(from);
        ROUNDS.rotateKey(to, abi.encodePacked(r, s, v));
        revoked[from] = true; // for good, as an address
        accounts.push(to);
        (uint32 id,) = _idAndStatus();
        commitments[id][to] = commitments[id][from];
        inRound[id][to] = inRound[id][from];
        inRound[id][from] = false;
        uint8 proposals = ROUNDS.latestRound().proposals;
        for (uint8 number = 1; number <= proposals; ++number) {
            verdicts[id][number][to] = verdicts[id][number][from];
            verdicts[id][number][from] = 0;
        }
    }

    function pause(uint256 time, uint256 seldom) external {
        if (seldom % 8 != 0) return;
        uint256 last = ROUNDS.pausedUntil();
        try ROUNDS.pauseUntil(uint40(block.timestamp + (time % 300))) {
            bool cutShort = block.timestamp <= last && ROUNDS.pausedUntil() <= last;
            _require(cutShort || last == 0 || block.timestamp > last + PAUSE_DISTANCE, "pauses were chained");
        } catch {}
    }

    /// @dev An active member, or zero where there is none.
    function anyActive() external view returns (address) {
        for (uint256 i = accounts.length; i > 0; --i) if (!revoked[accounts[i - 1]]) return accounts[i - 1];
        return address(0);
    }

    function accountCount() external view returns (uint256) {
        return accounts.length;
    }

    function _admit(IConsortium.Role role) private {
        (address account,) = _newKey();
        ROUNDS.admit(account, role);
        accounts.push(account);
    }

    function _newKey() private returns (address account, uint256 key) {
        key = uint256(keccak256(abi.encode("key", _nextKey++)));
        account = vm.addr(key);
        _keys[account] = key;
    }

    function _pick(uint256 who) private view returns (address) {
        return accounts[who % accounts.length];
    }

    function _isHospital(address account) private view returns (bool) {
        return ROUNDS.memberOf(account).role == IConsortium.Role.Hospital;
    }

    function _activeHospitals() private view returns (uint256 count) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (!revoked[accounts[i]] && _isHospital(accounts[i])) ++count;
        }
    }

    function _idAndStatus() private view returns (uint32, IRoundRecords.Status) {
        IRoundRecords.RoundView memory round = ROUNDS.latestRound();
        return (round.id, round.status);
    }
}
