// A party that a simulation started answers it over their channel: what it sees, when the page asks.
import type { ChildProcess } from "node:child_process";
import { type Look, type Lookout, lookSchema } from "./lookout.ts";

const ask = "look";

export function answerLooks(lookout: Lookout): void {
  if (!process.channel) return;
  process.on("message", (message) => {
    if (message !== ask) return;
    // A page without these figures is better than a party that ends for them.
    lookout.look().then(
      (look) => process.connected && process.send?.(look),
      () => {},
    );
  });
  process.channel.unref();
}

/** Undefined if the party has ended, or does not answer in time. */
export function askForLook(child: ChildProcess, timeoutMs: number): Promise<Look | undefined> {
  return new Promise((resolve) => {
    const settle = (look: Look | undefined) => {
      clearTimeout(timer);
      child.off("message", hear);
      child.off("close", gone);
      resolve(look);
    };
    const hear = (message: unknown) => {
      const parsed = lookSchema.safeParse(message);
      settle(parsed.success ? parsed.data : undefined);
    };
    const gone = () => settle(undefined);
    const timer = setTimeout(gone, timeoutMs);
    child.on("message", hear);
    child.once("close", gone);
    if (!child.connected) return gone();
    child.send(ask, (error) => error && gone());
  });
}
