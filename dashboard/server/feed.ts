// Holds the state of a page and passes on its changes while somebody looks. Nobody looks: a told input is folded, and
// nothing else is done.
import { type Changes, changesSince } from "../state/changes.ts";
import { fold } from "../state/fold.ts";
import type { DashboardInput } from "../state/inputs.ts";
import { type About, type DashboardState, emptyState } from "../state/state.ts";

/** Changes are sent together, at most so often: a training step of each of a hundred hospitals is a change. */
const sendEveryMs = 200;
/** Readers who come back so soon, by a reload, do not stop and start what reads for them. */
const lingerMs = 3_000;

/** What reads for the page while somebody looks: polls, an audit. It ends when the signal aborts. */
export type Watcher = (tell: (input: DashboardInput) => void, signal: AbortSignal) => void;

export class DashboardFeed {
  #state: DashboardState;
  #sent: DashboardState;
  readonly #listeners = new Set<(changes: Changes) => void>();
  readonly #watchers: Watcher[] = [];
  #watching: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lingering: NodeJS.Timeout | undefined;

  /** @param initial what is known at the start, or a state that was recorded */
  constructor(initial: About | DashboardState) {
    this.#state = "about" in initial ? initial : emptyState(initial);
    this.#sent = this.#state;
  }

  get state(): DashboardState {
    return this.#state;
  }

  /** Readers at the moment. */
  get readers(): number {
    return this.#listeners.size;
  }

  readonly tell = (input: DashboardInput): void => {
    this.#state = fold(this.#state, input);
    if (this.#listeners.size === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.flush(), sendEveryMs).unref();
  };

  /** Starts at once if somebody looks, and each time that somebody begins to. */
  watch(watcher: Watcher): void {
    this.#watchers.push(watcher);
    if (this.#watching) watcher(this.tell, this.#watching.signal);
  }

  /** Calls back with the whole state at first. @returns ends it */
  listen(listener: (changes: Changes) => void): () => void {
    this.flush();
    this.#listeners.add(listener);
    listener(changesSince(undefined, this.#state));
    clearTimeout(this.#lingering);
    if (!this.#watching) {
      this.#watching = new AbortController();
      for (const watcher of this.#watchers) watcher(this.tell, this.#watching.signal);
    }
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#lingering = setTimeout(() => this.close(), lingerMs).unref();
    };
  }

  /** Sends what has changed now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sent !== this.#state && this.#listeners.size > 0) {
      const changes = changesSince(this.#sent, this.#state);
      for (const listener of this.#listeners) listener(changes);
    }
    this.#sent = this.#state;
  }

  /** Ends what reads for the page; a new reader starts it again. */
  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#lingering);
    this.#timer = undefined;
    this.#watching?.abort();
    this.#watching = undefined;
  }
}
