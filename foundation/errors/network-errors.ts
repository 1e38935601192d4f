// Errors about objects on their way, about the local store, and about other members' computers.
import { entriesOf } from "./kinds.ts";

export const generalErrors = entriesOf("general", {
  ABORTED: "nothing to do: the work was stopped on request",
  INTERRUPTED: "run the same command again: it continues where it stopped",
  UNEXPECTED: "run the command again with --verbose and report the output to the developers",
});

export const blobErrors = entriesOf("blob", {
  BLOB_BUSY: "wait: the peer serves others first, and the request is repeated",
  BLOB_CORRUPT: "check the disk; the object is fetched again from another member",
  BLOB_GONE: "wait: the peer no longer has the object, and another member is asked",
  BLOB_INCOMPLETE: "wait until all chunks of the object have been fetched",
  BLOB_NOT_SERVED: "ask the peer's operator: it does not serve this object to you",
  BLOB_READER_STALLED: "check the network to this peer: it stopped reading",
  BLOB_PEER_SILENT: "check the network to this peer: it stopped sending",
  BLOB_REQUEST_MALFORMED: "update the software of the peer that sent the request",
  BLOB_RESPONSE_MALFORMED: "update the software of the peer that sent the answer",
  BLOB_SERVE_FAILED: "check the disk of the store and the log before this line",
  BLOB_STREAM_CLOSED: "wait: the connection ended, and the request is repeated",
  BLOB_TOO_LARGE: "raise the limit for this kind of object if its size is right",
  BLOB_UNAVAILABLE: "start the node that made the object, or wait until a member that has it is connected",
  BLOB_UNKNOWN: "fetch the object first: it is not in this store",
  CHUNK_CORRUPT: "wait: the chunk is fetched again from another member",
  OUTLINE_MALFORMED: "wait: the outline is fetched again from another member",
});

export const storeErrors = entriesOf("store", {
  JOURNAL_MALFORMED: "restore the store's folder from a backup",
  STORE_EXISTS: "move the folder away, or give another one: a restored store never overwrites another",
  STORE_FULL: "free disk space: nothing is lost, and a running node continues by itself",
  STORE_LOCKED: "stop the other process that uses this folder, or choose another folder",
  STORE_MISSING: "give the store folder of a party's configuration",
  STORE_QUOTA: "raise maxStoreGiB, or connect the members that keep older objects, so that these can be deleted here",
  STORE_READ_ONLY: "open the store with the party that owns it: this one only reads",
  STORE_UNREADABLE: "check the folder's permissions and the disk",
  STORE_OTHER_FEDERATION:
    "give another store folder: this one's notes are of a federation that this contract does not continue",
  STORE_VERSION: "use the version of the software that wrote this folder, or another folder",
  WRITER_CLOSED: "start the party again: the object was written after its writer had been closed",
});

export const peerErrors = entriesOf("peer", {
  ANNOUNCEMENTS_TOO_MANY: "ask the member's operator why its node announces so often",
  ANNOUNCEMENT_UNSIGNED: "update the software of the peer that sent it",
  MULTIADDR_UNSUPPORTED: "write a TCP address, direct or through a relay: ws, wss, quic and webrtc are not supported",
  MULTIADDR_MALFORMED: "write addresses as /ip4/ADDRESS/tcp/PORT/p2p/PEER_ID or /dns4/NAME/tcp/PORT/p2p/PEER_ID",
  PEER_BINDING_MALFORMED: "ask the hospital for the file peer-binding.json that its node wrote",
  PEER_BINDING_SIGNATURE: "ask the hospital to start its node again and to send the new peer-binding.json",
  PEER_KEY_MALFORMED: "restore the peer key file, or remove it and bind a new key",
  PEER_LISTEN_FAILED: "choose another port, or port 0 for any free one",
  PEER_NOT_A_MEMBER: "check that this peer's key is bound to an active member",
  PEER_OVER_QUOTA: "connect again later: the peer holds more connections, handshakes or bytes than it may",
  PEER_RECORD_MALFORMED: "update the software of the peer that sent the record",
  PEER_STREAM_FAILED: "wait: the stream ended, and the request is repeated",
  PEER_UNREACHABLE: "check the peer's address, and that the firewall lets its port through",
  SIGNED_WRITES_TOO_MANY: "ask the member's operator why its node sends signed writes so often",
  SIGNED_WRITE_SIGNATURE: "ask the hospital to check its chain key: another key signed its commitment or vote",
  SIGNED_WRITE_UNSIGNED: "update the software of the peer that sent it",
  DASHBOARD_LISTEN_FAILED: "give a free address and port of this machine in dashboard.listen",
  DASHBOARD_TOKEN_MISSING: "name a file in dashboard.tokenFile whose first line is a token (openssl rand -hex 16)",
  DASHBOARD_TOKEN_WEAK: "put at least 16 characters into the first line of dashboard.tokenFile (openssl rand -hex 16)",
  TELEMETRY_LISTEN_FAILED: "give a free address and port of this machine in telemetry.listen",
  PORT_IN_USE: "choose another port, or leave the option out for any free one",
});
