// Instances of whole series as one answer each: files of a series are asked for together, and each is handed to its reader when
// it arrives. What does not come this way is brought by itself.
import type { ByteBudget } from "../../foundation/byte-budget.ts";
import { giveBack } from "../../foundation/give-back.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import { type ImageServer, type InstanceName, isServerFailure } from "./image-server.ts";

export interface SeriesStreams {
  /**
   * Runs `work` on an instance while its bytes are held in the budget.
   *
   * @param ofSeries how many instances the series has: for a few of them it is not brought whole
   */
  use<T>(instance: InstanceName, ofSeries: number, work: (bytes: Uint8Array) => Promise<T>): Promise<T>;
}

interface Reader {
  /** Ends when the instance has been read. */
  take(bytes: Uint8Array): Promise<void>;
  /** The series' answer did not hold it. */
  miss(): void;
  fail(error: unknown): void;
}

export function openSeriesStreams(
  server: ImageServer,
  {
    budget,
    uidsOf,
    waiting,
  }: { budget: ByteBudget; uidsOf: (bytes: Uint8Array) => Iterable<string>; waiting: Waiting },
): SeriesStreams {
  /** Readers of each series that have come since its last answer began. */
  const gathering = new Map<string, Map<string, Reader>>();

  async function bringSeries(series: InstanceName, readers: Map<string, Reader>, ofSeries: number): Promise<void> {
    try {
      if (server.bringSeries && readers.size * 2 > ofSeries) {
        await server.bringSeries(series, (bytes) => handOver(bytes, readers), waiting);
      }
    } catch (error) {
      if (waiting.signal?.aborted || isServerFailure(error)) for (const reader of readers.values()) reader.fail(error);
      // Otherwise about the series as a whole: its instances may come one by one, or say why not.
    }
    for (const reader of readers.values()) reader.miss();
  }

  /** Ends when the instance has its place in the budget, so that no more is read than there is memory for. */
  function handOver(bytes: Uint8Array, readers: Map<string, Reader>): Promise<void> {
    for (const uid of uidsOf(bytes)) {
      const reader = readers.get(uid);
      if (!reader) continue;
      readers.delete(uid);
      return give(bytes, reader);
    }
    giveBack(bytes);
    return Promise.resolve();
  }

  function give(bytes: Uint8Array, reader: Reader): Promise<void> {
    return new Promise((started) => {
      void budget.hold(bytes.byteLength, () => {
        started();
        return reader.take(bytes);
      });
    });
  }

  /** Undefined if it did not come. */
  function fromSeries<T>(
    instance: InstanceName,
    ofSeries: number,
    work: (bytes: Uint8Array) => Promise<T>,
  ): Promise<{ readonly result: T } | undefined> {
    const key = `${instance.studyUid} ${instance.seriesUid}`;
    const readers = gathering.get(key) ?? new Map<string, Reader>();
    if (!gathering.has(key)) {
      gathering.set(key, readers);
      // All files of a series are asked for in one go.
      setImmediate(() => {
        gathering.delete(key);
        void bringSeries(instance, readers, ofSeries);
      });
    }
    return new Promise((resolve, reject) => {
      readers.set(instance.instanceUid, {
        take: (bytes) => work(bytes).then((result) => resolve({ result }), reject),
        miss: () => resolve(undefined),
        fail: reject,
      });
    });
  }

  return {
    async use(instance, ofSeries, work) {
      const came = await fromSeries(instance, ofSeries, work);
      if (came) return came.result;
      return budget.hold(singleBytes, async () => work(await server.bring(instance, waiting)));
    },
  };
}

/** Held for an instance whose size is not known yet: that of a slice of 1024 x 1024. */
const singleBytes = 2 ** 21;
