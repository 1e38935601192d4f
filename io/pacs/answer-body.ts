// The bytes of an answer: decompressed, at the import's pace, and watched for a server that hardly sends.
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { FedError } from "../../foundation/errors.ts";
import type { Pace } from "./pace.ts";
import type { Patience } from "./patience.ts";

const decoders: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress as unknown as typeof createGunzip,
};

/** Some servers and proxies compress whatever was asked; readers limit what they take out of it. */
export async function* uncompressed(
  body: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncGenerator<Uint8Array, void> {
  const name = encoding.trim().toLowerCase();
  if (name === "" || name === "identity") return yield* body;
  const decoder = decoders[name]?.();
  if (!decoder) throw new FedError("PACS_MALFORMED", { what: "content-encoding" });
  let failure: unknown;
  feed(body, decoder).catch((error: unknown) => {
    failure = error;
    decoder.destroy(error as Error);
  });
  try {
    yield* decoder;
  } catch (error) {
    const isCut = (error as { code?: unknown }).code === "Z_BUF_ERROR";
    throw failure ?? new FedError(isCut ? "PACS_TRUNCATED" : "PACS_MALFORMED", { what: "content-encoding" });
  } finally {
    decoder.destroy();
  }
}

async function feed(body: AsyncIterable<Uint8Array>, into: ReturnType<typeof createGunzip>): Promise<void> {
  for await (const chunk of body) {
    if (into.destroyed) return;
    if (into.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      into.once("drain", resolve).once("close", resolve);
    });
  }
  into.end();
}

/** A series is one answer: the pace holds within it, too. */
export async function* atPace(
  body: AsyncIterable<Uint8Array>,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    pace.received(chunk.byteLength);
    await pace.ready({ signal });
    yield chunk;
  }
}

interface Watch {
  /** Aborts when an answer brings less than slowBytes in slowMs. */
  readonly signal: AbortSignal;
  counted(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** The next bytes may take so long, as those of an answer that has to be looked for. */
  expect(withinMs: number): void;
  stop(): void;
}

/** Time counts only while the reader waits for the server, so that a busy import does not blame it. */
export function openWatch({ slowMs, slowBytes }: Patience): Watch {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let expectedMs: number | undefined;
  return {
    signal: stop.signal,
    expect(withinMs) {
      expectedMs = withinMs;
    },
    async *counted(body) {
      let [waitedMs, bytes] = [0, 0];
      const source = body[Symbol.asyncIterator]();
      for (;;) {
        const from = performance.now();
        timer = setTimeout(() => stop.abort(), expectedMs ?? Math.max(slowMs - waitedMs, 0));
        const { done, value } = await source.next().finally(() => clearTimeout(timer));
        if (done) return;
        waitedMs += performance.now() - from;
        bytes += value.byteLength;
        if (bytes >= slowBytes || expectedMs !== undefined) [waitedMs, bytes] = [0, 0];
        expectedMs = undefined;
        yield value;
      }
    },
    stop: () => clearTimeout(timer),
  };
}
