// Normalising takes as long as decoding: it has its own threads, so that the one that leads never waits for it.
import { Worker } from "node:worker_threads";
import { FedError, receivedError } from "../../foundation/errors.ts";
import type { Plane } from "../volume/geometry.ts";
import type { NormaliseAnswer, NormaliseResults, NormaliseTask } from "./normalise-messages.ts";

export interface NormalisePool {
  readonly size: number;
  /**
   * Runs a task on the next free thread. Pixels of stacks and pictures move there: they are empty here afterwards.
   *
   * @throws {FedError} those of normaliseStack, normalisePictures and decodePicture, SCAN_UNREADABLE, NORMALISER_DIED
   */
  run<Kind extends keyof NormaliseResults>(
    task: NormaliseTask & { readonly kind: Kind },
  ): Promise<NormaliseResults[Kind]>;
  close(): Promise<void>;
}

interface Waiting {
  readonly task: NormaliseTask;
  readonly resolve: (result: never) => void;
  readonly reject: (error: FedError) => void;
}

interface Seat {
  readonly worker: Worker;
  work: Waiting | undefined;
}

// What a thread throws away soon: three times as much by default, and no faster.
const YOUNG_HEAP_MIB = 12;

export function openNormalisePool(size: number): NormalisePool {
  const queue: Waiting[] = [];
  const seats = new Set<Seat>();
  let isClosed = false;

  function dispatch(): void {
    while (queue.length > 0) {
      const idle = [...seats].find(({ work }) => work === undefined) ?? (seats.size < size ? openSeat() : undefined);
      if (!idle) return;
      const work = queue.shift()!;
      idle.work = work;
      try {
        idle.worker.postMessage(work.task, pixelsOf(work.task));
      } catch (cause) {
        // Memory that cannot move: the thread must not stay taken for it.
        idle.work = undefined;
        work.reject(new FedError("SCAN_UNREADABLE", {}, { cause }));
      }
    }
  }

  function openSeat(): Seat {
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_HEAP_MIB };
    const worker = new Worker(new URL("./normalise-worker.ts", import.meta.url), { resourceLimits });
    const seat: Seat = { worker, work: undefined };
    seats.add(seat);
    seat.worker.on("message", (answer: NormaliseAnswer) => {
      const work = seat.work;
      seat.work = undefined;
      if ("result" in answer) work?.resolve(answer.result as never);
      else work?.reject(receivedError(answer));
      dispatch();
    });
    // A dead thread costs the scan in work; the next one gets a new thread.
    const lose = () => {
      if (!seats.delete(seat)) return;
      const remedy = "the scan may be too large for this machine's memory";
      seat.work?.reject(new FedError(isClosed ? "NORMALISER_CLOSED" : "NORMALISER_DIED", {}, { remedy }));
      if (!isClosed) dispatch();
    };
    seat.worker.on("error", lose).on("exit", lose);
    return seat;
  }

  return {
    size,
    run: (task) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new FedError("NORMALISER_CLOSED"));
        queue.push({ task, resolve: resolve as (result: never) => void, reject });
        dispatch();
      }),
    async close() {
      isClosed = true;
      for (const { reject } of queue.splice(0)) reject(new FedError("NORMALISER_CLOSED"));
      await Promise.all([...seats].map(({ worker }) => worker.terminate()));
    },
  };
}

function pixelsOf(task: NormaliseTask): ArrayBuffer[] {
  const planes: readonly Plane[] =
    task.kind === "stack" ? task.stack.planes : task.kind === "pictures" ? task.planes : [];
  return [...new Set(planes.map(({ values }) => values.buffer as ArrayBuffer))];
}
