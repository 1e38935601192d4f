// A shard that the segmentation can look at: it learned the lung window, and another one shows it nothing that it knows.

import { FedError } from "../../foundation/errors.ts";
import { openShard, type Shard } from "../../imaging/shard/shard.ts";

/** The caller closes it. @throws SEGMENT_WINDOW, and what openShard throws */
export async function openLungShard(dir: string): Promise<Shard> {
  const shard = await openShard(dir);
  const [first] = shard.windows;
  if (first === "lung") return shard;
  await shard.close();
  const remedy = "import again with the lung window first, as in --windows lung,mediastinum";
  throw new FedError("SEGMENT_WINDOW", { dir, first }, { remedy });
}
