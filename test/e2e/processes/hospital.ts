// A hospital's process with a fake training, which depends on base and seed only.
//   node hospital.ts CONFIG MILLISECONDS
import { pause } from "../../../foundation/pause.ts";
import { seededIntegers } from "../../../foundation/random.ts";
import { parseHospitalConfig } from "../../../node/config.ts";
import { runHospitalNode } from "../../../node/hospital-node.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../protocol/format/safetensors.ts";
import type { Learner } from "../../../protocol/learner.ts";
import { runPartyCommand } from "../../../scripts/party/run-command.ts";
import { FakeLearner } from "../../fakes/learner.ts";

const [config, trainMs] = process.argv.slice(2) as [string, string];
const clock = { now: () => Date.now(), sleep: pause };
const patients = new FakeLearner({ clock, trainMs: Number(trainMs) });
const learner: Learner = {
  shard: async () => ({
    root: blobDigest(Buffer.from("scans")),
    quarantine: blobDigest(Buffer.from("none")),
    trainScans: 10,
  }),
  async train({ base, seed }, { signal } = {}) {
    await new Promise((resolve) => setTimeout(resolve, Number(trainMs)));
    signal?.throwIfAborted();
    const next = seededIntegers(seed, "walk");
    const tensors = decodeSafetensors(base).tensors.map((tensor) => ({
      ...tensor,
      data: Float32Array.from(tensor.data, (weight) => weight + next() / 2 ** 34 - 2 ** -3),
    }));
    return {
      weights: encodeSafetensors(tensors),
      sampleCount: 10 + (seed % 7),
      finalLoss: 0.1,
      seconds: Number(trainMs) / 1000,
    };
  },
  predict: async () => [
    { patient: "a", label: 0, score: 0.2 },
    { patient: "b", label: 1, score: 0.7 },
  ],
  sumPatients: (request, options) => patients.sumPatients(request, options),
};

await runPartyCommand(config, { logLevel: "info" }, parseHospitalConfig, (parsed, party) =>
  runHospitalNode(parsed, { ...party, software: "test", trainer: { learner: () => learner } }),
);
