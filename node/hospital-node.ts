// The hospital's composition root: opens its party and its trainer process, and runs the hospital.
import { join } from "node:path";
import { openParty, type PartyOpening } from "../party/open-party.ts";
import type { Log } from "../protocol/ports.ts";
import { bindNotes } from "./bind-notes.ts";
import type { HospitalConfig } from "./config.ts";
import type { HospitalEvent } from "./events.ts";
import { takePart } from "./hospital.ts";
import { openTrainerProcess, type TrainerProcess } from "./learner-process.ts";
import { readNotes } from "./notes.ts";
import { makeMaskedBeside, makeUpdateBeside } from "./update-thread.ts";

export interface HospitalNodeOptions {
  /** Of the keystore. */
  readonly password: string;
  readonly log: Log;
  /** Name and version, for the manifest. */
  readonly software: string;
  readonly signal: AbortSignal;
  readonly shared?: PartyOpening["shared"];
  readonly onOpen?: PartyOpening["onOpen"];
  readonly onEvent: (event: HospitalEvent) => void;
  /** Default: a process of this hospital's own; a simulation shares one. */
  readonly trainer?: Pick<TrainerProcess, "learner">;
}

/** A kill loses at most this much training; each checkpoint writes three times the model's size to disk. */
const checkpointEveryMs = 30_000;

/** Runs until the signal aborts; then ends its actions, its trainer and its connections. @throws the codes of openParty */
export async function runHospitalNode(config: HospitalConfig, options: HospitalNodeOptions): Promise<void> {
  const { password, log, software, signal, shared, onOpen, onEvent } = options;
  const onWaiting: PartyOpening["onWaiting"] = (hospital, event) => onEvent({ hospital, event });
  const onUnbound: PartyOpening["onUnbound"] = (hospital, file) =>
    onEvent({ hospital, event: "waiting-for-peer-key", file });
  const party = await openParty(config, { password, log, signal, onWaiting, onUnbound, onOpen, shared });
  const own = options.trainer === undefined ? openTrainerProcess({ log: log.child("learner") }) : undefined;
  const trainer = options.trainer ?? (own as TrainerProcess);
  const learner = trainer.learner({
    shard: config.shard,
    localWeights: join(config.store, "local-weights"),
    checkpoint: { file: join(config.store, "training.checkpoint"), everyMs: checkpointEveryMs },
  });
  try {
    const { self, network } = party;
    await bindNotes({ ...party, log }, { signal });
    // Read before the first round: an unreadable shard fails at the start, and TensorFlow is loaded when training begins.
    const { trainScans } = await learner.shard();
    const { adopted } = await readNotes(party.journal);
    onEvent({
      hospital: self,
      event: "ready",
      peerId: network.peerId,
      listen: network.addresses(),
      trainScans,
      adopted: adopted?.model,
    });
    await takePart(
      { ...party, learner, makeUpdate: makeUpdateBeside, makeMasked: makeMaskedBeside, log },
      {
        plan: config.plan,
        scoresEvery: config.scoresEvery,
        relayed: config.chain.relayed,
        relayGasPerRound: config.chain.relayGasPerRound,
        maxModelBytes: config.maxModelMiB * 2 ** 20,
        software,
      },
      { signal, onEvent },
    );
  } finally {
    await own?.close();
    await party.close();
  }
}
