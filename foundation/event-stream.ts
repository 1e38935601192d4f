// Events from work that must not wait for its reader: written at once, read later.

export interface EventStream<Event> {
  /** Never waits. After `end` it does nothing. */
  tell(event: Event): void;
  end(): void;
  /** All events in order, from the first; one reader. Ends when the stream does. */
  readonly events: AsyncIterable<Event>;
}

export function openEventStream<Event>(): EventStream<Event> {
  let queue: Event[] = [];
  let ended = false;
  let wake = () => {};
  return {
    tell(event) {
      if (ended) return;
      queue.push(event);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    events: {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const told = queue;
          queue = [];
          yield* told;
          if (queue.length > 0) continue;
          if (ended) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
    },
  };
}
