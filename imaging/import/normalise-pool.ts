// Normalising takes as long as decoding: it has threads of its own, so that the main thread never waits for it.
import { moduleBeside } from "../../foundation/module-beside.ts";
import { openWorkerPool } from "../../foundation/worker-pool.ts";
import type { Plane } from "../volume/geometry.ts";
import type { NormaliseResult, NormaliseResults, NormaliseTask } from "./normalise-messages.ts";

export interface NormalisePool {
  readonly size: number;
  /**
   * Runs a task on the next free thread. Pixels of stacks and pictures move there: they are empty here afterwards.
   *
   * @throws those of normaliseStack, normalisePictures and decodePicture, SCAN_UNREADABLE, NORMALISER_DIED, NORMALISER_CLOSED
   */
  run<Kind extends keyof NormaliseResults>(
    task: NormaliseTask & { readonly kind: Kind },
  ): Promise<NormaliseResults[Kind]>;
  close(): Promise<void>;
}

/** @param startsAtOnce whether threads start before there is a scan */
export function openNormalisePool(size: number, startsAtOnce = false): NormalisePool {
  const pool = openWorkerPool<NormaliseTask, NormaliseResult>({
    entry: moduleBeside("./normalise-worker", import.meta.url),
    workers: size,
    startsAtOnce,
    settings: undefined,
    errors: {
      died: "NORMALISER_DIED",
      timedOut: "NORMALISER_DIED",
      closed: "NORMALISER_CLOSED",
      notSent: "SCAN_UNREADABLE",
    },
  });
  return {
    size,
    run: async <Kind extends keyof NormaliseResults>(task: NormaliseTask & { readonly kind: Kind }) =>
      (await pool.run(task, { transfer: pixelsOf(task) })) as NormaliseResults[Kind],
    close: pool.close,
  };
}

function pixelsOf(task: NormaliseTask): ArrayBuffer[] {
  const planes: readonly Plane[] =
    task.kind === "stack" ? task.stack.planes : task.kind === "pictures" ? task.planes : [];
  return [...new Set(planes.map(({ values }) => values.buffer as ArrayBuffer))];
}
