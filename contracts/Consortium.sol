// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Bitmap} from "./Bitmap.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";

/// @title The members of a federation
/// @notice See {IConsortium}.
abstract contract Consortium is IConsortium, Ownable2Step, EIP712 {
    using Bitmap for uint256;

    /// @dev One storage slot: 200 of 256 bits. The state of a member in a round is here too, so that a
    /// commitment or an attestation reads one slot only.
    ///
    ///   | index 8 | role 8 | active 8 | fromRound 32 | keyNonce 32 | refusedRound 32 | attested 40 |
    ///   | agreed 8 | openFrom 32 |
    struct Member {
        uint8 index;
        Role role;
        bool active;
        uint32 fromRound;
        uint32 keyNonce;
        /// @dev The last round in which one of its proposals was refused.
        uint32 refusedRound;
        /// @dev The last proposal that it attested (round * 256 + number), and its vote.
        uint40 attested;
        bool agreed;
        /// @dev The first round that it may open without waiting, after it failed as an opener.
        uint32 openFrom;
    }

    bytes32 private constant PEER_KEY_TYPEHASH = keccak256("PeerKey(address account,bytes32 peerKey,uint32 nonce)");
    bytes32 private constant ROTATION_TYPEHASH = keccak256("Rotation(address from,address to,uint32 nonce)");
    uint256 private constant MAX_MEMBERS = 256;
    uint256 private constant POSSESSION_LENGTH = 64;
    uint256 private constant MAX_MOTION_BYTES = 512;

    mapping(address account => Member member) private _members;
    mapping(uint256 index => bytes32 peerKey) private _peerKeys;
    mapping(bytes32 motion => uint256 hospitals) private _supporters;
    /// @dev Current chain key of each index.
    address[] private _accounts;
    uint256 private _activeHospitals;

    constructor(address owner) Ownable(owner) EIP712("Consilium", "1") {}

    /// @inheritdoc IConsortium
    function admit(address account, Role role) external override onlyOwner {
        if (account == address(0) || role == Role.None) revert MemberInvalid(account, role);
        if (_members[account].role != Role.None) revert MemberAlreadyAdmitted(account);
        if (_accounts.length == MAX_MEMBERS) revert MembersFull();
        // The length is below 256, checked above.
        uint8 index = uint8(_accounts.length);
        uint32 fromRound = _nextRound();
        _members[account] = Member(index, role, true, fromRound, 0, 0, 0, false, 0);
        _accounts.push(account);
        if (role == Role.Hospital) _activeHospitals |= Bitmap.single(index);
        emit MemberAdmitted(account, index, role, fromRound);
    }

    /// @inheritdoc IConsortium
    function revoke(uint8 index) external override onlyOwner {
        if (index >= _accounts.length) revert MemberIndexUnknown(index);
        address account = _accounts[index];
        Member storage member = _activeMember(account);
        member.active = false;
        _activeHospitals &= ~Bitmap.single(index);
        emit MemberRevoked(account, index);
        _leaveRound(account, member);
    }

    /// @inheritdoc IConsortium
    function bindPeerKey(bytes32 peerKey, bytes calldata possession) external override {
        _bindPeerKey(msg.sender, _activeMember(msg.sender), peerKey, possession);
    }

    /// @inheritdoc IConsortium
    function bindPeerKeyFor(address account, bytes32 peerKey, bytes calldata possession, bytes calldata signature)
        external
        override
    {
        Member storage member = _activeMember(account);
        uint32 nonce = member.keyNonce;
        _requireSignature(account, keccak256(abi.encode(PEER_KEY_TYPEHASH, account, peerKey, nonce)), signature);
        _bindPeerKey(account, member, peerKey, possession);
    }

    /// @inheritdoc IConsortium
    function rotateKey(address to, bytes calldata signature) external override {
        Member memory member = _activeMember(msg.sender);
        if (to == address(0)) revert MemberInvalid(to, member.role);
        if (_members[to].role != Role.None) revert MemberAlreadyAdmitted(to);
        _requireSignature(to, keccak256(abi.encode(ROTATION_TYPEHASH, msg.sender, to, member.keyNonce)), signature);
        ++member.keyNonce;
        _members[to] = member;
        _members[msg.sender].active = false;
        _accounts[member.index] = to;
        emit MemberKeyRotated(msg.sender, to, member.index);
    }

    /// @inheritdoc IConsortium
    function vote(bytes calldata data, bool support) external override {
        if (data.length > MAX_MOTION_BYTES) revert MotionTooLong(data.length, MAX_MOTION_BYTES);
        Member storage member = _activeHospital(msg.sender);
        bytes32 motion = keccak256(data);
        uint256 own = Bitmap.single(member.index);
        uint256 supporters = _supporters[motion];
        if (support) supporters |= own;
        else supporters &= ~own;
        _supporters[motion] = supporters;
        emit MotionVoted(motion, msg.sender, support, data);
        if (!support || !(supporters & _activeHospitals).count().isQuorum(_activeHospitals.count())) return;
        delete _supporters[motion];
        emit MotionCarried(motion);
        // Only this contract: the call can do what an owner can, and nothing else.
        Address.functionCall(address(this), data);
    }

    /// @inheritdoc IConsortium
    function memberOf(address account) public view override returns (MemberView memory) {
        Member memory member = _members[account];
        bytes32 peerKey = 0;
        if (member.role != Role.None) peerKey = _peerKeys[member.index];
        return MemberView(
            account, peerKey, member.index, member.role, member.active, member.fromRound, member.keyNonce
        );
    }

    /// @inheritdoc IConsortium
    function membersBetween(uint256 from, uint256 to) external view override returns (MemberView[] memory members) {
        members = new MemberView[](to - from);
        for (uint256 i = from; i < to; ++i) members[i - from] = memberOf(_accounts[i]);
    }

    /// @inheritdoc IConsortium
    function memberCount() external view override returns (uint256) {
        return _accounts.length;
    }

    /// @inheritdoc IConsortium
    function activeHospitals() public view override returns (uint256) {
        return _activeHospitals;
    }

    /// @inheritdoc IConsortium
    function supportersOf(bytes calldata data) external view override returns (uint256) {
        return _supporters[keccak256(data)];
    }

    /// @inheritdoc IConsortium
    function peerKeyMessage(address account) external view override returns (bytes32) {
        return keccak256(abi.encode("consilium peer key", block.chainid, address(this), account));
    }

    /// @notice Always reverts: without an owner, a federation could never admit or revoke a member again.
    function renounceOwnership() public pure override {
        revert OwnershipNotRenounceable();
    }

    /// @dev The first round in which a member admitted now may take part.
    function _nextRound() internal view virtual returns (uint32);

    /// @dev Withdraws the vote of a member that is being revoked, if a proposal is open, and abandons a running round whose
    /// other hospitals are no quorum.
    function _leaveRound(address account, Member storage member) internal virtual;

    function _activeMember(address account) internal view returns (Member storage member) {
        member = _members[account];
        if (!member.active) revert MemberUnknown(account);
    }

    function _activeHospital(address account) internal view returns (Member storage member) {
        member = _activeMember(account);
        if (member.role != Role.Hospital) revert MemberNotHospital(account);
    }

    /// @dev Of an account that may be no member: role None then.
    function _memberSlot(address account) internal view returns (Member storage) {
        return _members[account];
    }

    function _memberAt(uint8 index) internal view returns (Member storage) {
        return _members[_accounts[index]];
    }

    function _bindPeerKey(address account, Member storage member, bytes32 peerKey, bytes calldata possession) private {
        if (peerKey == 0 || possession.length != POSSESSION_LENGTH) revert PeerKeyInvalid(peerKey, possession.length);
        ++member.keyNonce;
        _peerKeys[member.index] = peerKey;
        emit PeerKeyBound(account, member.index, peerKey, possession);
    }

    function _requireSignature(address expected, bytes32 structHash, bytes calldata signature) private view {
        address recovered = ECDSA.recover(_hashTypedDataV4(structHash), signature);
        if (recovered != expected) revert KeySignatureInvalid(recovered, expected);
    }
}
