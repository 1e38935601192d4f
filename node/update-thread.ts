// Makes updates, and masked ones of rounds with private sums, in a thread beside the node's own: subtracting and rounding a large
// model takes a second, in which the node would answer nobody, and masking and dealing take longer.
import { moduleBeside } from "../foundation/module-beside.ts";
import { openWorkerPool } from "../foundation/worker-pool.ts";
import type { UpdateInput } from "../protocol/update/make-update.ts";
import type { MaskedObjects, MaskingInput } from "./masked-objects.ts";
import type { OutlinedUpdate } from "./train-update.ts";

/** What the thread is asked for: the one or the other. */
export interface UpdateTask {
  readonly update?: UpdateInput;
  readonly masking?: MaskingInput;
}

/** Started at need; they do not keep the process alive. A hospital alone needs one; those of one process share two. */
const updates = openWorkerPool<UpdateTask, OutlinedUpdate | MaskedObjects>({
  entry: moduleBeside("./update-worker", import.meta.url),
  workers: 2,
  settings: undefined,
  keepsProcess: false,
  errors: {
    died: "UPDATE_NOT_MADE",
    timedOut: "UPDATE_NOT_MADE",
    closed: "UPDATE_NOT_MADE",
    notSent: "UPDATE_NOT_MADE",
  },
});

/**
 * makeUpdate in the thread. The input's models move there: they are empty here afterwards, which saves a copy of each.
 *
 * @throws UPDATE_NOT_MADE, and the codes of makeUpdate
 */
export function makeUpdateBeside(input: UpdateInput): Promise<OutlinedUpdate> {
  const [base, local] = [movable(input.base), movable(input.local)];
  const residual = input.residual && movable(input.residual);
  // Each once: a training that changes nothing may return the base itself.
  const transfer = new Set([base, local, residual ?? base].map(({ buffer }) => buffer));
  const task = { update: { ...input, base, local, residual } };
  return updates.run(task, { transfer: [...transfer] }) as Promise<OutlinedUpdate>;
}

/**
 * makeMaskedObjects in the thread. The models move there.
 *
 * @throws UPDATE_NOT_MADE, and the codes of makeMaskedObjects
 */
export function makeMaskedBeside(input: MaskingInput): Promise<MaskedObjects> {
  const [base, trained] = [movable(input.base), movable(input.trained)];
  const transfer = new Set([base.buffer, trained.buffer]);
  const task = { masking: { ...input, base, trained } };
  return updates.run(task, { transfer: [...transfer] }) as Promise<MaskedObjects>;
}

/** The bytes in memory of their own: a part of a larger buffer is copied. */
function movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return isAlone ? new Uint8Array(buffer) : Uint8Array.from(bytes);
}
