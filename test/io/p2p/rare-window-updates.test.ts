import type { Stream, StreamMuxerFactory } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { expect } from "chai";
import { createLibp2p, type Libp2p } from "libp2p";
import { yamuxWithRareWindowUpdates } from "../../../io/p2p/rare-window-updates.ts";

const protocol = "/consilium/test/1.0.0";

/** A receiver that counts the frames that its side sends, and the bytes that have come. */
async function receiving(muxer: typeof yamux): Promise<{ node: Libp2p; frames: () => number; bytes: () => number }> {
  let frames = 0;
  let bytes = 0;
  const counted = () => {
    const factory = muxer()();
    const { createStreamMuxer } = factory;
    return Object.assign(factory, {
      createStreamMuxer(connection: Parameters<typeof createStreamMuxer>[0]) {
        const send = connection.send.bind(connection);
        connection.send = (data) => {
          frames++;
          return send(data);
        };
        return createStreamMuxer.call(factory, connection);
      },
    }) as StreamMuxerFactory;
  };
  const node = await createLibp2p({
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [counted],
  });
  await node.handle(protocol, (stream: Stream) => {
    stream.addEventListener("message", ({ data }) => {
      bytes += data.byteLength;
    });
  });
  return { node, frames: () => frames, bytes: () => bytes };
}

/** Frames that the receiver sent for messages, each of which it had before the next one was sent. */
async function framesFor(muxer: typeof yamux, messages: number, messageBytes: number): Promise<number> {
  const receiver = await receiving(muxer);
  const sender = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamuxWithRareWindowUpdates()],
  });
  try {
    const stream = await sender.dialProtocol(receiver.node.getMultiaddrs(), protocol);
    const before = receiver.frames();
    for (let sent = 1; sent <= messages; sent++) {
      if (!stream.send(new Uint8Array(messageBytes))) await stream.onDrain();
      while (receiver.bytes() < sent * messageBytes) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return receiver.frames() - before;
  } finally {
    await Promise.all([sender.stop(), receiver.node.stop()]);
  }
}

describe("window updates of a stream", () => {
  it("are not sent for every small message, as the library would", async () => {
    expect(await framesFor(yamux, 50, 100)).to.be.at.least(50);
    expect(await framesFor(yamuxWithRareWindowUpdates, 50, 100)).to.be.below(10);
  });

  it("come in time: much more than a window arrives", async () => {
    expect(await framesFor(yamuxWithRareWindowUpdates, 32, 256 * 1024)).to.be.within(4, 300);
  });
});
