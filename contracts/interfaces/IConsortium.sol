// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The members of a federation, their keys, and its owner
/// @notice A member has an index that never changes, a chain key that it may rotate, and a peer key that it binds.
/// @dev Warning: the owner (the "admin") admits and revokes at will, and can pause the rounds for up to 30 days at a
/// time. It cannot forge a commitment, an attestation or a model. Federations that want no such party transfer the
/// ownership to the contract itself; then more than two thirds of the hospitals decide (see {vote}).
/// @dev Warning: an owner who admits keys of its own can outvote the hospitals. Watch {MemberAdmitted}.
interface IConsortium {
    /// @notice The role of a member. A hospital trains, commits and attests; an aggregator only opens rounds and
    /// proposes models, counts towards no quorum and has no vote. Hospitals may do everything that an aggregator may.
    enum Role {
        None,
        Hospital,
        Aggregator
    }

    /// @notice The state of a member.
    struct MemberView {
        /// @dev Current chain key.
        address account;
        /// @dev Ed25519 public key of its libp2p peer id; zero until bound.
        bytes32 peerKey;
        /// @dev Position in every bitmap, 0 to 255; never reused, kept over key rotations.
        uint8 index;
        Role role;
        /// @dev False once revoked.
        bool active;
        /// @dev First round that it may commit and attest in.
        uint32 fromRound;
        /// @dev Nonce of the next signed {bindPeerKeyFor} or {rotateKey} of this member.
        uint32 keyNonce;
    }

    /// @notice A federation was founded; it continues `predecessor` unless that is zero.
    /// @param predecessor the contract that this one continues, or zero
    event FederationFounded(address indexed predecessor);
    /// @notice `account` became the member with `index`, from round `fromRound` on.
    /// @param account its chain key
    /// @param index its position in every bitmap
    /// @param role its role
    /// @param fromRound the first round that it may take part in
    event MemberAdmitted(address indexed account, uint8 indexed index, Role role, uint32 fromRound);
    /// @notice `account` is no longer a member, from this block on.
    /// @param account its chain key
    /// @param index its position in every bitmap
    event MemberRevoked(address indexed account, uint8 indexed index);
    /// @notice The member with `index` replaced its chain key.
    /// @param from the chain key before
    /// @param to the chain key from now on
    /// @param index its position in every bitmap, which does not change
    event MemberKeyRotated(address indexed from, address indexed to, uint8 indexed index);
    /// @notice A member bound the libp2p peer that it runs.
    /// @dev Warning: `possession` is an Ed25519 signature, which is too expensive to verify in the EVM. Readers of
    /// this event must verify it with `peerKey` over {peerKeyMessage}, and treat the key as unbound if it fails.
    /// @param account its chain key
    /// @param index its position in every bitmap
    /// @param peerKey Ed25519 public key of its libp2p peer
    /// @param possession Ed25519 signature by `peerKey`
    event PeerKeyBound(address indexed account, uint8 indexed index, bytes32 peerKey, bytes possession);
    /// @notice A hospital voted for the motion `data`, or withdrew its vote.
    /// @param motion keccak256 of `data`
    /// @param account the hospital
    /// @param support false if it withdrew its vote
    /// @param data the call that the contract would make on itself
    event MotionVoted(bytes32 indexed motion, address indexed account, bool support, bytes data);
    /// @notice More than two thirds of the hospitals support the motion, and it was executed.
    /// @param motion keccak256 of the call that was made
    event MotionCarried(bytes32 indexed motion);

    /// @notice `account` is not an active member.
    error MemberUnknown(address account);
    /// @notice No member was ever given this index.
    error MemberIndexUnknown(uint8 index);
    /// @notice A motion is the call of one of this contract's functions, at most `maxBytes` long.
    error MotionTooLong(uint256 bytesGiven, uint256 maxBytes);
    /// @notice `account` is or was a member: an address belongs to one index for ever.
    error MemberAlreadyAdmitted(address account);
    /// @notice `account` is an aggregator, and only hospitals may do this.
    error MemberNotHospital(address account);
    /// @notice The zero address or the role None was given.
    error MemberInvalid(address account, Role role);
    /// @notice All 256 indices are assigned: found a new federation with this one as its predecessor.
    error MembersFull();
    /// @notice A peer key of zero, or a proof that is not 64 bytes long.
    error PeerKeyInvalid(bytes32 peerKey, uint256 possessionLength);
    /// @notice The signature was made by `recovered`, not by `expected`.
    error KeySignatureInvalid(address recovered, address expected);
    /// @notice Without an owner, a federation could never admit or revoke a member again.
    error OwnershipNotRenounceable();

