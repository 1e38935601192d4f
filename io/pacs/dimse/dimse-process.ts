// The process that speaks DIMSE: one association at a time, for the import that started it. What a PACS can make the library do
// with memory and time ends with this process, which the import starts again.
import { once } from "node:events";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { DimseFailure } from "./failure.ts";
import type { GuardedSocket } from "./guarded-socket.ts";
import { type DimseRequest, frameHeader, frameKinds } from "./messages.ts";
import type { InstanceSink } from "./storing-peer.ts";
import { perform } from "./tasks.ts";

/** Data passes through piece by piece: more than this is a fault of the library. */
const maxRssBytes = 400 * 2 ** 20;
const rssCheckMs = 200;

setInterval(() => {
  if (process.memoryUsage.rss() > maxRssBytes) process.exit(1);
}, rssCheckMs).unref();

// The library logs data sets.
for (const name of ["debug", "error", "info", "log", "trace", "warn"] as const) console[name] = () => {};

const output = new Socket({ fd: 3, readable: false, writable: true });
output.on("error", () => process.exit(0));
const paced = new Set<GuardedSocket>();
let room = Promise.resolve();

function write(kind: number, stream: number, bytes: Uint8Array): void {
  output.write(frameHeader(kind, stream, bytes.byteLength));
  if (output.write(bytes) || !output.writableNeedDrain) return;
  for (const one of paced) one.pause();
  room = once(output, "drain").then(() => {
    for (const one of paced) one.resume();
  });
}

const writeJson = (kind: number, stream: number, value: unknown) =>
  write(kind, stream, Buffer.from(JSON.stringify(value)));

let streams = 0;
function openSink(): InstanceSink {
  const stream = streams++ % 256;
  return {
    begin: (instance) => writeJson(frameKinds.instance, stream, instance),
    piece: (bytes) => write(frameKinds.piece, stream, bytes),
    stored: () => {
      write(frameKinds.stored, stream, Buffer.alloc(0));
      return room;
    },
  };
}

write(frameKinds.ready, 0, Buffer.alloc(0));
const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
lines.on("close", () => process.exit(0));
lines.on("line", async (line) => {
  const match = (found: unknown) => writeJson(frameKinds.match, 0, found);
  try {
    const end = await perform(JSON.parse(line) as DimseRequest, { match, openSink, paced });
    writeJson(frameKinds.end, 0, end);
  } catch (error) {
    // Anything else is the library's: the import takes the end of this process for what it is.
    if (!(error instanceof DimseFailure)) process.exit(1);
    const { code, message: reason, remedy } = error;
    writeJson(frameKinds.failed, 0, { code, reason, remedy });
  }
});
process.on("uncaughtException", () => process.exit(1));
