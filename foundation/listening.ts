// Binds an HTTP server to host:port, and closes it with its connections.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ErrorCode, FedError } from "./errors.ts";

export interface Listening {
  /** host:port where it listens. */
  readonly address: string;
  close(): Promise<void>;
}

/** host:port of a configuration; an IPv6 address stands in brackets. */
export const hostAndPort = /^([\w.-]+|\[[\da-f:]+\]):\d{1,5}$/i;

/**
 * Does not keep the process alive.
 * @param listen host:port; port 0 is any free one
 * @param failed the code of the error where it cannot listen there
 */
export async function listenAt(server: Server, listen: string, failed: ErrorCode): Promise<Listening> {
  const { hostname, port } = new URL(`http://${listen}`);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(new FedError(failed, { listen, why: cause.code ?? cause.message }, { cause })),
    );
    server.listen(Number(port || 80), hostname.replace(/^\[|\]$/g, ""), resolve);
  });
  server.unref();
  const { address, port: bound, family } = server.address() as AddressInfo;
  return {
    address: family === "IPv6" ? `[${address}]:${bound}` : `${address}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
