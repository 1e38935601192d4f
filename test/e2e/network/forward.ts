// Passes TCP connections on to a socket file, or from one to a TCP port: a socket file reaches across network namespaces, so that a
// test's chain is reachable in all of them while the lines between them are cut.
//   node forward.ts PORT SOCKET_FILE
import { connect, createServer, type Server, type Socket } from "node:net";

function pass(incoming: Socket, outgoing: Socket): void {
  incoming.pipe(outgoing).pipe(incoming);
  for (const socket of [incoming, outgoing]) {
    socket.on("error", () => {
      incoming.destroy();
      outgoing.destroy();
    });
  }
}

/** Serves a local port at a socket file. */
export async function offerPort(port: number, file: string): Promise<Server> {
  const server = createServer((socket) => pass(socket, connect(port, "127.0.0.1")));
  await new Promise<void>((resolve) => server.listen(file, resolve));
  return server;
}

const [port, file] = process.argv.slice(2);
if (process.argv[1]?.endsWith("forward.ts")) {
  const server = createServer((socket) => pass(socket, connect(file!)));
  server.listen(Number(port), "127.0.0.1", () => process.send?.("ready"));
  process.on("disconnect", () => process.exit(0));
}
