// A shard as its three splits.
import type { Shard } from "../../imaging/shard/shard.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import type { Split } from "../../protocol/learner.ts";

/** The sets read from the shard: keep it open while they are used. */
export function shardSets(shard: Shard): Readonly<Record<Split, TrainingSet>> {
  const of = (split: Split): TrainingSet => {
    const places = [...shard.scans.keys()].filter((place) => shard.scans[place]?.split === split);
    return {
      ...shard,
      scans: places.map((place) => shard.scans[place] as (typeof shard.scans)[number]),
      read: (index) => shard.read(places[index]!),
    };
  };
  return { train: of("train"), validation: of("validation"), test: of("test") };
}
