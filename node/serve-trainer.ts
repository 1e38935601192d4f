// The trainer process's side of the IPC channel: runs jobs one after the other, reports progress, ends with its parent.
import { type ErrorFacts, FedError, isFedError } from "../foundation/errors.ts";
import type { Learner } from "../protocol/learner.ts";
import type { Log } from "../protocol/ports.ts";
import type { FromTrainer, Place, ToTrainer } from "./trainer-messages.ts";

const heartbeatMs = 5000;

/** A learner of which an import can replace the data. */
export interface ServedLearner extends Learner {
  isReplaced?(): Promise<boolean>;
  close?(): Promise<void>;
}

/** Serves one learner for each data place over this process's IPC channel, until the parent closes it or dies. */
export function serveTrainer(
  openLearner: (place: Place, log: Pick<Log, "info" | "warn">) => Promise<ServedLearner>,
): void {
  const send = (message: FromTrainer) => process.connected && process.send?.(message);
  const logAt = (level: "info" | "warn") => (event: string, facts?: ErrorFacts) =>
    void send({ kind: "log", level, event, facts });
  const log = { info: logAt("info"), warn: logAt("warn") };
  const aborts = new Map<number, AbortController>();
  const learners = new Map<string, Promise<ServedLearner>>();
  let queue: Promise<void> = Promise.resolve();

  /** @param isBetweenRounds only then may new data take the place of those that a round has begun with */
  const learnerOf = async (where: Place, isBetweenRounds: boolean): Promise<ServedLearner> => {
    const place = JSON.stringify(where);
    const open = (): Promise<ServedLearner> => {
      const opening = openLearner(where, log);
      learners.set(place, opening);
      return opening.catch((error) => {
        learners.delete(place); // the next attempt may succeed
        throw error;
      });
    };
    const known = await learners.get(place);
    if (!known) return open();
    if (!isBetweenRounds || !(await known.isReplaced?.())) return known;
    const next = await open();
    await known.close?.();
    return next;
  };

  const work = async (message: Exclude<ToTrainer, { kind: "abort" }>, signal: AbortSignal) => {
    const { id } = message;
    try {
      signal.throwIfAborted();
      const opened = await learnerOf(message.place, message.kind === "shard");
      if (message.kind === "shard") send({ kind: "done", id, result: await opened.shard() });
      else if (message.kind === "forget") {
        await opened.forget?.();
        send({ kind: "done", id, result: undefined });
      } else if (message.kind === "predict") {
        send({ kind: "done", id, result: await opened.predict(message.request, { signal }) });
      } else {
        const onProgress = (progress: Extract<FromTrainer, { kind: "progress" }>["progress"]) =>
          send({ kind: "progress", id, progress });
        const options = { signal, onProgress };
        const result =
          message.kind === "train"
            ? await opened.train(message.request, options)
            : await opened.sumPatients(message.request, options);
        send({ kind: "done", id, result });
      }
    } catch (error) {
      const { code, facts, remedy } = isFedError(error)
        ? error
        : new FedError("LEARNER_FAILED", { error: String(error) });
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      send({ kind: "failed", id, code, facts, remedy, stack });
    } finally {
      aborts.delete(id);
    }
  };

  process.on("message", (raw) => {
    const message = raw as ToTrainer;
    if (message.kind === "abort") return aborts.get(message.id)?.abort(new FedError("ABORTED", { job: message.id }));
    const controller = new AbortController();
    aborts.set(message.id, controller);
    queue = queue.then(() => work(message, controller.signal));
  });
  process.on("disconnect", () => process.exit(0));
  process.on("SIGINT", () => {}); // Ctrl-C reaches the whole process group; the parent decides when its trainer ends
  setInterval(() => send({ kind: "alive" }), heartbeatMs).unref();
}
