// A Learner that works in a child process: TensorFlow blocks the event loop for seconds, and peers disconnect a hospital
// that does not answer for seconds. A child that dies or hangs is replaced at the next job.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { environmentWithoutSecrets } from "../foundation/environment-without-secrets.ts";
import { FedError, receivedError } from "../foundation/errors.ts";
import { moduleBeside } from "../foundation/module-beside.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { Learner, PatientStepOutcome, TrainOutcome, TrainProgress } from "../protocol/learner.ts";
import type { Log } from "../protocol/ports.ts";
import type { FromTrainer, Place, Predictions, Shard, ToTrainer } from "./trainer-messages.ts";

export interface TrainerProcessOptions {
  readonly log?: Log;
  /** A busy child that sends nothing for this long counts as hung; milliseconds, default ten minutes. */
  readonly silenceMs?: number;
  /** The child's program, which serves trainer-messages.ts; default: trainer-process.ts. */
  readonly entry?: URL;
}

/** A job for the child, without its number. */
type Job = ToTrainer extends infer Message
  ? Message extends { kind: "abort" }
    ? never
    : Omit<Message & object, "id">
  : never;

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: ((progress: TrainProgress) => void) | undefined;
}

/** One child, which works for one hospital, or for several in a simulation; one job after the other. */
export interface TrainerProcess {
  /** @throws (its jobs) LEARNER_CRASHED, LEARNER_HUNG, LEARNER_CLOSED, ABORTED, or the trainer's own code */
  learner(place: Place): Learner;
  /** Ends the child; jobs in flight fail with LEARNER_CLOSED. */
  close(): Promise<void>;
}

/** Starts no child before the first job. */
export function openTrainerProcess(options: TrainerProcessOptions = {}): TrainerProcess {
  const { log, silenceMs = 600_000 } = options;
  const { entry = moduleBeside("./trainer-process", import.meta.url) } = options;
  const pending = new Map<number, Pending>();
  let child: ChildProcess | undefined;
  let watchdog: NodeJS.Timeout | undefined;
  let lastId = 0;
  let closed = false;

  const failAll = (error: FedError) => {
    clearTimeout(watchdog);
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  const restartWatchdog = () => {
    clearTimeout(watchdog);
    if (pending.size === 0) return;
    watchdog = setTimeout(() => {
      log?.error("learner-hung", { silenceMs });
      failAll(new FedError("LEARNER_HUNG", { silenceMs }));
      child?.kill("SIGKILL");
      child = undefined;
    }, silenceMs);
    watchdog.unref();
  };

  const start = (): ChildProcess => {
    const started = fork(fileURLToPath(entry), [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: ["--disable-warning=ExperimentalWarning"],
      env: environmentWithoutSecrets(process.env),
    });
    let lastErrors = "";
    started.stderr?.on("data", (chunk) => {
      lastErrors = (lastErrors + chunk).slice(-4000);
    });
    started.on("message", (message) => {
      if (child === started) receive(message as FromTrainer);
    });
    started.once("error", (cause) => log?.error("learner-error", { error: cause.message }));
    started.once("exit", (code, signalName) => {
      if (child !== started) return;
      child = undefined;
      const facts = { code: code ?? undefined, signal: signalName ?? undefined };
      log?.[closed ? "debug" : "error"]("learner-ended", facts);
      const remedy = "the trainer is started again; if this happens often, check the machine's free memory";
      failAll(new FedError("LEARNER_CRASHED", facts, { cause: new Error(lastErrors), remedy }));
    });
    return started;
  };

  const receive = (message: FromTrainer) => {
    if (message.kind === "log") log?.[message.level](message.event, message.facts);
    else if (message.kind !== "alive") {
      const job = pending.get(message.id);
      if (message.kind === "progress") job?.onProgress?.(message.progress);
      else pending.delete(message.id);
      if (message.kind === "done") job?.resolve(message.result as never);
      if (message.kind === "failed") job?.reject(receivedError(message, { cause: new Error(message.stack) }));
    }
    restartWatchdog();
  };

  const run = <Result>(
    job: Job,
    { signal, onProgress }: Waiting & { onProgress?: ((progress: TrainProgress) => void) | undefined } = {},
  ): Promise<Result> => {
    if (closed) return Promise.reject(new FedError("LEARNER_CLOSED"));
    if (signal?.aborted) return Promise.reject(new FedError("ABORTED", { what: job.kind }));
    child ??= start();
    const target = child;
    const id = ++lastId;
    const send = (message: ToTrainer) => target.connected && target.send(message);
    const abort = () => {
      send({ kind: "abort", id });
      pending.get(id)?.reject(new FedError("ABORTED", { what: job.kind }));
      pending.delete(id);
    };
    signal?.addEventListener("abort", abort, { once: true });
    const outcome = new Promise<Result>((resolve, reject) => {
      pending.set(id, { resolve: resolve as (result: never) => void, reject, onProgress });
    });
    send({ ...job, id } as ToTrainer);
    restartWatchdog();
    return outcome.finally(() => signal?.removeEventListener("abort", abort));
  };

  return {
    learner: (place) => ({
      shard: () => run<Shard>({ kind: "shard", place }),
      train: (request, waiting) => run<TrainOutcome>({ kind: "train", place, request }, waiting),
      sumPatients: (request, waiting) => run<PatientStepOutcome>({ kind: "sum-patients", place, request }, waiting),
      forget: () => run<void>({ kind: "forget", place }),
      predict: (request, waiting) => run<Predictions>({ kind: "predict", place, request }, waiting),
    }),
    async close() {
      closed = true;
      failAll(new FedError("LEARNER_CLOSED"));
      const last = child;
      if (!last || last.exitCode !== null || last.signalCode !== null) return;
      const ended = new Promise((resolve) => last.once("exit", resolve));
      // TensorFlow may block the child for seconds, and none of its work is needed any more.
      last.kill("SIGKILL");
      await ended;
    },
  };
}
