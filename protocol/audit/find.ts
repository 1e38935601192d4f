// Collects the findings of one round: from checks that failed, and from objects that could not be fetched.

import { type ErrorCode, type FedError, isFedError } from "../../foundation/errors.ts";
import type { RoundId } from "../format/digest.ts";
import type { Finding, ObjectKind, Severity } from "./finding.ts";

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
   * Reports an object that failed: broken where its bytes are wrong, unavailable where no member serves it. A model
   * above the auditor's own limit is unavailable too: other auditors can fetch it.
   * @param missing the severity of its absence
   * @throws any other error, which is about this audit and not about the object
   */
  object(
    error: unknown,
    about: Partial<Finding> & { readonly object: ObjectKind },
    { missing = "unavailable" }: { missing?: Severity } = {},
  ): void {
    if (!isFedError(error) || error.code === "ABORTED") throw error;
    const name = named(about);
    if (error.code === "BLOB_UNAVAILABLE" || error.code === "BLOB_UNKNOWN") {
      this.add(missing, "OBJECT_UNAVAILABLE", `no member serves ${name}`, about);
    } else if (error.code === "BLOB_TOO_LARGE" && about.object === "model") {
      this.add(missing, error.code, `${name} is larger than this audit's limit`, { ...about, ...expectation(error) });
    } else this.add("broken", error.code, `${name} does not hold`, { ...about, ...expectation(error) });
  }
}

/** What the failing check expected and found, if it says so, and the digest that it is about. */
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
