// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The usual way to put a contribution on chain, for comparison
/// @notice Written for this benchmark after what the cheapest published peer (LorenzoCassano's FederatedLearning) does on
/// each contribution: look the sender up in a list, mark that it has sent, count, and store the IPFS address of its
/// weights. Nothing is checked beyond that, and no event tells an auditor which round it belonged to.
contract StoredContribution {
    address[] private _hospitals;
    mapping(address hospital => mapping(string step => bool)) private _done;
    mapping(string step => uint256) private _count;
    mapping(address hospital => bytes) private _weights;
    uint256 private _received;
    bytes private _aggregate;

    event EverybodyHasSent(string step);

    constructor(address[] memory hospitals) {
        _hospitals = hospitals;
    }

    function contribute(bytes memory weights) external {
        require(_isHospital(msg.sender), "not a hospital");
        require(!_done[msg.sender]["contribute"], "once only");
        _done[msg.sender]["contribute"] = true;
        if (++_count["contribute"] == _hospitals.length) emit EverybodyHasSent("contribute");
        require(++_received <= _hospitals.length, "too many");
        _weights[msg.sender] = weights;
    }

    /// @notice Ends a round: stores the aggregate and clears what the hospitals sent.
    function aggregate(bytes memory weights) external {
        _aggregate = weights;
        _received = 0;
        _count["contribute"] = 0;
        for (uint256 i = 0; i < _hospitals.length; ++i) {
            delete _weights[_hospitals[i]];
            delete _done[_hospitals[i]]["contribute"];
        }
    }

    function _isHospital(address account) private view returns (bool) {
        for (uint256 i = 0; i < _hospitals.length; ++i) if (_hospitals[i] == account) return true;
        return false;
    }
}
