// Runs the page's auditor while somebody looks (audit-process.ts).
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Watcher } from "../../dashboard/server/feed.ts";
import { moduleBeside } from "../../foundation/module-beside.ts";
import { pause } from "../../foundation/pause.ts";
import type { AuditNews, AuditOrder } from "./audit-messages.ts";

const program = fileURLToPath(moduleBeside("./audit-process", import.meta.url));
/** After a failure: the chain may not answer yet, or the store may not be there. */
const againMs = 5_000;

/** @param order undefined while there is nothing to audit */
export function watchAudit(order: () => AuditOrder | undefined): Watcher {
  return async (tell, signal) => {
    while (!signal.aborted) {
      const given = order();
      if (given) await run(given, tell, signal);
      await pause(given ? againMs : 1_000, { signal }).catch(() => {});
    }
  };
}

/** Resolves when the process has ended. */
function run(order: AuditOrder, tell: Parameters<Watcher>[0], signal: AbortSignal): Promise<void> {
  const child = fork(program, [], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  child.on("message", (news) => tell(news as AuditNews));
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  else child.send(order);
  // The page does not keep a node alive that has nothing else to do.
  child.unref();
  child.channel?.unref();
  return new Promise((resolve) => {
    const end = () => {
      signal.removeEventListener("abort", stop);
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
}
