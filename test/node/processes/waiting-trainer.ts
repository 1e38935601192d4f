// A trainer whose trainings last until they are aborted.
import { once } from "node:events";
import { serveTrainer } from "../../../node/serve-trainer.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";

const root = blobDigest(Buffer.from("scans"));

serveTrainer(async () => ({
  shard: async () => ({ root, quarantine: root, trainScans: 8 }),
  async train(_, { signal, onProgress } = {}) {
    onProgress?.({ step: 1, steps: 2, loss: 0.5 });
    if (signal && !signal.aborted) await once(signal, "abort");
    throw signal?.reason;
  },
  predict: async () => [],
  sumPatients: () => Promise.reject(new Error("the plan has no differential privacy")),
}));
