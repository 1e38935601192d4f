// Where the PACS stores what a C-MOVE asked for: open only while one is under way, and only for the two AE titles.
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import dimse from "dcmjs-dimse";
import { maxCommandBytes, maxPduBytes, toleratedPduBytes } from "./association.ts";
import { DimseFailure, openFirstFailure } from "./failure.ts";
import { type GuardedSocket, guardSocket } from "./guarded-socket.ts";
import type { DimsePeer, FailureCode } from "./messages.ts";
import { acceptStorage } from "./storage-contexts.ts";
import { type InstanceSink, type PeerFailure, StoringPeer } from "./storing-peer.ts";

const { RejectReason, RejectResult, RejectSource } = dimse.constants;

/** PACS store over one association, or a few. */
const mostConnections = 8;
const idleMs = 60_000;

export interface Receiver {
  /** Rejects when an accepted association fails. */
  readonly failed: Promise<never>;
  close(): void;
}

interface ReceiverOptions {
  readonly peer: DimsePeer;
  readonly address: { readonly host: string; readonly port: number };
  readonly maxInstanceBytes: number;
  /** Where the instances of one association go. */
  openSink(): InstanceSink;
  /** Its open connections are added. */
  readonly paced: Set<GuardedSocket>;
}

/** @throws DimseFailure */
export async function openReceiver({
  peer,
  address,
  maxInstanceBytes,
  openSink,
  paced,
}: ReceiverOptions): Promise<Receiver> {
  const sockets = new Set<Socket>();
  const first = openFirstFailure();
  const accept = (connection: Socket) => {
    sockets.add(connection);
    connection.setTimeout(idleMs, () => connection.destroy());
    let isAccepted = false;
    // Before the titles are known, it may be anybody: what a stranger does says nothing about the PACS.
    const fail = (code: FailureCode, reason: string) => isAccepted && first.fail(new DimseFailure(code, reason));
    const own = guardSocket(
      connection,
      { maxPduBytes: toleratedPduBytes, maxCommandBytes, maxDataBytes: () => maxInstanceBytes },
      // A PACS may close each connection when it is done with it.
      (code, reason) => (reason === "closed" ? undefined : fail(code, reason)),
    );
    paced.add(own);
    connection.once("close", () => {
      paced.delete(own);
      sockets.delete(connection);
    });
    new ReceivingPeer(own.socket, openSink(), fail, (association) => {
      isAccepted =
        association.getCalledAeTitle().trim() === peer.calling &&
        association.getCallingAeTitle().trim() === peer.called;
      return isAccepted;
    });
  };
  const server: Server = peer.tls
    ? createTlsServer({ ...peer.tls, requestCert: true, rejectUnauthorized: true }, accept)
    : createServer(accept);
  server.maxConnections = mostConnections;
  // Handshakes that fail are strangers'.
  server.on("tlsClientError", () => {});
  try {
    await once(server.listen(address.port, address.host), "listening");
  } catch (error) {
    throw new DimseFailure("PACS_RECEIVER", String((error as { code?: unknown }).code));
  }
  return {
    failed: first.failed,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

class ReceivingPeer extends StoringPeer {
  private readonly isExpected: (association: dimse.association.Association) => boolean;

  constructor(
    socket: Socket,
    sink: InstanceSink,
    fail: PeerFailure,
    isExpected: (association: dimse.association.Association) => boolean,
  ) {
    super(socket, sink, fail);
    this.isExpected = isExpected;
  }

  override associationRequested(association: dimse.association.Association): void {
    if (!this.isExpected(association)) {
      this.sendAssociationReject(RejectResult.Permanent, RejectSource.ServiceUser, RejectReason.CallingAeNotRecognized);
      return;
    }
    acceptStorage(association);
    association.setMaxPduLength(maxPduBytes);
    this.sendAssociationAccept();
  }
}
