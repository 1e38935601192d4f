// The simulation's federation: starts every party and waits until every hospital has adopted the last model.
import { mkdir } from "node:fs/promises";
import { FedError } from "../../foundation/errors.ts";
import type { TrainerProcess } from "../../node/learner-process.ts";
import type { Log } from "../../protocol/ports.ts";
import type { Looked } from "../dashboard/watch-looks.ts";
import type { Identity } from "./identities.ts";
import { openSharedProcess } from "./in-process.ts";
import { configureParties } from "./party-configs.ts";
import { type RunningParty, startParty } from "./party-process.ts";
import { RoundClock, type SimulationEvent } from "./round-clock.ts";
import type { RunDirectory } from "./run-directory.ts";

export interface RunningFederation {
  /** Resolves once every hospital has adopted the last model. @throws PARTY_ENDED, ABORTED */
  finished(signal: AbortSignal): Promise<RoundClock>;
  /** To be asked for what they see. */
  readonly parties: readonly Looked[];
  stop(): Promise<void>;
}

/** Interval at which a party polls the chain: longer for many hospitals, which share one node. */
function pollMsFor(hospitals: number): number {
  return Math.max(100, 20 * hospitals);
}

/** Starts every party; after an earlier start they continue from the chain's state. */
export async function startFederation(
  run: RunDirectory,
  parties: { readonly aggregator: Identity; readonly hospitals: readonly Identity[] },
  options: {
    readonly rpc: string;
    readonly log: Log;
    readonly onEvent: (event: SimulationEvent) => void;
    /** Trainer of hospitals that share a process; by default one is started. */
    readonly trainer?: Pick<TrainerProcess, "learner">;
  },
): Promise<RunningFederation> {
  const { rpc, log, onEvent, trainer } = options;
  const { inProcess } = run.settings;
  const hospitals = parties.hospitals.length;
  const pollMs = pollMsFor(hospitals);
  const configured = await configureParties(parties, { federationFile: "../federation.json", rpc, pollMs });
  await mkdir(run.at("logs"), { recursive: true });
  const clock = new RoundClock(hospitals);
  let wake = () => {};
  let failure: FedError | undefined;
  const hear = (told: unknown) => {
    const event = told as SimulationEvent;
    clock.hear(event);
    if (event.event === "budget-spent") {
      failure ??= new FedError("SEALS_EXHAUSTED", { seals: event.seals, maxSeals: event.maxSeals });
    }
    onEvent(event);
    wake();
  };
  const shared = inProcess
    ? await openSharedProcess({
        ...{ federationFile: run.at("federation.json"), rpc, log, store: run.at("shared", "store", "blobs") },
        trainer,
      })
    : undefined;
  const running: RunningParty[] = await Promise.all(
    configured.map((party) =>
      shared
        ? shared.start(party, hear)
        : startParty({ ...party, logFile: run.at("logs", `${party.identity.name}.log`), onEvent: hear }),
    ),
  );
  for (const { ended } of running) {
    void ended.then((error) => {
      failure ??= error;
      wake();
    });
  }
  return {
    parties: running,
    async finished(signal) {
      const onAbort = () => wake();
      signal.addEventListener("abort", onAbort);
      try {
        while (!clock.isFinished) {
          signal.throwIfAborted();
          if (failure) throw failure;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        return clock;
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
    async stop() {
      await Promise.all(running.map((party) => party.stop()));
      await shared?.close();
    },
  };
}
