// One association, in either direction: what the PACS stores in it goes out piece by piece, and is answered when the import has
// room for more. The library would hold each data set and parse it twice.
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import dimse from "dcmjs-dimse";
import type { FailureCode, ReceivedInstance } from "./messages.ts";

const { CEchoResponse, CStoreResponse } = dimse.responses;
const { Status } = dimse.constants;
type Context = dimse.association.PresentationContext;

export interface InstanceSink {
  begin(instance: ReceivedInstance): void;
  piece(bytes: Uint8Array): void;
  /** Ends when there is room for more. */
  stored(): Promise<void>;
}

export type PeerFailure = (code: FailureCode, reason: string) => void;

export const abortReason = "aborted";

export class StoringPeer extends dimse.Scp {
  private readonly sink: InstanceSink;
  private readonly fail: PeerFailure;

  constructor(socket: Socket, sink: InstanceSink, fail: PeerFailure) {
    super(socket);
    this.sink = sink;
    this.fail = fail;
    // What the library could not read, or could not write: the latter ends the connection, too.
    this.on("networkError", () => fail("PACS_MALFORMED", "message"));
  }

  override createStoreWritableStream(context: Context, request: dimse.requests.CStoreRequest): Writable {
    this.sink.begin({
      classUid: request.getAffectedSopClassUid(),
      instanceUid: request.getAffectedSopInstanceUid(),
      transferSyntax: context.getAcceptedTransferSyntaxUid() ?? "",
    });
    const { sink } = this;
    // Waits here would let later fragments pass earlier ones: the socket is paused instead.
    return new Writable({
      highWaterMark: Number.MAX_SAFE_INTEGER,
      write(bytes: Uint8Array, _, done) {
        sink.piece(bytes);
        done();
      },
    });
  }

  override createDatasetFromStoreWritableStream(
    _: Writable,
    __: Context,
    callback: (dataset: dimse.Dataset) => void,
  ): void {
    // Its types want a data set, and it takes none.
    callback(undefined as unknown as dimse.Dataset);
  }

  override cStoreRequest(
    request: dimse.requests.CStoreRequest,
    callback: (response: dimse.responses.CStoreResponse) => void,
  ): void {
    const response = CStoreResponse.fromRequest(request);
    response.setStatus(Status.Success);
    void this.sink.stored().then(() => callback(response));
  }

  override cEchoRequest(
    request: dimse.requests.CEchoRequest,
    callback: (response: dimse.responses.CEchoResponse) => void,
  ): void {
    const response = CEchoResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }

  override associationReleaseRequested(): void {
    this.sendAssociationReleaseResponse();
  }

  override abort(): void {
    this.fail("PACS_TRUNCATED", abortReason);
  }

  /** The library puts a command that follows one without a data set behind it, and would read all of them again each time. */
  forgetCommand(): void {
    Reflect.set(this, "dimseStream", undefined);
  }
}
