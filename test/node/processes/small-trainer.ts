// The trainer process with small scans of noise instead of a shard. It appends its process id to a file, so that a test can
// kill it.
import { appendFileSync } from "node:fs";
import { openTrainer } from "../../../model/training/trainer.ts";
import { checkpointFile } from "../../../node/checkpoint-file.ts";
import { serveTrainer } from "../../../node/serve-trainer.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { smallScans } from "../../model/small-scans.ts";

serveTrainer(async ({ shard, checkpoint }, log) => {
  appendFileSync(`${shard}.pids`, `${process.pid}\n`);
  const data = smallScans(8);
  const root = blobDigest(Buffer.from("scans"));
  return openTrainer(
    { shard: async () => ({ root, quarantine: root, trainScans: 8 }), split: async () => data },
    { log, ...(checkpoint && { checkpoints: { everyMs: checkpoint.everyMs, ...checkpointFile(checkpoint.file) } }) },
  );
});
