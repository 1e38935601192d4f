// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Sets of member indices, one bit for each member
/// @notice Counts and compares sets of up to 256 indices.
library Bitmap {
    /// @notice Counts the set bits by adding neighbouring bits, pairs, nibbles, bytes (Hacker's Delight, 5-1).
    /// @param set the indices
    /// @return the number of indices, 0 to 256
    function count(uint256 set) internal pure returns (uint256) {
        unchecked {
            set -= (set >> 1) & (type(uint256).max / 3);
            set = (set & (type(uint256).max / 5)) + ((set >> 2) & (type(uint256).max / 5));
            set = (set + (set >> 4)) & (type(uint256).max / 17);
            // Sums of up to 256 do not fit the top byte that a multiplication would leave: add 16-bit fields instead.
            set = (set + (set >> 8)) & (type(uint256).max / 257);
            return (set * (type(uint256).max / 65535)) >> 240;
        }
    }

    /// @notice The set of one index.
    /// @param index 0 to 255
    /// @return one bit
    function single(uint8 index) internal pure returns (uint256) {
        return uint256(1) << index;
    }

    /// @notice Whether `some` is more than two thirds of `all`: the quorum of all decisions.
    /// @param some the number that agrees
    /// @param all the number of voters
    /// @return false for exactly two thirds
    function isQuorum(uint256 some, uint256 all) internal pure returns (bool) {
        return some * 3 > all * 2;
    }
}
