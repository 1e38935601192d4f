// The worker thread that hashes chunks: receives a chunk and sends its root.
import { FedError } from "../../foundation/errors.ts";
import { serveTasks } from "../../foundation/worker-tasks.ts";
import { chunkRoot } from "../../protocol/format/merkle.ts";

serveTasks<Uint8Array, Uint8Array>({
  async perform(chunk, send) {
    await send(chunkRoot(chunk), { isLast: true });
  },
  refusal: (error) => new FedError("CHUNK_UNHASHED", { name: (error as Error).name }),
});
