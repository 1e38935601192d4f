// Our side of the simulation benchmark: hospitals that return the model as they got it, with the whole of everything else:
// keys, stores, encrypted connections, gossip, a contract on a chain, exact averages that every hospital recomputes.
//   node ours.ts HOSPITALS ROUNDS PARAMETERS DIR
import { mkdir, writeFile } from "node:fs/promises";
import { writeFederationFile } from "../../io/chain/federation-file.ts";
import { abiDigest } from "../../io/chain/training-rounds.ts";
import { jsonLog } from "../../io/telemetry/json-log.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import { zeroDigest } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan } from "../../protocol/format/plan.ts";
import { decodeSafetensors, encodeSafetensors, type TensorData } from "../../protocol/format/safetensors.ts";
import type { Learner } from "../../protocol/ports.ts";
import { startChain } from "../../scripts/simulate/chain.ts";
import { startFederation } from "../../scripts/simulate/federation.ts";
import { foundFederation } from "../../scripts/simulate/found.ts";
import { ensureIdentity, hospitalName } from "../../scripts/simulate/identities.ts";
import { openRunDirectory } from "../../scripts/simulate/run-directory.ts";
import { parseSettings } from "../../scripts/simulate/settings.ts";

const [hospitals, rounds, parameters, dir] = process.argv.slice(2) as [string, string, string, string];
const started = performance.now();
const settings = parseSettings({ hospitals, rounds, inProcess: true });
const run = await openRunDirectory(dir, { kind: "new", settings, fresh: true });
const count = Number(hospitals);

const zeros = new Float32Array(Number(parameters));
const genesis = encodeSafetensors([{ name: "w", dtype: "F32", shape: [zeros.length], data: zeros }]);
const plan = { ...defaultPlan({ rounds: Number(rounds) }), minUpdates: count };
await mkdir(run.at("models"), { recursive: true });
await writeFile(run.at("plan.json"), encodePlan(plan));
await writeFile(run.at("models", "genesis.safetensors"), genesis);

/** Idle, but each with a different update: equal ones would be one object, transferred once. */
const learner: Learner = {
  shard: async () => ({ root: blobDigest(new Uint8Array(1)), quarantine: zeroDigest, trainScans: 10 }),
  async train({ base, seed }) {
    const shift = 1e-4 * (1 + (seed % 1000) / 1000);
    const tensors = decodeSafetensors(base).tensors.map((tensor) => ({ ...tensor, data: shifted(tensor.data, shift) }));
    return { weights: encodeSafetensors(tensors), sampleCount: 10, finalLoss: 0, seconds: 0 };
  },
  predict: async () => [],
  sumPatients: () => Promise.reject(new Error("the plan has no differential privacy")),
};

function shifted(data: TensorData, by: number): Float32Array {
  const moved = new Float32Array(data.length);
  for (let i = 0; i < moved.length; i++) moved[i] = data[i]! + by;
  return moved;
}

const admin = await ensureIdentity(run, "admin");
const aggregator = await ensureIdentity(run, "aggregator");
const parties = await Promise.all(
  Array.from({ length: count }, (_, index) => ensureIdentity(run, hospitalName(index))),
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
    trainer: { learner: () => learner },
    onEvent: ({ event }) => {
      if (event === "round-opened") opened ||= performance.now();
    },
  },
);
await running.finished(controller.signal);
const finished = performance.now();
console.log(JSON.stringify({ startSeconds: (opened - started) / 1000, roundsSeconds: (finished - opened) / 1000 }));
await running.stop();
await chain.stop();
process.exit(0);
