// The part that both roles' commands share: the configuration file, signals, events, logs and figures for monitoring.

import { FedError } from "../../foundation/errors.ts";
import { jsonLog, type LogLevel } from "../../io/telemetry/json-log.ts";
import type { PartyConfig } from "../../party/config.ts";
import type { PartyOpening } from "../../party/open-party.ts";
import type { Log } from "../../protocol/ports.ts";
import { answerLooks } from "../dashboard/answer-looks.ts";
import { Lookout } from "../dashboard/lookout.ts";
import type { openPartyDashboard, PartyDashboard } from "../dashboard/party-dashboard.ts";
import { endWithParent } from "../terminal/end-with-parent.ts";
import { eventLine } from "./event-line.ts";
import type { PartyEvent } from "./party-metrics.ts";
import { readPartyConfig } from "./read-config.ts";
import { openTelemetry } from "./telemetry.ts";
import { openTrainingCurves } from "./training-curves.ts";

export interface PartyFlags {
  readonly logLevel: LogLevel;
  readonly dashboard?: boolean;
  /** Folder of the training's curves. */
  readonly tensorboard?: string;
}

export interface PartyRun {
  readonly password: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Prints an event with its time: one JSON object a line on stdout. */
  readonly onEvent: (event: PartyEvent) => void;
  readonly onOpen: PartyOpening["onOpen"];
}

/**
 * Reads the configuration, runs the party, and stops it in order on SIGINT, SIGTERM, or when a parent process that started
 * it with an IPC channel ends. A second signal ends the process at once, which is safe: the party resumes from chain and journal.
 */
export async function runPartyCommand<Config extends PartyConfig & { readonly shard?: string }>(
  configPath: string,
  { logLevel, dashboard: wantsPage, tensorboard }: PartyFlags,
  parse: (raw: unknown, place: { baseDir: string }) => Config,
  run: (config: Config, party: PartyRun) => Promise<void>,
): Promise<void> {
  const { raw, baseDir, password } = await readPartyConfig(configPath);
  const config = parse(raw, { baseDir });
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new FedError("ABORTED", { what: "stopped" }));
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, stop);
  endWithParent();
  const plainLog = jsonLog((line) => process.stderr.write(`${line}\n`), { level: logLevel });
  const isWatched = config.telemetry !== undefined || config.openTelemetry !== undefined;
  const telemetry = isWatched ? await openTelemetry(config, plainLog) : undefined;
  const lookout = new Lookout(config);
  answerLooks(lookout);
  const page = wantsPage || config.dashboard ? await openPage(config, lookout) : undefined;
  if (page) process.stderr.write(`dashboard: ${page.url}\n`);
  const log = lookout.noting(telemetry?.counting(plainLog) ?? plainLog);
  const curves = tensorboard === undefined ? undefined : await openTrainingCurves(tensorboard);
  try {
    await run(config, {
      password,
      log,
      signal: controller.signal,
      onEvent(event) {
        telemetry?.event(event);
        curves?.event(event);
        page?.event(event);
        process.stdout.write(eventLine(event));
      },
      onOpen(party) {
        telemetry?.opened(party);
        lookout.opened(party);
        page?.opened(party);
      },
    });
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    await page?.close();
    curves?.close();
    await telemetry?.close();
  }
}

/** Loaded where a page is wanted: the others start without it. */
async function openPage(...given: Parameters<typeof openPartyDashboard>): Promise<PartyDashboard> {
  const { openPartyDashboard: open } = await import("../dashboard/party-dashboard.ts");
  return open(...given);
}
