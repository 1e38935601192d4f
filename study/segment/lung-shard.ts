// Opens a shard for the segmentation, which was trained on the lung window only.

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
