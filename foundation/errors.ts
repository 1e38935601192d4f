// The one error type of the project: a code that programs act on, facts that people read, and a remedy.

/** Facts of an error: small, printable, never a patient identifier, a key or a credential. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | bigint | undefined>>;

/**
 * An error with a stable code (the API), facts, and what the reader can do about it.
 * A stranger on the network is told the code only.
 *
 * @example throw new FedError("BLOB_TOO_LARGE", { digest, size, maxBytes }, { remedy: "raise --max-blob-mib" })
 */
export class FedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly facts: ErrorFacts;
  readonly remedy: string | undefined;

  constructor(code: Code, facts: ErrorFacts = {}, options: { cause?: unknown; remedy?: string } = {}) {
    const listed = Object.entries(facts).map(([name, value]) => `${name}=${String(value)}`);
    super(listed.length > 0 ? `${code}: ${listed.join(" ")}` : code, { cause: options.cause });
    this.name = "FedError";
    this.code = code;
    this.facts = facts;
    this.remedy = options.remedy;
  }
}

/** True for a FedError, of one of the given codes if any are given. */
export function isFedError(error: unknown, ...codes: string[]): error is FedError {
  return error instanceof FedError && (codes.length === 0 || codes.includes(error.code));
}
