// The worker thread that makes updates: receives models and sends the update, or the objects of a masked one.
import { FedError, isFedError } from "../foundation/errors.ts";
import { serveTasks } from "../foundation/worker-tasks.ts";
import { outlineOf } from "../protocol/format/merkle.ts";
import { makeUpdate } from "../protocol/update/make-update.ts";
import type { MaskedObjects } from "./masked-objects.ts";
import type { OutlinedUpdate } from "./train-update.ts";
import type { UpdateTask } from "./update-thread.ts";

serveTasks<UpdateTask, OutlinedUpdate | MaskedObjects>({
  async perform({ update, masking }, send) {
    if (update) {
      const made = makeUpdate(update);
      const transfer = [made.update, made.residual].map(({ buffer }) => buffer as ArrayBuffer);
      await send({ ...made, outline: outlineOf(made.update) }, { isLast: true, transfer });
    }
    if (masking) {
      // Cryptography is loaded where a plan asks for it.
      const { makeMaskedObjects } = await import("./masked-objects.ts");
      const made = await makeMaskedObjects(masking);
      const outlined = { ...made, maskedOutline: outlineOf(made.masked) };
      await send(outlined, { isLast: true, transfer: [made.masked.buffer as ArrayBuffer] });
    }
  },
  refusal: (error) => (isFedError(error) ? error : new FedError("UPDATE_NOT_MADE", { name: (error as Error).name })),
});
