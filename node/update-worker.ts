// The worker thread that makes updates: receives models and sends the update.
import { FedError, isFedError } from "../foundation/errors.ts";
import { serveTasks } from "../foundation/worker-tasks.ts";
import { type MadeUpdate, makeUpdate, type UpdateInput } from "../protocol/update/make-update.ts";

serveTasks<UpdateInput, MadeUpdate>({
  async perform(input, send) {
    const made = makeUpdate(input);
    const transfer = [made.update, made.residual].map(({ buffer }) => buffer as ArrayBuffer);
    await send(made, { isLast: true, transfer });
  },
  refusal: (error) => (isFedError(error) ? error : new FedError("UPDATE_NOT_MADE", { name: (error as Error).name })),
});
