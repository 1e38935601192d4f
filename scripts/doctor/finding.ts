// What a check found: a line for a person, and for programs the same with a name and a state.

/** good: nothing to do. note: it works, and could be better. bad: the node would not work. */
export type FindingState = "good" | "note" | "bad";

export interface Finding {
  /** Stable name of the check, such as "endpoint" or "peer". */
  readonly check: string;
  readonly state: FindingState;
  /** What was found, in one line. */
  readonly text: string;
  /** What to do, in one line; for a firewall it is the sentence to send to its team. */
  readonly remedy?: string;
}

export const good = (check: string, text: string): Finding => ({ check, state: "good", text });
export const note = (check: string, text: string, remedy: string): Finding => ({ check, state: "note", text, remedy });
export const bad = (check: string, text: string, remedy: string): Finding => ({ check, state: "bad", text, remedy });
