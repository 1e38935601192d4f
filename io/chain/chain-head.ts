// The chain's newest block, as everybody in this process sees it: whoever asks within a moment of the last reading gets
// that one, so that a look at the world costs one question to the endpoint and not one for each thing looked at.

import { abandonable } from "../../foundation/pause.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Endpoints } from "./endpoints.ts";
import type { Rpc } from "./json-rpc.ts";
import { headerOf } from "./log-reader.ts";
import type { Header } from "./rpc-values.ts";

export class ChainHead {
  readonly #freshMs: number;
  #reading: Promise<Header> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  /** @param freshMs for so long a reading is good enough */
  constructor({ freshMs }: { readonly freshMs: number }) {
    this.#freshMs = freshMs;
  }

  /** The newest block that this endpoint has. */
  by(rpc: Rpc): Promise<Header> {
    const now = performance.now();
    if (this.#reading && now - this.#readAt < this.#freshMs) return this.#reading;
    this.#readAt = now;
    const reading = headerOf(rpc, "latest");
    this.#reading = reading;
    reading.catch(() => {
      if (this.#reading === reading) this.forget();
    });
    return reading;
  }

  /** The newest block. @throws as Endpoints.run */
  latest(endpoints: Endpoints, life: Waiting, waiting: Waiting = {}): Promise<Header> {
    return abandonable(
      endpoints.run((rpc) => this.by(rpc), life),
      waiting,
    );
  }

  /** After a write of one's own, what was read before is too old. */
  forget(): void {
    this.#reading = undefined;
  }
}
