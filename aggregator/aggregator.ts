// The aggregator's composition root: opens its party, stores the plan and the genesis model, and runs the rounds.
import { readFile } from "node:fs/promises";
import { FedError } from "../foundation/errors.ts";
import { openParty, type PartyOpening } from "../party/open-party.ts";
import { parseDigest } from "../protocol/format/digest.ts";
import { outlineNamed } from "../protocol/format/merkle.ts";
import { decodePlan } from "../protocol/format/plan.ts";
import type { Log } from "../protocol/ports.ts";
import { aggregateRounds } from "./aggregate-rounds.ts";
import type { AggregatorConfig } from "./config.ts";
import type { AggregatorEvent } from "./events.ts";

export interface AggregatorNodeOptions {
  /** Of the keystore. */
  readonly password: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly shared?: PartyOpening["shared"];
  readonly onOpen?: PartyOpening["onOpen"];
  readonly onEvent: (event: AggregatorEvent) => void;
}

/** Runs until the signal aborts. @throws FILE_UNREADABLE, PLAN_*, and the codes of openParty */
export async function runAggregator(config: AggregatorConfig, options: AggregatorNodeOptions): Promise<void> {
  const { password, log, signal, shared, onOpen, onEvent } = options;
  const planBytes = await readInput(config.plan, "plan");
  const plan = decodePlan(planBytes);
  const genesisBytes = await readInput(config.genesis, "genesis");
  const onWaiting: PartyOpening["onWaiting"] = (aggregator, event) => onEvent({ aggregator, event });
  const party = await openParty(config, { password, log, signal, onWaiting, onOpen, shared });
  try {
    // The last model of a predecessor has the name that this one's contract knows it by.
    const known = parseDigest(await party.ledger.read("latestModel", [], { signal }));
    const genesis = await party.blobs.put(genesisBytes, outlineNamed(genesisBytes, known));
    const digests = { plan: await party.blobs.put(planBytes), genesis };
    const { self, network } = party;
    onEvent({ aggregator: self, event: "ready", peerId: network.peerId, listen: network.addresses() });
    await aggregateRounds(
      { ...party, log },
      {
        ...digests,
        rounds: config.rounds ?? plan.rounds,
        settleSeconds: config.settleSeconds,
        relayGasPerRound: config.chain.relayGasPerRound,
        maxModelBytes: config.maxModelMiB * 2 ** 20,
      },
      { signal, onEvent },
    );
  } finally {
    await party.close();
  }
}

async function readInput(path: string, field: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new FedError("FILE_UNREADABLE", { field, path }, { cause, remedy: `check the path in the field "${field}"` });
  }
}
