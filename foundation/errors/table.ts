// The one table of error codes. A code is API: programs act on it, docs/errors.md lists it (written from this table).
import { archiveErrors } from "./archive-errors.ts";
import { auditErrors } from "./audit-errors.ts";
import { chainErrors, contractErrors } from "./chain-errors.ts";
import { commandErrors } from "./command-errors.ts";
import { blobErrors, generalErrors, peerErrors, storeErrors } from "./network-errors.ts";
import { objectErrors } from "./object-errors.ts";
import { pacsErrors } from "./pacs-errors.ts";
import { privateErrors } from "./private-errors.ts";
import { trainingErrors } from "./training-errors.ts";

export const errorTable = {
  ...generalErrors,
  ...blobErrors,
  ...storeErrors,
  ...peerErrors,
  ...chainErrors,
  ...contractErrors,
  ...objectErrors,
  ...privateErrors,
  ...auditErrors,
  ...archiveErrors,
  ...pacsErrors,
  ...trainingErrors,
  ...commandErrors,
};

/** A code of the one table of errors (docs/errors.md): stable, and what programs act on. @useDeclaredType */
export type ErrorCode = keyof typeof errorTable;

/** True for a code of the table, of text that comes from outside. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text);
}
