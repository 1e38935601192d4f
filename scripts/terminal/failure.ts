// Prints the error of a command: one line with the error, one with the remedy; the stack with --verbose only.
import pc from "picocolors";
import { isFedError } from "../../foundation/errors.ts";

/** Long parts of an address's path or query are usually keys of a provider. */
const secretPart = /(https?:\/\/[^\s/?#"')]+)[/?#][^\s"')]*[\w-]{16,}[^\s"')]*/g;

/** Without user names, passwords and keys in addresses: libraries quote addresses in their errors. */
function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^\s/@"']*@/g, "://…@").replace(secretPart, "$1/…");
}

/** Prints an error on stderr; with `json`, as one JSON object on stdout as well, for programs. */
export function reportFailure(error: unknown, { verbose, json }: { verbose: boolean; json: boolean }): void {
  const text = error instanceof Error ? error.message : String(error);
  const remedy = isFedError(error) ? error.remedy : undefined;
  if (json) {
    const facts = isFedError(error)
      ? { code: error.code, facts: error.facts }
      : { code: "UNEXPECTED", facts: { text: withoutCredentials(text) } };
    const { details } = error as { details?: unknown };
    console.log(
      JSON.stringify({ error: { ...facts, remedy, details } }, (_, value) =>
        typeof value === "bigint" ? String(value) : value,
      ),
    );
  }
  process.stderr.write(`${pc.red("error")} ${withoutCredentials(text.split("\n", 1)[0]!)}\n`);
  if (remedy) process.stderr.write(`  ${remedy}\n`);
  else if (!verbose) process.stderr.write("  this is unexpected: run again with --verbose and report the stack\n");
  if (verbose && error instanceof Error) process.stderr.write(`${withoutCredentials(describe(error))}\n`);
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${describe(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
