// What a party needs from outside its own code. io/ implements these ports for real systems, the simulator with seeded
// faults; every implementation of a port passes the same tests (test/suites/).

import type { ErrorFacts } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { LedgerEvent } from "./contract/events.ts";
import type { Attestation, Commitment, Member, PrivateSums, RoundState } from "./contract/round.ts";
import type { Announcement } from "./format/announcement.ts";
import type { Digest, HospitalAddress, RoundId } from "./format/digest.ts";
import type { FederationId } from "./format/federation-id.ts";
import type { BlobOutline } from "./format/merkle.ts";
import type { SignedWrite } from "./format/signed-write.ts";

/**
 * The contract, as one party sees it. Reads are of confirmed blocks. A write resolves when its transaction is
 * confirmed and rejects with the contract's reason as a FedError code; writes are safe to repeat only after
 * reading the state, which is what the steps do. All methods that wait throw what the endpoints of the chain fail with
 * (RPC_*, CHAIN_*) and ABORTED; a method below lists its own codes besides.
 */
export interface Ledger {
  /** The contract that is read and written. */
  readonly federation: FederationId;
  /** The account that writes; undefined for an auditor, whose writes throw LEDGER_READ_ONLY. */
  readonly self: HospitalAddress | undefined;
  /** Timestamp of the latest block, seconds: the federation's only clock for deadlines. */
  chainTime(waiting?: Waiting): Promise<number>;
  /** All members ever admitted, by index. */
  members(waiting?: Waiting): Promise<readonly Member[]>;
  /** What the contract was founded with for private sums, and how many sums were sealed; undefined without them. */
  privateSums(waiting?: Waiting): Promise<PrivateSums | undefined>;
  /** The newest round's id, 0 before the first. */
  latestRound(waiting?: Waiting): Promise<RoundId>;
  /** @throws ROUND_UNKNOWN */
  round(id: RoundId, waiting?: Waiting): Promise<RoundState>;
  /** All events from the deployment to the latest confirmed block, in chain order, in bounded memory. */
  history(waiting?: Waiting): AsyncIterable<LedgerEvent>;
  /** Yields when something on chain may have changed, or chain time moved; the caller then reads the state. */
  changes(waiting?: Waiting): AsyncIterable<void>;

  /** Opens the next round. @throws LEDGER_READ_ONLY, PLAN_NOT_AGREED, BASE_NOT_LAST_MODEL, the contract's reason */
  openRound(opening: { readonly plan: Digest; readonly base: Digest }, waiting?: Waiting): Promise<RoundId>;
  /** Records a manifest's digest and a sample count. @throws LEDGER_READ_ONLY, the contract's reason */
  commitUpdate(
    commitment: { readonly round: RoundId; readonly manifest: Digest; readonly sampleCount: number },
    waiting?: Waiting,
  ): Promise<void>;
  /**
   * Sends commitments that their hospitals signed, in one transaction; the contract passes over those that do not hold.
   * Nothing is sent where none holds. @returns how many the contract would record just before it was sent
   */
  commitUpdates(round: RoundId, signed: readonly SignedCommitment[], waiting?: Waiting): Promise<number>;
  /** Names the hospitals whose sum may be opened, once a round. @throws LEDGER_READ_ONLY, the contract's reason */
  sealRound(
    seal: { readonly round: RoundId; readonly included: readonly HospitalAddress[] },
    waiting?: Waiting,
  ): Promise<void>;
  /** Proposes a model as the average of the included updates. @throws LEDGER_READ_ONLY, the contract's reason */
  proposeModel(
    proposal: { readonly round: RoundId; readonly model: Digest; readonly included: readonly HospitalAddress[] },
    waiting?: Waiting,
  ): Promise<void>;
  /** Votes on a proposal, once. @throws LEDGER_READ_ONLY, PROPOSAL_UNKNOWN, the contract's reason */
  attest(
    attestation: {
      readonly round: RoundId;
      readonly proposal: number;
      readonly agree: boolean;
      readonly scores: Digest;
    },
    waiting?: Waiting,
  ): Promise<void>;
  /** Sends votes that their hospitals signed, as commitUpdates does, in any order. */
  attestFor(
    votes: { readonly round: RoundId; readonly proposal: number; readonly signed: readonly SignedAttestation[] },
    waiting?: Waiting,
  ): Promise<number>;
  /** Expires the proposal of a round whose deadline has passed, or abandons the round; does nothing before. */
  expire(round: RoundId, waiting?: Waiting): Promise<void>;
}

/** A commitment that its hospital signed, for others to send. */
export interface SignedCommitment extends Pick<Commitment, "member" | "manifest" | "sampleCount"> {
  /** EIP-712 signature by the hospital's chain key, 65 bytes as 0x and hex digits. */
  readonly signature: `0x${string}`;
}

/** A vote that its hospital signed (attestationTypedData), for others to send. */
export interface SignedAttestation extends Pick<Attestation, "member" | "agree" | "scores"> {
  /** EIP-712 signature by the hospital's chain key, 65 bytes as 0x and hex digits. */
  readonly signature: `0x${string}`;
}

/** EIP-712 typed data, as ethers takes it. */
export interface TypedData {
  /** What keeps a signature from being valid in another federation. */
  readonly domain: {
    /** "Consilium" in all that parties sign. */
    readonly name: string;
    /** "1", as the contract has it. */
    readonly version: string;
    /** EIP-155 id of the chain. */
    readonly chainId: number;
    /** The federation's contract. */
    readonly verifyingContract: string;
  };
  /** The fields of each struct, in the order in which they are hashed. */
  readonly types: Readonly<
    Record<
      string,
      readonly {
        /** Of the field. */
        readonly name: string;
        /** A Solidity type, such as uint32. */
        readonly type: string;
      }[]
    >
  >;
  /** A value for each field. */
  readonly message: Readonly<Record<string, string | number | bigint | boolean>>;
}

