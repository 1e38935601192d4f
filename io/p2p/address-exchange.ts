// Members pass on members' addresses by /consilium/addresses/1.0.0. The asking side sends its own signed peer record and
// closes its end; the other side answers with its own record and those of all members that it knows. A node asks each
// member that it has dialled, all members when its own addresses have changed, and one member now and then: after 5 s, 10 s,
// and so on, up to every minute.
import { setTimeout as delay } from "node:timers/promises";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { FedError } from "../../foundation/errors.ts";
import { joinSignals } from "../../foundation/joined-signal.ts";
import type { Log } from "../../protocol/ports.ts";
import type { AddressBook } from "./address-book.ts";
import { forMembers, type IsMember } from "./members-only.ts";
import { decodeRecords, encodeRecords } from "./peer-records.ts";
import { writeWhole } from "./whole-write.ts";

const addressProtocol = "/consilium/addresses/1.0.0";
/** Of a thousand members. */
const maxListBytes = 512 * 1024;
/** Of one record. */
const maxQuestionBytes = 8 * 1024;
const timeoutMs = 10_000;
const firstAgainMs = 5_000;
const longestAgainMs = 60_000;

export interface AddressExchangeOptions {
  readonly book: AddressBook;
  readonly isMember: IsMember;
  /** This node's own signed record. */
  readonly ownRecord: () => Promise<Uint8Array>;
  readonly onLearnt: () => void;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Registers the protocol and asks from now on; resolves to a function that waits until nothing is under way. */
export async function exchangeAddresses(
  network: Libp2p,
  { book, isMember, ownRecord, onLearnt, log, signal }: AddressExchangeOptions,
): Promise<() => Promise<void>> {
  const running = new Set<Promise<void>>();
  const track = (work: Promise<void>) => {
    const done = work.catch(() => {}).finally(() => running.delete(done));
    running.add(done);
  };
  const learn = async (list: Uint8Array) => {
    if (await book.learn(decodeRecords(list))) onLearnt();
  };

  /** The own addresses that the other end of a connection was last told. */
  const told = new WeakMap<Connection, string>();
  const ownAddresses = () => network.getMultiaddrs().join(" ");

  const answer = async (stream: Stream, connection: Connection) => {
    const { signal: limit, release } = joinSignals(signal, AbortSignal.timeout(timeoutMs));
    try {
      await learn(await readAll(stream, maxQuestionBytes, limit));
      told.set(connection, ownAddresses());
      const list = encodeRecords(withinLimit([await ownRecord(), ...book.records()]));
      await writeWhole(stream, list, { signal: limit, onProgress() {} });
      await stream.close({ signal: limit });
    } catch {
      stream.abort(new FedError("PEER_STREAM_FAILED"));
    } finally {
      release();
    }
  };
  const options = { maxInboundStreams: 2, runOnLimitedConnection: true };
  await network.handle(
    addressProtocol,
    forMembers(isMember, (stream, connection) => track(answer(stream, connection))),
    options,
  );

  const ask = async (connection: Connection) => {
    const peer = connection.remotePeer.toString();
    if (!isMember(peer) || connection.status !== "open") return;
    const { signal: limit, release } = joinSignals(signal, AbortSignal.timeout(timeoutMs));
    try {
      told.set(connection, ownAddresses());
      const own = encodeRecords([await ownRecord()]);
      const stream = await connection.newStream(addressProtocol, { signal: limit, runOnLimitedConnection: true });
      // Listens before it asks, so that no event is missed.
      const list = readAll(stream, maxListBytes, limit);
      await Promise.all([list, writeWhole(stream, own, { signal: limit, onProgress() {} }).then(() => stream.close())]);
      await learn(await list);
    } catch (error) {
      log.debug("addresses-not-learnt", { peer, reason: (error as Error).message });
    } finally {
      release();
    }
  };
  const members = () => network.getConnections().filter(({ remotePeer }) => isMember(remotePeer.toString()));
  const askAgain = async () => {
    for (let turn = 0; !signal.aborted; turn++) {
      const againMs = Math.min(longestAgainMs, firstAgainMs * 2 ** Math.min(turn, 10));
      await delay(againMs, undefined, { signal, ref: false }).catch(() => {});
      const open = members();
      if (open.length > 0 && !signal.aborted) await ask(open[turn % open.length]!);
    }
  };
  network.addEventListener("connection:open", ({ detail }) => {
    if (detail.direction === "outbound") track(ask(detail));
  });
  network.addEventListener("self:peer:update", () => {
    const now = ownAddresses();
    for (const connection of members()) if ((told.get(connection) ?? now) !== now) track(ask(connection));
  });
  track(askAgain());
  return async () => {
    await Promise.all(running);
  };
}

/** As many records as a list may have, the first ones first. */
function withinLimit(records: readonly Uint8Array[]): readonly Uint8Array[] {
  let bytes = 0;
  return records.filter(({ byteLength }) => {
    bytes += 2 + byteLength;
    return bytes <= maxListBytes;
  });
}

/**
 * Bytes until the other side closes its end.
 * @throws ABORTED, PEER_STREAM_FAILED, PEER_RECORD_MALFORMED for more bytes than allowed
 */
function readAll(stream: Stream, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    const settle = (error?: FedError) => {
      stream.removeEventListener("message", onMessage);
      stream.removeEventListener("remoteCloseWrite", onEnd);
      stream.removeEventListener("close", onClose);
      signal.removeEventListener("abort", onAbort);
      if (error === undefined) return resolve(Buffer.concat(parts));
      stream.abort(error);
      reject(error);
    };
    const onMessage = ({ data }: { data: Parameters<Stream["send"]>[0] }) => {
      bytes += data.byteLength;
      if (bytes > maxBytes) return settle(new FedError("PEER_RECORD_MALFORMED", { bytes }));
      parts.push(data.subarray());
    };
    const onEnd = () => settle();
    const onClose = () => settle(new FedError("PEER_STREAM_FAILED"));
    const onAbort = () => settle(new FedError("ABORTED", {}, { cause: signal.reason }));
    if (signal.aborted) return onAbort();
    if (stream.status !== "open") return onClose();
    stream.addEventListener("message", onMessage);
    // The other side may have closed its end before this; what it sent is delivered in the next microtask.
    if (stream.remoteWriteStatus === "closed") setImmediate(onEnd);
    stream.addEventListener("remoteCloseWrite", onEnd);
    stream.addEventListener("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
