// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bitmap} from "./Bitmap.sol";
import {Voting} from "./Voting.sol";
import {ITrainingRounds} from "./interfaces/ITrainingRounds.sol";

/// @title Which sum of a round may be opened, and how many of a federation
/// @notice In a federation without private sums nothing here is ever called.
abstract contract Sealing is Voting {
    using Bitmap for uint256;

    /// @inheritdoc ITrainingRounds
    function sealRound(uint32 roundId, uint256 included) external override whenNotPaused {
        if (MAX_SEALS == 0) revert SealsNone();
        Round storage round = _newest(roundId);
        Member storage member = _activeMember(msg.sender);
        uint32 proposeBy = _takeTurn(round, member.index);
        uint256 members = _roundMembers;
        uint256 notCommitted = included & ~(members & ~_pending);
        if (notCommitted != 0) revert SealNotCommitted(notCommitted);
        StoredTerms storage terms = _terms;
        _requireEnough(included.count(), _fewestUpdates(round.hospitals, terms.minUpdates));

        round.status = Status.Sealed;
        round.deadline = proposeBy + terms.proposePeriod;
        // Nobody commits any more: from here on the slot says who is in the sum.
        _pending = members & ~included;
        // The budget cannot run out here: a round opens only while a seal is left, and has one.
        uint32 seals = terms.seals + 1;
        terms.seals = seals;
        emit RoundSealed(roundId, msg.sender, included, seals, _commitmentsHash, proposeBy);
    }

    function _requirePrivacy(uint256 hospitals) internal view {
        if (_terms.seals >= MAX_SEALS) revert SealsExhausted(MAX_SEALS);
        if (hospitals < MIN_PRIVATE_HOSPITALS) revert RoundTooFewHospitals(hospitals, uint16(MIN_PRIVATE_HOSPITALS));
    }

    /// @dev Refuses a member whose turn it is not; gives the last block time at which only the opener may propose then.
    function _takeTurn(Round storage round, uint8 index) private returns (uint32 proposeBy) {
        if (round.status != Status.Committing) revert RoundStatus(round.id, round.status);
        uint32 commitBy = round.commitBy;
        if (block.timestamp <= commitBy && _pending != 0) revert SealEarly(commitBy);
        uint32 period = _terms.proposePeriod;
        if (index == round.opener) return uint32(block.timestamp) + period;
        if (block.timestamp <= commitBy + period) revert SealReserved(commitBy + period);
        _backOff(round);
        return uint32(block.timestamp);
    }

    function _requireEnough(uint256 updates, uint256 fewest) private pure {
        if (updates < fewest) revert SealTooFewUpdates(updates, fewest);
    }
}
