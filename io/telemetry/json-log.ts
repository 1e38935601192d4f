// Logs as one JSON object a line: for people with jq, for log collectors, and for the simulation, which reads them.
import type { ErrorFacts } from "../../foundation/errors.ts";
import type { Log } from "../../protocol/ports.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Writes lines of `level` and above to a sink that never throws; facts are printable by their type. */
export function jsonLog(
  sink: (line: string) => void,
  { level = "info", part, now = () => new Date() }: { level?: LogLevel; part?: string; now?: () => Date } = {},
): Log {
  const least = logLevels.indexOf(level);
  const write = (of: LogLevel, event: string, facts: ErrorFacts = {}) => {
    if (logLevels.indexOf(of) < least) return;
    const line = { time: now().toISOString(), level: of, part, event, ...facts };
    sink(JSON.stringify(line, (_, value) => (typeof value === "bigint" ? String(value) : value)));
  };
  return {
    child: (name) => jsonLog(sink, { level, part: part ? `${part}.${name}` : name, now }),
    debug: (event, facts) => write("debug", event, facts),
    info: (event, facts) => write("info", event, facts),
    warn: (event, facts) => write("warn", event, facts),
    error: (event, facts) => write("error", event, facts),
  };
}
