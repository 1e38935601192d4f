/** A prerequisite that is missing or a set-up step that failed: one line, and what to do about it. */
export class SetupError extends Error {
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}
