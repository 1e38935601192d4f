// An association that we open: C-FIND, C-GET and C-MOVE requests in it, one after the other.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import dimse from "dcmjs-dimse";
import { connectionError } from "../refusals.ts";
import { DimseFailure, openFirstFailure, rejection, statusFailure } from "./failure.ts";
import { type GuardedSocket, guardSocket } from "./guarded-socket.ts";
import type { DimsePeer, FailureCode } from "./messages.ts";
import { isStorageClass, proposeStorage } from "./storage-contexts.ts";
import { type InstanceSink, StoringPeer } from "./storing-peer.ts";

type Request = dimse.requests.CFindRequest | dimse.requests.CGetRequest | dimse.requests.CMoveRequest;
type Response = dimse.responses.CFindResponse | dimse.responses.CGetResponse | dimse.responses.CMoveResponse;
const { ImplicitVRLittleEndian, ExplicitVRLittleEndian } = dimse.constants.TransferSyntax;
const { PresentationContextResult } = dimse.constants;

export interface OpenAssociation {
  readonly guarded: GuardedSocket;
  /**
   * Sends a request, and waits for its last response.
   *
   * @param onMatch is called with what each pending response lists
   * @throws DimseFailure
   */
  ask(request: Request, onMatch?: (elements: Readonly<Record<string, unknown>>) => void): Promise<Response>;
  /** Ends the association; it may be called at any time. */
  close(): void;
}

export interface AssociationPlan {
  /** Of the service: Study Root C-FIND, C-GET or C-MOVE. */
  readonly service: string;
  /** Of instances that the PACS stores in the same association (C-GET). */
  readonly classes?: readonly string[] | undefined;
  readonly sink: InstanceSink;
  readonly maxInstanceBytes: number;
}

/** PDUs that we ask for. Larger ones make nothing faster. */
export const maxPduBytes = 2 ** 17;
/** Servers that send somewhat more than was asked for are known. */
export const toleratedPduBytes = 2 ** 20;
export const maxCommandBytes = 2 ** 16;
/** Of data sets that list or report, and are no instances. */
const maxIdentifierBytes = 2 ** 20;

/** @throws DimseFailure */
export async function openAssociation(
  peer: DimsePeer,
  { service, classes, sink, maxInstanceBytes }: AssociationPlan,
): Promise<OpenAssociation> {
  const association = new dimse.association.Association(peer.calling, peer.called);
  association.setMaxPduLength(maxPduBytes);
  const own = association.addPresentationContext(service);
  for (const syntax of [ImplicitVRLittleEndian, ExplicitVRLittleEndian]) {
    association.addTransferSyntaxToPresentationContext(own, syntax);
  }
  if (classes) proposeStorage(association, classes);
  const stored = new Set(
    association
      .getPresentationContexts()
      .flatMap(({ id, context }) => (isStorageClass(context.getAbstractSyntaxUid()) ? [id] : [])),
  );

  const first = openFirstFailure();
  const fail = (code: FailureCode, reason: string) => first.fail(new DimseFailure(code, reason));
  const connection = await connected(peer);
  const guarded = guardSocket(
    connection,
    {
      maxPduBytes: toleratedPduBytes,
      maxCommandBytes,
      maxDataBytes: (id) => (stored.has(id) ? maxInstanceBytes : maxIdentifierBytes),
    },
    fail,
  );
  const network = new StoringPeer(guarded.socket, sink, fail);
  const accepted = new Promise<void>((resolve) => network.on("associationAccepted", () => resolve()));
  network.on("associationRejected", (how: { result: number; reason: number }) => first.fail(rejection(how)));
  network.sendAssociationRequest(association);
  const close = () => {
    network.sendAssociationReleaseRequest();
    guarded.socket.end();
  };
  try {
    await Promise.race([accepted, first.failed]);
    if (association.getPresentationContext(own).getResult() !== PresentationContextResult.Accept) {
      throw new DimseFailure("PACS_NO_SERVICE", serviceNames[service] ?? service);
    }
  } catch (error) {
    guarded.socket.destroy();
    throw error instanceof DimseFailure ? closedEarly(error, peer) : error;
  }
  return {
    guarded,
    close,
    async ask(request, onMatch) {
      const last = new Promise<Response>((resolve, refuse) => {
        request.on("response", (response: Response) => {
          network.forgetCommand();
          const status: unknown = response.getStatus();
          const isPending = status === 0xff00 || status === 0xff01;
          if (!isPending) return resolve(response);
          try {
            const elements = response.getDataset()?.getElements();
            if (elements) onMatch?.(elements);
          } catch (error) {
            refuse(error);
          }
        });
      });
      network.sendRequests(request);
      const response = await Promise.race([last, first.failed]);
      const failure = statusFailure(response.getStatus());
      if (failure) throw failure;
      return response;
    },
  };
}

/** A PACS may close a connection without a word: of one with TLS that it wants, or for a certificate that it does not accept. */
function closedEarly(failure: DimseFailure, { tls }: DimsePeer): DimseFailure {
  const isClosed = failure.message === "closed" || /^(ECONNRESET|EPIPE)$/.test(failure.message);
  if (!isClosed || failure.remedy !== undefined) return failure;
  const remedy = tls
    ? "the PACS closed the connection: check that it accepts the certificate of --client-cert, and both AE titles"
    : "the PACS closed the connection: write dimses:// if it wants TLS, and check both AE titles";
  return new DimseFailure(failure.code, failure.message, remedy);
}

const { SopClass } = dimse.constants;
const serviceNames: Readonly<Record<string, string>> = {
  [SopClass.StudyRootQueryRetrieveInformationModelFind]: "C-FIND",
  [SopClass.StudyRootQueryRetrieveInformationModelGet]: "C-GET",
  [SopClass.StudyRootQueryRetrieveInformationModelMove]: "C-MOVE",
};

/** @throws DimseFailure */
async function connected({ host, port, tls }: DimsePeer): Promise<Socket> {
  const socket = tls ? connectTls({ host, port, ...tls }) : connect({ host, port });
  try {
    await once(socket, tls ? "secureConnect" : "connect");
    return socket;
  } catch (error) {
    socket.destroy();
    const { code, facts } = connectionError(error, host);
    throw new DimseFailure(code as FailureCode, String(facts["reason"] ?? ""));
  }
}
