// A log that also reports its warnings and errors to a watcher of the party.
import type { ErrorFacts } from "../../foundation/errors.ts";
import type { Log } from "../../protocol/ports.ts";

export function watchedLog(log: Log, onLine: (level: "warn" | "error", event: string, facts: ErrorFacts) => void): Log {
  return {
    child: (name) => watchedLog(log.child(name), onLine),
    debug: (event, facts) => log.debug(event, facts),
    info: (event, facts) => log.info(event, facts),
    warn(event, facts = {}) {
      onLine("warn", event, facts);
      log.warn(event, facts);
    },
    error(event, facts = {}) {
      onLine("error", event, facts);
      log.error(event, facts);
    },
  };
}
