// The library's side of a connection: it gets whole PDUs within limits, and nothing after the first fault.
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { connectionError } from "../refusals.ts";
import type { FailureCode } from "./messages.ts";
import { openPduReader, PduError, type PduLimits } from "./whole-pdus.ts";

export interface GuardedSocket {
  /** What the library takes for its socket. */
  readonly socket: Socket;
  /** Reads no more from the connection until resume. */
  pause(): void;
  resume(): void;
}

/**
 * @param connection after it is connected
 * @param onFault is told once: why the connection is no use any more. The connection is closed.
 */
export function guardSocket(
  connection: Socket,
  limits: PduLimits,
  onFault: (code: FailureCode, reason: string) => void,
): GuardedSocket {
  const seen = new EventEmitter();
  const reader = openPduReader(limits);
  let isOver = false;
  const end = (...fault: Parameters<typeof onFault>) => {
    if (isOver) return;
    isOver = true;
    connection.destroy();
    onFault(...fault);
    seen.emit("close");
  };
  connection.setNoDelay(true);
  connection.on("data", (bytes) => {
    if (isOver) return;
    try {
      for (const pdu of reader.push(bytes)) if (!isOver) seen.emit("data", pdu);
    } catch (error) {
      if (error instanceof PduError) end(error.code, error.message);
      // The library throws what it likes at what it cannot read.
      else end("PACS_MALFORMED", "message");
    }
  });
  connection.on("error", (error) => {
    // Over TLS 1.3 a server refuses a certificate only after the handshake.
    const { code, facts } = connectionError(error, "");
    end(code as FailureCode, String(facts["reason"]));
  });
  connection.on("close", () => end("PACS_TRUNCATED", reader.isInside ? "in mid-message" : "closed"));
  const methods = {
    setTimeout: () => {},
    write: (bytes: Uint8Array) => (isOver ? false : connection.write(bytes)),
    end: () => connection.end(),
    destroy: () => connection.destroy(),
  };
  return {
    socket: Object.assign(seen, methods) as unknown as Socket,
    pause: () => connection.pause(),
    resume: () => connection.resume(),
  };
}
