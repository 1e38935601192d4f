// Time that advances only when all parties wait: a federation runs in milliseconds, and always in the same way.
import { FedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Clock } from "../../protocol/ports.ts";
import { waitedForCrypto } from "./crypto-in-turn.ts";

export class VirtualTime implements Clock {
  #now = 0;
  #order = 0;
  #timers: { at: number; order: number; fire: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, { signal }: Waiting = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = () => reject(new FedError("ABORTED", { what: "sleep" }));
      if (signal?.aborted) return refuse();
      const abort = () => {
        this.#timers = this.#timers.filter((timer) => timer !== entry);
        refuse();
      };
      const entry = this.at(this.#now + milliseconds, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Calls back at a virtual time, milliseconds. */
  at(time: number, fire: () => void) {
    const entry = { at: time, order: this.#order++, fire };
    this.#timers.push(entry);
    return entry;
  }

  /** Advances time whenever all parties wait, until the condition holds. */
  async runUntil(condition: () => boolean | Promise<boolean>, { withinSeconds = 600 } = {}): Promise<void> {
    const end = this.#now + withinSeconds * 1000;
    for (;;) {
      await settle();
      if (await condition()) return;
      this.#timers.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#timers.shift();
      if (!next || next.at > end) throw new Error(`not within ${withinSeconds} s: ${condition}`);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
  }
}

/** Waits until every promise that needs no time has settled; the fakes do no real input or output. */
async function settle(): Promise<void> {
  do {
    await new Promise((resolve) => setImmediate(resolve));
    // What follows an operation of WebCrypto may begin another one.
  } while (await waitedForCrypto());
}