/** Signing by this party's chain key, and recovering others' addresses (EIP-712). */
export interface Signatures {
  /** By the chain key of the party that runs. */
  sign(data: TypedData): Promise<`0x${string}`>;
  /** The address that signed; never throws on garbage: undefined then. */
  recover(data: TypedData, signature: string): HospitalAddress | undefined;
}

/** Verified objects on this machine, by digest. It hashes what it returns again, or has written it itself. */
export interface BlobStore {
  /**
   * Keeps an object. @returns its name @throws STORE_FULL, STORE_QUOTA, STORE_READ_ONLY
   * @param outline of these bytes, where it is known already: it is believed
   */
  put(bytes: Uint8Array, outline?: BlobOutline): Promise<Digest>;
  /** Whether the whole object is here. */
  has(digest: Digest): Promise<boolean>;
  /** @throws BLOB_UNKNOWN */
  outline(digest: Digest): Promise<BlobOutline>;
  /** Bytes at [offset, offset + length), fewer at the end. @throws BLOB_UNKNOWN */
  read(digest: Digest, offset: number, length: number): Promise<Uint8Array>;
  /** The whole object. @throws BLOB_UNKNOWN, BLOB_TOO_LARGE, BLOB_CORRUPT */
  get(digest: Digest, limits: { readonly maxBytes: number }): Promise<Uint8Array>;
  /** Deletes an object, if it is here. @throws STORE_FULL */
  remove(digest: Digest): Promise<void>;
  /** Keeps chunks of an object that is being fetched, over restarts too. @throws OUTLINE_MALFORMED, BLOB_BUSY, STORE_QUOTA */
  writer(digest: Digest, outline: BlobOutline): Promise<BlobWriter>;
}

/** An object that is being fetched, chunk by chunk. */
export interface BlobWriter {
  /** Chunks that are not yet here, ascending. */
  missing(): readonly number[];
  /** Verifies against the outline before keeping. @throws CHUNK_CORRUPT */
  write(index: number, chunk: Uint8Array): Promise<void>;
  /** Makes the object readable. @throws BLOB_INCOMPLETE */
  finish(): Promise<void>;
  /** Releases the file, keeping the chunks for a later writer. */
  close(): Promise<void>;
}

/** Objects from other members. */
export interface BlobExchange {
  /**
   * Fetches an object into the local BlobStore from any connected members that have it, and resumes a partial one.
   * Resolves at once where the object is local.
   * @throws BLOB_TOO_LARGE, BLOB_UNAVAILABLE (no connected member served it), ABORTED
   */
  fetch(
    digest: Digest,
    options: { readonly maxBytes: number; readonly preferred?: HospitalAddress } & Waiting,
  ): Promise<void>;
}

/** Announces that an object exists and how large it is; never carries the object itself. */
export interface Gossip {
  /** Resolves when handed to the network, also without a neighbour: parties depend on the chain and not on gossip. */
  publish(announcement: Announcement): Promise<void>;
  /** Valid announcements of members, each once. */
  subscribe(listener: (announcement: Announcement) => void): () => void;
}

/** Passes signed writes of hospitals without gas to all members. */
export interface SignedWrites {
  /** Resolves when handed to the network, also without a neighbour: the sender repeats it until the chain has it. */
  publish(write: SignedWrite): Promise<void>;
  /** Signed writes of members, whose signatures have been checked; repeated ones again. */
  subscribe(listener: (write: SignedWrite) => void): () => void;
}

/** What a note becomes: these bytes, what another note is before the write (by its key), or nothing. @useDeclaredType */
export type NoteValue = Uint8Array | { readonly sameAs: string } | undefined;

/** A party's own notes, durable when the promise resolves (fsync). Keys are short paths such as "round/7/update". */
export interface Journal {
  /** Undefined if there is no such note. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Writes and deletes (undefined) all or none. */
  write(entries: Readonly<Record<string, NoteValue>>): Promise<void>;
  /** Keys that begin with the prefix, sorted. */
  keys(prefix: string): Promise<readonly string[]>;
}

/**
 * Secrets of rounds with private sums: durable when a write resolves (fsync), and gone from the disk when an erasure does.
 * Names are short paths such as "mask/7".
 */
export interface SecretFiles {
  /** Undefined if there is none of this name. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** @throws STORE_FULL */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Does nothing where there is none. */
  erase(name: string): Promise<void>;
  /** All names, sorted. */
  names(): Promise<readonly string[]>;
}

/** This machine's time, only for waiting: nothing that parties must agree on depends on it. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** @throws ABORTED */
  sleep(milliseconds: number, waiting?: Waiting): Promise<void>;
}

/** A structured log; a child adds its part's name. Facts hold no patients' data, keys or credentials. */
export interface Log {
  /** A log whose entries carry the part's name. */
  child(part: string): Log;
  /** For developers. */
  debug(event: string, facts?: ErrorFacts): void;
  /** What happens as it should. */
  info(event: string, facts?: ErrorFacts): void;
  /** Somebody should look at it. */
  warn(event: string, facts?: ErrorFacts): void;
  /** Something does not work. */
  error(event: string, facts?: ErrorFacts): void;
}
