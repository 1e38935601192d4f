// Signed peer records: a peer's addresses with its own signature (libp2p RFC 0003), so that they can be passed on by
// anyone. Lists of them are 2 bytes of length (big-endian) and then the record, one after the other.
import type { Ed25519PrivateKey } from "@libp2p/interface";
import { peerIdFromPublicKey } from "@libp2p/peer-id";
import { PeerRecord, RecordEnvelope } from "@libp2p/peer-record";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { FedError } from "../../foundation/errors.ts";

/** A record of eight addresses is below 600 bytes. */
const maxRecordBytes = 4096;
/** Addresses of one peer that are used. */
const maxAddresses = 8;

export interface SignedAddresses {
  readonly peerId: string;
  /** The larger number is the newer record: milliseconds since 1970 by the signer's clock. */
  readonly sequence: bigint;
  /** With the peer id at the end. */
  readonly addresses: readonly Multiaddr[];
  readonly bytes: Uint8Array;
}

/** @param addresses with the peer id at the end, or without it */
export async function signAddresses(
  key: Ed25519PrivateKey,
  addresses: readonly Multiaddr[],
  sequence: bigint,
): Promise<SignedAddresses> {
  const peerId = peerIdFromPublicKey(key.publicKey);
  const suffix = `/p2p/${peerId}`;
  const bare = addresses.map(String).map((text) => (text.endsWith(suffix) ? text.slice(0, -suffix.length) : text));
  const record = new PeerRecord({ peerId, multiaddrs: bare.map((text) => multiaddr(text)), seqNumber: sequence });
  const envelope = await RecordEnvelope.seal(record, key);
  return openSignedAddresses(Uint8Array.from(envelope.marshal()));
}

/** Checks signature and form. @throws PEER_RECORD_MALFORMED */
export async function openSignedAddresses(bytes: Uint8Array): Promise<SignedAddresses> {
  if (bytes.byteLength > maxRecordBytes) throw new FedError("PEER_RECORD_MALFORMED", { bytes: bytes.byteLength });
  try {
    const envelope = await RecordEnvelope.openAndCertify(bytes, PeerRecord.DOMAIN);
    const record = PeerRecord.createFromProtobuf(envelope.payload);
    const peerId = peerIdFromPublicKey(envelope.publicKey);
    if (!record.peerId.equals(peerId)) throw new FedError("PEER_RECORD_MALFORMED", { why: "signed by another peer" });
    return {
      peerId: peerId.toString(),
      sequence: record.seqNumber,
      addresses: dialable(record.multiaddrs).map((address) => address.encapsulate(`/p2p/${peerId}`)),
      bytes,
    };
  } catch (cause) {
    throw cause instanceof FedError ? cause : new FedError("PEER_RECORD_MALFORMED", {}, { cause });
  }
}

/** A few of the addresses; a loopback address only of a peer that has no others, since it means another machine here. */
function dialable(addresses: readonly Multiaddr[]): readonly Multiaddr[] {
  const isLoopback = (address: Multiaddr) => /^\/(ip4\/127\.|ip6\/::1\/)/.test(address.toString());
  const others = addresses.filter((address) => !isLoopback(address));
  return (others.length > 0 ? others : addresses).slice(0, maxAddresses);
}

export function encodeRecords(records: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    records.flatMap((record) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(record.byteLength);
      return [length, record];
    }),
  );
}

/** @throws PEER_RECORD_MALFORMED where the list ends within a record */
export function decodeRecords(bytes: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.byteLength; ) {
    const start = offset + 2;
    const end = start <= bytes.byteLength ? start + view.getUint16(offset) : Number.POSITIVE_INFINITY;
    if (end > bytes.byteLength) throw new FedError("PEER_RECORD_MALFORMED", { bytes: bytes.byteLength });
    records.push(bytes.slice(start, end));
    offset = end;
  }
  return records;
}
