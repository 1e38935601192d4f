// The trainer process: connects a hospital's shard to TensorFlow and serves the hospital over the IPC channel.
import { readdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateFolder, openPrivately } from "../foundation/private-files.ts";
import { seededIntegers } from "../foundation/random.ts";
import { openShard, type Shard } from "../imaging/shard/shard.ts";
import { shardFiles } from "../imaging/shard/shard-format.ts";
import { type LocalWeights, openTrainer, type TrainingData } from "../model/training/trainer.ts";
import type { TrainingSet } from "../model/training/training-set.ts";
import { checkpointFile } from "./checkpoint-file.ts";
import { serveTrainer } from "./serve-trainer.ts";

serveTrainer(async ({ shard: dir, localWeights: localDir, checkpoint, shuffleLabels }, log) => {
  const version = await versionOf(dir);
  const shard = await openShard(dir);
  const learner = openTrainer(trainingData(shard, shuffleLabels), {
    log,
    local: localDir === undefined ? undefined : localWeights(localDir),
    checkpoints: checkpoint && { everyMs: checkpoint.everyMs, ...checkpointFile(checkpoint.file) },
  });
  return {
    ...learner,
    async isReplaced() {
      const now = await versionOf(dir);
      return now !== undefined && now !== version;
    },
    close: shard.close,
  };
});

/** Another one after each import that changed the shard; undefined in the moment in which an import replaces it. */
async function versionOf(dir: string): Promise<string | undefined> {
  const status = await stat(join(dir, shardFiles.index)).catch(() => undefined);
  return status && `${status.ino} ${status.mtimeMs} ${status.size}`;
}

function trainingData(shard: Shard, shuffleLabels: number | undefined): TrainingData {
  const { root, quarantine, height, width, channels } = shard;
  const placesOf = (split: string) => [...shard.scans.keys()].filter((place) => shard.scans[place]?.split === split);
  return {
    shard: async () => ({ root, quarantine, trainScans: placesOf("train").length }),
    async split(_plan, split): Promise<TrainingSet> {
      const places = placesOf(split);
      const own = places.map((place) => shard.scans[place]!);
      const scans =
        shuffleLabels === undefined ? own : relabelled(own, seededIntegers(shuffleLabels, "shuffle labels", split));
      return { scans, height, width, channels, read: (index) => shard.read(places[index]!) };
    },
  };
}

/** The same number of each label, on other patients (Fisher and Yates). */
function relabelled<Scan extends { readonly label: 0 | 1 }>(scans: readonly Scan[], next: () => number): Scan[] {
  const labels = scans.map(({ label }) => label);
  for (let last = labels.length - 1; last > 0; last--) {
    const other = next() % (last + 1);
    [labels[last], labels[other]] = [labels[other]!, labels[last]!];
  }
  return scans.map((scan, index) => ({ ...scan, label: labels[index]! }));
}

/** FedBN's weights, one file a round; a file appears under its name only when it is complete. */
function localWeights(dir: string): LocalWeights {
  const nameOf = (round: number) => `round-${String(round).padStart(6, "0")}.safetensors`;
  return {
    async read(before) {
      const names = await readdir(dir).catch(() => []);
      const limit = Number.isFinite(before) ? nameOf(before) : "s";
      const newest = names.filter((name) => name.endsWith(".safetensors") && name < limit).sort();
      const last = newest.at(-1);
      return last === undefined ? undefined : readFile(join(dir, last));
    },
    async write(round, weights) {
      await makePrivateFolder(dir);
      const temp = join(dir, `${nameOf(round)}.tmp`);
      const file = await openPrivately(temp, "w");
      try {
        await file.writeFile(weights);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temp, join(dir, nameOf(round)));
    },
  };
}
