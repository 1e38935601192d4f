// A process that speaks DIMSE with the PACS, as the import sees it: tasks in, studies and instances out. It may hang, be slow or
// end at any time: then the task fails by name, and the next one gets another process.
import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { environmentWithoutSecrets } from "../../../foundation/environment-without-secrets.ts";
import { FedError, isFedError } from "../../../foundation/errors.ts";
import { moduleBeside } from "../../../foundation/module-beside.ts";
import { atPace, openWatch } from "../answer-body.ts";
import { readBytesOf } from "../byte-reader.ts";
import type { Pace } from "../pace.ts";
import type { Patience } from "../patience.ts";
import {
  type DimseRequest,
  endSchema,
  failureSchema,
  frameHeaderBytes,
  frameKinds,
  instanceSchema,
  type Match,
  matchSchema,
  type ReceivedInstance,
} from "./messages.ts";
import { part10File } from "./part10.ts";

export type DimseAnswer =
  | { readonly kind: "match"; readonly match: Match }
  | { readonly kind: "instance"; readonly instanceUid: string; readonly file: Buffer };

/** How many instances of a retrieval were and were not sent, as the PACS counts them. */
export interface DimseEnd {
  readonly completed: number;
  readonly failed: number;
}

export interface DimseReader {
  /** Whether it can take another task now, or never again. */
  readonly state: "free" | "busy" | "ended";
  /**
   * One task at a time; one that is not read to its end ends the process.
   *
   * @throws PACS_READER_ENDED, PACS_SLOW, the codes of a failed task (messages.ts), and the signal's reason
   */
  ask(request: DimseRequest, signal: AbortSignal): AsyncGenerator<DimseAnswer, DimseEnd>;
  close(): void;
}

interface ReaderOptions {
  readonly patience: Patience;
  readonly pace: Pace;
  /** How the PACS is named in errors. */
  readonly server: string;
}

/** Frames of the process are pieces of a PDU, or short JSON. */
const maxFrameBytes = 2 ** 21;
const heapMib = 192;
const startMs = 60_000;

export function startDimseReader({ patience, pace, server }: ReaderOptions): DimseReader {
  const program = fileURLToPath(moduleBeside("./dimse-process", import.meta.url));
  const flags = ["--disable-warning=ExperimentalWarning", `--max-old-space-size=${heapMib}`];
  const child = spawn(process.execPath, [...flags, program], {
    // Keys go through its input, and what the library prints may name patients.
    stdio: ["pipe", "ignore", "ignore", "pipe"],
    env: environmentWithoutSecrets(process.env),
  });
  const ended = new AbortController();
  const watch = openWatch(patience);
  watch.signal.addEventListener("abort", () => close());
  child.on("error", () => ended.abort());
  child.on("exit", () => ended.abort());
  const input = child.stdin as Writable;
  input.on("error", () => {});
  const output = child.stdio[3] as Readable;
  output.on("error", () => {});
  const bytes = readBytesOf(atPace(watch.counted(output), pace, ended.signal));
  let isBusy = false;

  function close(): void {
    ended.abort();
    child.kill("SIGKILL");
    output.destroy();
    watch.stop();
  }

  async function nextFrame(): Promise<{ kind: number; stream: number; content: Buffer }> {
    const header = await bytes.exactly(frameHeaderBytes);
    const length = header.readUInt32BE(2);
    if (length > maxFrameBytes) throw new FedError("PACS_MALFORMED", { server });
    return { kind: header.readUInt8(0), stream: header.readUInt8(1), content: await bytes.exactly(length) };
  }

  async function* answers(request: DimseRequest): AsyncGenerator<DimseAnswer, DimseEnd> {
    const stored = new Map<number, { readonly instance: ReceivedInstance; readonly pieces: Buffer[] }>();
    await started;
    watch.expect(patience.answerMs);
    input.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const { kind, stream, content } = await nextFrame();
      if (kind === frameKinds.match) {
        watch.expect(patience.slowMs);
        yield { kind: "match", match: parsed(matchSchema, content) };
      } else if (kind === frameKinds.instance) {
        stored.set(stream, { instance: parsed(instanceSchema, content), pieces: [] });
      } else if (kind === frameKinds.piece) stored.get(stream)?.pieces.push(content);
      else if (kind === frameKinds.stored) {
        const whole = stored.get(stream);
        stored.delete(stream);
        if (!whole) throw malformed();
        const { instance, pieces } = whole;
        yield { kind: "instance", instanceUid: instance.instanceUid, file: part10File(instance, pieces) };
      } else {
        // It has nothing more to say of this task, and waits for the next one.
        isBusy = false;
        if (kind === frameKinds.end) return parsed(endSchema, content);
        const { code, reason, remedy } = parsed(failureSchema, content);
        throw new FedError(code, { server, ...(reason !== undefined && { reason }) }, { remedy });
      }
    }
  }

  function parsed<T>(schema: { safeParse(value: unknown): { success: boolean; data?: T } }, content: Buffer): T {
    const { success, data } = schema.safeParse(JSON.parse(content.toString("utf8")));
    if (!success) throw malformed();
    return data as T;
  }

  const malformed = () => new FedError("PACS_MALFORMED", { server });

  /** Starting takes its time where the machine is busy: the PACS is not to blame. */
  watch.expect(startMs);
  const started = nextFrame();
  started.catch(() => {});

  return {
    get state() {
      if (ended.signal.aborted) return "ended";
      return isBusy ? "busy" : "free";
    },
    close,
    async *ask(request, signal) {
      isBusy = true;
      const stop = () => close();
      signal.addEventListener("abort", stop, { once: true });
      try {
        signal.throwIfAborted();
        return yield* answers(request);
      } catch (error) {
        signal.throwIfAborted();
        if (watch.signal.aborted) throw new FedError("PACS_SLOW", { server });
        if (isFedError(error) && error.facts["server"] === server) throw error;
        throw new FedError("PACS_READER_ENDED", { server });
      } finally {
        signal.removeEventListener("abort", stop);
        if (isBusy) close();
      }
    },
  };
}
