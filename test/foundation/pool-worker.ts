// The worker of the pool's tests: counts, echoes memory, refuses, hangs, dies or fills its heap as asked.
import { threadId } from "node:worker_threads";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { serveTasks, workerSettings } from "../../foundation/worker-tasks.ts";

export type PoolTestTask =
  | { readonly kind: "count"; readonly to: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "echo"; readonly bytes: Uint8Array }
  | { readonly kind: "refuse" | "throw" | "hang" | "die" | "fill" | "settings" | "thread" };

serveTasks<PoolTestTask, number | string | Uint8Array>({
  async perform(task, send) {
    if (task.kind === "count") {
      for (let at = 1; at <= task.to; at++) if (!(await send(at, { isLast: at === task.to }))) return;
    } else if (task.kind === "echo")
      await send(task.bytes, { isLast: true, transfer: [task.bytes.buffer as ArrayBuffer] });
    else if (task.kind === "wait") {
      // Busy, as a decoder is: nothing else of the thread runs.
      for (const until = performance.now() + task.ms; performance.now() < until; );
      await send(task.ms, { isLast: true });
    } else if (task.kind === "settings") await send(workerSettings<string>(), { isLast: true });
    else if (task.kind === "thread") await send(threadId, { isLast: true });
    else if (task.kind === "refuse") throw new FedError("SCAN_UNREADABLE", { at: 7 }, { remedy: "another remedy" });
    else if (task.kind === "throw") throw new Error("a path of a patient");
    else if (task.kind === "die") process.exit(3);
    else if (task.kind === "fill") for (const kept: unknown[] = []; ; ) kept.push(new Array(10_000).fill({}));
    else for (;;);
  },
  refusal: (error) => (isFedError(error) ? error : new FedError("UNREADABLE", { name: (error as Error).name })),
});
