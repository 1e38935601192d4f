// The hospital's process, wired: its party on the network, its learner in a process of its own, and the steps between.
import { join } from "node:path";
import { openParty } from "../party/open-party.ts";
import type { Log } from "../protocol/ports.ts";
import type { HospitalConfig } from "./config.ts";
import type { HospitalEvent } from "./events.ts";
import { runHospital } from "./hospital.ts";
import { openLearnerProcess } from "./learner-process.ts";

export interface HospitalNodeOptions {
  /** Of the keystore. */
  readonly password: string;
  readonly log: Log;
  /** Name and version, for the manifest. */
  readonly software: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: HospitalEvent) => void;
}

/** Runs until the signal aborts; then ends what is in flight, its trainer and its connections. @throws as openParty */
export async function runHospitalNode(config: HospitalConfig, options: HospitalNodeOptions): Promise<void> {
  const { password, log, software, signal, onEvent } = options;
  const onWaiting = (hospital: HospitalEvent["hospital"]) => onEvent({ hospital, event: "waiting-for-admission" });
  const party = await openParty(config, { password, log, signal, onWaiting });
  const learner = openLearnerProcess(config.shard, {
    log: log.child("learner"),
    args: [join(config.store, "local-weights")],
  });
  try {
    const { self, network } = party;
    // Asked for before the first round: an unreadable shard is told at the start, and the trainer is warm when needed.
    const { trainScans } = await learner.shard();
    onEvent({
      hospital: self,
      event: "ready",
      peerId: network.peerId,
      listen: network.addresses(),
      trainScans,
    });
    await runHospital(
      { ...party, learner, log },
      {
        ...(config.plan === undefined ? {} : { plan: config.plan }),
        maxModelBytes: config.maxModelMiB * 2 ** 20,
        software,
      },
      { signal, onEvent },
    );
  } finally {
    await learner.close();
    await party.close();
  }
}