    /// @notice Admits a member; it may commit and attest from the next round on. Owner only.
    /// @dev A revoked account cannot be admitted again; a hospital that was revoked by mistake needs a new key.
    /// @param account the chain key of the new member
    /// @param role Hospital or Aggregator
    function admit(address account, Role role) external;

    /// @notice Revokes a member at once, also in a running round: its vote on an open proposal is withdrawn, and it can
    /// no longer commit, attest or propose. Owner only.
    /// @dev The running round keeps its size, so that revocations do not make its quorum easier to reach. It is
    /// abandoned where its other hospitals are no quorum.
    /// @dev Warning: an update that it committed before stays committed. Proposers may leave it out.
    /// @dev By index, which a member keeps for ever: a motion still holds after the member has rotated its key.
    /// @param index of the member
    function revoke(uint8 index) external;

    /// @notice Binds the libp2p peer that the caller runs, in place of the previous one.
    /// @param peerKey Ed25519 public key
    /// @param possession 64 bytes: Ed25519 signature by `peerKey` over {peerKeyMessage} of the caller
    function bindPeerKey(bytes32 peerKey, bytes calldata possession) external;

    /// @notice {bindPeerKey} for a member without gas, with its EIP-712 signature over
    /// `PeerKey(address account,bytes32 peerKey,uint32 nonce)`. Anyone may send it.
    /// @param account the member that signed
    /// @param peerKey Ed25519 public key
    /// @param possession 64 bytes, as in {bindPeerKey}
    /// @param signature of the EIP-712 message by `account`
    function bindPeerKeyFor(address account, bytes32 peerKey, bytes calldata possession, bytes calldata signature)
        external;

    /// @notice Moves the caller's membership, with its index, to a new chain key, which proves its possession by an
    /// EIP-712 signature over `Rotation(address from,address to,uint32 nonce)`.
    /// @dev Warning: a stolen chain key can be rotated by the thief. The owner then revokes the new address.
    /// @param to the new chain key, which never belonged to a member
    /// @param signature of the EIP-712 message by `to`
    function rotateKey(address to, bytes calldata signature) external;

    /// @notice Supports (or stops supporting) a motion: the encoded call of an owner-only function of this contract,
    /// of at most 512 bytes. Once more than two thirds of the active hospitals support it, the contract executes it on itself.
    /// @dev Motions pass only if the contract is its own owner, with one exception: `acceptOwnership()`, with which
    /// the hospitals accept from an owner that called `transferOwnership(address of this contract)`.
    /// @dev Warning: votes do not expire; withdraw a vote that you no longer want. Votes of revoked members are void.
    /// @dev Warning: with three hospitals "more than two thirds" is all of them, so none can be revoked by vote.
    /// @dev Warning: if a third of the hospitals lose their keys, no motion passes any more: found a successor.
    /// @param data the encoded call, for example `abi.encodeCall(IConsortium.revoke, (index))`
    /// @param support false withdraws the vote
    function vote(bytes calldata data, bool support) external;

    /// @notice The member that `account` is or was.
    /// @param account a chain key, current or former
    /// @return the member, with role None if `account` never was one
    function memberOf(address account) external view returns (MemberView memory);

    /// @notice Members with index in [from, to), current chain keys, revoked ones included.
    /// @param from first index
    /// @param to index after the last, at most {memberCount}
    /// @return the members by index
    function membersBetween(uint256 from, uint256 to) external view returns (MemberView[] memory);

    /// @notice The number of members ever admitted.
    /// @return the number of assigned indices
    function memberCount() external view returns (uint256);

    /// @notice Bitmap of the active hospitals' indices.
    /// @return one bit for each member index
    function activeHospitals() external view returns (uint256);

    /// @notice Bitmap of the hospitals that support a motion.
    /// @param data the motion
    /// @return one bit for each member index, including those of revoked hospitals
    function supportersOf(bytes calldata data) external view returns (uint256);

    /// @notice The bytes that a peer key signs to prove possession: keccak256 of
    /// `abi.encode("consilium peer key", chain id, this contract, account)`.
    /// @param account the member
    /// @return the 32 bytes to sign, without further hashing
    function peerKeyMessage(address account) external view returns (bytes32);
}
