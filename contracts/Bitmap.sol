// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Sets of member indices, one bit a member
/// @notice Counting and comparing sets of up to 256.
library Bitmap {
    /// @notice How many bits are set, by adding neighbouring bits, pairs, nibbles, bytes (Hacker's Delight, 5-1).
    /// @param set the indices
    /// @return how many, 0 to 256
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

    /// @notice Whether more than two thirds of `all` are `some`: the federation's one quorum.
    /// @param some how many
    /// @param all of how many
    /// @return true for more than two thirds, false for exactly two
    function isQuorum(uint256 some, uint256 all) internal pure returns (bool) {
        return some * 3 > all * 2;
    }
}
