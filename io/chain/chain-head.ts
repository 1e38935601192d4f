// The chain's newest block, shared by all parts of this process. A read within `freshMs` of the last one returns the
// same block, so that one observation by a party costs one request and not one for each fact that it reads.

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

  /** @param freshMs for so long a block that was read is returned again */
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

  /** After a write by this process, the block read before is too old. */
  forget(): void {
    this.#reading = undefined;
  }
}
