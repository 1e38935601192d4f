// A line between two peers that a test can make slow, or dead without a word: a TCP proxy on loopback.
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface SlowLine {
  /** The multiaddr to dial instead of the target's. */
  readonly address: string;
  /** Bytes that came back through the line so far. */
  carried(): number;
  /** Carries nothing more, and closes nothing: as a pulled cable. */
  freeze(): void;
  close(): Promise<void>;
}

/** @param target a /ip4/127.0.0.1/tcp/PORT/p2p/ID multiaddr */
export async function openSlowLine(target: string, { bytesPerSecond = Infinity } = {}): Promise<SlowLine> {
  const [, port, peerId] = /\/tcp\/(\d+)\/p2p\/(\w+)/.exec(target) ?? [];
  const sockets = new Set<Socket>();
  let frozen = false;
  let carried = 0;
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    const far = connect(Number(port), "127.0.0.1");
    track(near);
    track(far);
    near.on("data", (bytes) => void (frozen || far.write(bytes)));
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    const carryBack = async () => {
      for await (const bytes of far) {
        if (frozen) return;
        carried += bytes.length;
        if (bytesPerSecond !== Infinity) await delay((bytes.length / bytesPerSecond) * 1000);
        if (!near.write(bytes)) await new Promise((resolve) => near.once("drain", resolve));
      }
    };
    carryBack().catch(() => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}/p2p/${peerId}`,
    carried: () => carried,
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
