// A hospital's shard as the three parts that its import fixed.
import { openShard } from "../../imaging/archive/shard.ts";
import type { TrainingSet } from "../../model/training-set.ts";
import type { Split } from "../../protocol/ports.ts";

/** @throws FedError SHARD_MISSING, SHARD_MALFORMED, SHARD_CORRUPT */
export async function shardSets(dir: string): Promise<Readonly<Record<Split, TrainingSet>>> {
  const shard = await openShard(dir);
  const { height, width, channels } = shard;
  const of = (split: Split): TrainingSet => {
    const places = [...shard.scans.keys()].filter((place) => shard.scans[place]?.split === split);
    return {
      scans: places.map((place) => shard.scans[place] as (typeof shard.scans)[number]),
      height,
      width,
      channels,
      read: (index) => shard.read(places[index] as number),
    };
  };
  return { train: of("train"), validation: of("validation"), test: of("test") };
}
