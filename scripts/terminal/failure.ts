// How a command fails in front of a person: one line with what happened, one with the remedy; a stack only when asked.
import pc from "picocolors";
import { isFedError } from "../../foundation/errors.ts";

/** Prints an error on stderr; with `json`, as one JSON object on stdout as well, for programs. */
export function reportFailure(error: unknown, { verbose, json }: { verbose: boolean; json: boolean }): void {
  const text = error instanceof Error ? error.message : String(error);
  const remedy = isFedError(error) ? error.remedy : undefined;
  if (json) {
    const facts = isFedError(error)
      ? { code: error.code, facts: error.facts }
      : { code: "UNEXPECTED", facts: { text } };
    console.log(
      JSON.stringify({ error: { ...facts, remedy } }, (_, value) =>
        typeof value === "bigint" ? String(value) : value,
      ),
    );
  }
  process.stderr.write(`${pc.red("error")} ${text.split("\n")[0]}\n`);
  if (remedy) process.stderr.write(`  ${remedy}\n`);
  else if (!verbose) process.stderr.write("  this is unexpected: run again with --verbose and report the stack\n");
  if (verbose && error instanceof Error) process.stderr.write(`${describe(error)}\n`);
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${describe(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
