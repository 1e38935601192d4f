// One thing that an audit found, and which of several is the verdict's reason.
import type { ErrorCode, ErrorFacts } from "../../foundation/errors.ts";
import type { Digest, HospitalAddress, RoundId } from "../format/digest.ts";

/**
 * broken: something does not hold, and every auditor finds the same. unavailable: it cannot be checked, because nobody
 * serves an object. note: no reason for doubt (a lie that the others refused, an update that was rightly left out).
 */
export type Severity = "broken" | "unavailable" | "note";

/** What an object is. */
export type ObjectKind = "plan" | "model" | "manifest" | "update" | "key" | "scores" | "refusal";

/** One thing that an audit found, with the code of the check. */
export interface Finding {
  /** Whether it is a reason for the verdict (broken, unavailable) or none (note). */
  readonly severity: Severity;
  /** Of the check that failed: a code of the errors' table, the same for every auditor. */
  readonly code: ErrorCode;
  /** One sentence for people. */
  readonly text: string;
  /** Undefined for what is about no round in particular: membership, terms, the endpoints. */
  readonly round?: RoundId;
  /** Number of the proposal within the round, from 1; undefined where the finding is about no proposal. */
  readonly proposal?: number;
  /** The member whose action or object it is. */
  readonly hospital?: HospitalAddress;
  /** What kind of object was checked; undefined where an event was. */
  readonly object?: ObjectKind;
  /** The object that was checked. */
  readonly digest?: Digest;
  /** What the check asks for, as text: a digest, a number, a field's value. */
  readonly expected?: string;
  /** What it found in place of `expected`. */
  readonly found?: string;
  /** The other facts of the failing check. */
  readonly facts?: ErrorFacts;
}

const order: readonly Severity[] = ["broken", "unavailable", "note"];

/** The first of the most severe findings; undefined if all are notes. */
export function firstFault(findings: readonly Finding[]): Finding | undefined {
  const [gravest] = [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  return gravest?.severity === "note" ? undefined : gravest;
}
