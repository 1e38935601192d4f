// A hospital inside another program: the same as `consilium node`, with its events as an iterator.
import { FedError } from "../foundation/errors.ts";
import { openEventStream } from "../foundation/event-stream.ts";
import { requireFetched } from "../foundation/fetched-packages.ts";
import { software } from "../foundation/version.ts";
import type { Log } from "../protocol/ports.ts";
import type { HospitalEvent } from "./events.ts";

/** A hospital to run. */
export interface HospitalRun {
  /** The hospital's configuration, as `consilium node --config` takes it, with the federation file's content in it. */
  readonly config: unknown;
  /** Folder that relative paths in the configuration start from. Default: the working folder. */
  readonly baseDir?: string | undefined;
  /** Of the keystore. */
  readonly password: string;
  /** Receives structured log entries. Default: none are kept. */
  readonly log?: Log | undefined;
  /** Stops the hospital in order. */
  readonly signal?: AbortSignal | undefined;
}

const silent: Log = { child: () => silent, debug() {}, info() {}, warn() {}, error() {} };

/**
 * Runs a hospital until the signal aborts or the reader leaves the loop, and yields its events. TensorFlow runs in a
 * process of its own.
 *
 * @example
 * for await (const event of runHospital({ config, password, signal })) console.log(event.event);
 * @throws PACKAGE_MISSING (TensorFlow: `consilium fetch tensorflow`), CONFIG_INVALID, KEY_IN_USE, KEYSTORE_*, LEDGER_*,
 * RPC_*, STORE_*, PEER_*, SHARD_*
 */
export async function* runHospital(run: HospitalRun): AsyncGenerator<HospitalEvent, void> {
  const { config, baseDir = process.cwd(), password, log = silent, signal } = run;
  requireFetched("tensorflow"); // fails here and not after the first round has opened
  // Loaded here, so that a program that imports the library and runs no hospital does not wait for libp2p.
  const { parseHospitalConfig } = await import("./config.ts");
  const { runHospitalNode } = await import("./hospital-node.ts");
  const parsed = parseHospitalConfig(config, { baseDir });
  const left = new AbortController();
  const stop = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  const { tell, end, events } = openEventStream<HospitalEvent>();
  const running = runHospitalNode(parsed, { password, log, software, signal: stop, onEvent: tell }).then(
    () => undefined,
    (error: unknown) => (stop.aborted ? undefined : { error }),
  );
  running.finally(end);
  try {
    yield* events;
    const failed = await running;
    if (failed) throw failed.error;
  } finally {
    left.abort(new FedError("ABORTED", { what: "stopped" }));
    await running;
  }
}
