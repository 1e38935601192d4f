// Findings of one round, collected as they come: from a check that failed, or from an object that could not be had.

import { type ErrorCode, type FedError, isFedError } from "../../foundation/errors.ts";
import type { RoundId } from "../format/digest.ts";
import type { Finding, ObjectKind, Severity } from "./report.ts";

export class RoundFindings {
  readonly list: Finding[] = [];
  readonly #round: RoundId;

  constructor(round: RoundId) {
    this.#round = round;
  }

  add(severity: Severity, code: ErrorCode, text: string, about: Partial<Finding> = {}): void {
    this.list.push({ severity, code, text, round: this.#round, ...about });
  }

  /**
   * Notes that an object failed: what its bytes prove is broken, what nobody serves is unavailable. Anything else that
   * went wrong is no finding but trouble of this audit, and is thrown on.
   * @param missing how grave its absence is
   */
  object(
    error: unknown,
    about: Partial<Finding> & { readonly object: ObjectKind },
    { missing = "unavailable" }: { missing?: Severity } = {},
  ): void {
    if (!isFedError(error) || error.code === "ABORTED") throw error;
    const name = named(about);
    if (error.code === "BLOB_UNAVAILABLE" || error.code === "BLOB_UNKNOWN") {
      this.add(missing, "OBJECT_UNAVAILABLE", `nobody serves ${name}`, about);
    } else this.add("broken", error.code, `${name} does not hold`, { ...about, ...expectation(error) });
  }
}

/** What the failing check expected and found, where it says so; and the digest that it speaks of. */
export function expectation({ code, facts }: Pick<FedError, "code" | "facts">): Partial<Finding> {
  const { expected, found, digest, ...rest } = facts;
  const corrupt = code === "BLOB_CORRUPT" && digest !== undefined;
  return {
    ...(corrupt ? { digest: digest as NonNullable<Finding["digest"]>, expected: String(digest) } : {}),
    ...(expected === undefined ? {} : { expected: String(expected) }),
    ...(found === undefined ? {} : { found: String(found) }),
    ...(Object.keys(rest).length > 0 ? { facts: rest } : {}),
  };
}

function named({ object, hospital }: Partial<Finding>): string {
  return hospital ? `the ${object} of hospital ${hospital}` : `the ${object}`;
}
