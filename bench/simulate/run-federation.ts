// Runs a federation whose hospitals do not train, with the whole of everything else: keys, stores, encrypted connections,
// gossip, a contract on a chain, and models that every hospital derives again.
import { mkdir, writeFile } from "node:fs/promises";
import { writeFederationFile } from "../../io/chain/federation-file.ts";
import { abiDigest } from "../../io/chain/training-rounds.ts";
import { jsonLog } from "../../io/telemetry/json-log.ts";
import { zeroDigest } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan, type Plan } from "../../protocol/format/plan.ts";
import { parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import type { Learner } from "../../protocol/learner.ts";
import { startChain } from "../../scripts/simulate/chain.ts";
import { startFederation } from "../../scripts/simulate/federation.ts";
import { foundFederation } from "../../scripts/simulate/found.ts";
import { ensureIdentity, hospitalName } from "../../scripts/simulate/identities.ts";
import { openRunDirectory } from "../../scripts/simulate/run-directory.ts";
import { parseSettings } from "../../scripts/simulate/settings.ts";

export interface RunRounds {
  /** From the first round's opening until every hospital has the last model. */
  readonly roundsSeconds: number;
  /** Of each round, from its opening until every hospital has adopted its model. */
  readonly rounds: readonly number[];
}

/**
 * Founds the federation in a folder, and runs the plan's rounds.
 * @param genesis bytes of the first model: one tensor of float32
 * @param move changes a hospital's weights as a training would that it does not do; it gets the training's seed
 */
export async function runFederation(
  { hospitals, dir, plan, genesis }: { hospitals: number; dir: string; plan: Plan; genesis: Uint8Array },
  move: (weights: Float32Array, seed: number) => void,
): Promise<RunRounds> {
  const settings = parseSettings({ hospitals: String(hospitals), rounds: String(plan.rounds), inProcess: true });
  const run = await openRunDirectory(dir, { kind: "new", settings, fresh: true });
  await mkdir(run.at("models"), { recursive: true });
  await writeFile(run.at("plan.json"), encodePlan(plan));
  await writeFile(run.at("models", "genesis.safetensors"), genesis);
  const admin = await ensureIdentity(run, "admin");
  const aggregator = await ensureIdentity(run, "aggregator");
  const parties = await Promise.all(
    Array.from({ length: hospitals }, (_, index) => ensureIdentity(run, hospitalName(index))),
  );
  const chain = await startChain({ journal: run.at("chain.ndjson") });
  const controller = new AbortController();
  const founding = { rpc: chain.url, plan, genesis, admin, aggregators: [aggregator], hospitals: parties };
  const { federation, fromBlock, codeDigest } = await foundFederation(run, founding, controller);
  const record = { version: 1 as const, ...federation, fromBlock, codeDigest, abiDigest, predecessor: null };
  await writeFederationFile(run.at("federation.json"), record);
  let opened = 0;
  const running = await startFederation(
    run,
    { aggregator, hospitals: parties },
    {
      rpc: chain.url,
      log: jsonLog(() => {}),
      trainer: { learner: () => idleLearner(move) },
      onEvent: ({ event }) => {
        if (event === "round-opened") opened ||= performance.now();
      },
    },
  );
  const clock = await running.finished(controller.signal);
  const roundsSeconds = (performance.now() - opened) / 1000;
  await running.stop();
  await chain.stop();
  const rounds = clock.times().map(({ trainingSeconds, overheadSeconds }) => trainingSeconds + overheadSeconds);
  return { roundsSeconds, rounds };
}

function idleLearner(move: (weights: Float32Array, seed: number) => void): Learner {
  return {
    shard: async () => ({ root: blobDigest(new Uint8Array(1)), quarantine: zeroDigest, trainScans: 10 }),
    async train({ base, seed }) {
      const weights = Uint8Array.from(base);
      // One tensor, whose values begin at a multiple of 1024 bytes.
      const { dataOffset } = parseSafetensorsHeader(base, base.byteLength);
      move(new Float32Array(weights.buffer, dataOffset), seed);
      return { weights, sampleCount: 10, finalLoss: 0, seconds: 0 };
    },
    predict: async () => [],
    sumPatients: () => Promise.reject(new Error("the plan has no differential privacy")),
  };
}
