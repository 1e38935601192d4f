// Times the rounds by the parties' events: training, everything else, and the end of the run.
import type { AggregatorEvent } from "../../aggregator/events.ts";
import type { HospitalEvent } from "../../node/events.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";

export type SimulationEvent = HospitalEvent | AggregatorEvent;

export interface RoundTimes {
  readonly round: number;
  /** Seconds from the round's opening to the last commitment: training, mostly. */
  readonly trainingSeconds: number;
  /** Seconds from the last commitment until the last hospital has adopted the model. */
  readonly overheadSeconds: number;
  readonly updateBytes: number;
}

interface Marks {
  openedAt?: number;
  committedAt?: number;
  adoptedAt?: number;
  adopted: Set<HospitalAddress>;
  updateBytes: number;
}

export class RoundClock {
  readonly #hospitals: number;
  readonly #now: () => number;
  readonly #marks = new Map<number, Marks>();
  readonly #newest = new Map<HospitalAddress, Digest>();
  #finished: { rounds: number; model: Digest } | undefined;

  constructor(hospitals: number, now: () => number = () => performance.now()) {
    this.#hospitals = hospitals;
    this.#now = now;
  }

  hear(event: SimulationEvent): void {
    if (event.event === "finished") this.#finished = { rounds: event.rounds, model: event.model };
    if (event.event === "ready" && "hospital" in event && event.adopted) {
      this.#newest.set(event.hospital, event.adopted);
    }
    if (!("round" in event)) return;
    const marks = this.#marks.get(event.round) ?? { adopted: new Set(), updateBytes: 0 };
    this.#marks.set(event.round, marks);
    if (event.event === "round-opened") marks.openedAt ??= this.#now();
    if (event.event === "trained") marks.updateBytes += event.updateBytes;
    if (event.event === "committed") marks.committedAt = this.#now();
    if (event.event === "adopted") {
      marks.adopted.add(event.hospital);
      marks.adoptedAt = this.#now();
      this.#newest.set(event.hospital, event.model);
    }
  }

  /** The last round's model is final and every hospital has it. */
  get isFinished(): boolean {
    const { model } = this.#finished ?? {};
    return model !== undefined && [...this.#newest.values()].filter((each) => each === model).length >= this.#hospitals;
  }

  /** Rounds that were seen from their opening to the last adoption. */
  times(): RoundTimes[] {
    const seconds = (from: number, to: number) => (to - from) / 1000;
    return [...this.#marks]
      .sort(([a], [b]) => a - b)
      .flatMap(([round, { openedAt, committedAt, adoptedAt, adopted, updateBytes }]) => {
        if (openedAt === undefined || committedAt === undefined || adoptedAt === undefined) return [];
        if (adopted.size < this.#hospitals) return [];
        const trainingSeconds = seconds(openedAt, committedAt);
        return [{ round, trainingSeconds, overheadSeconds: seconds(committedAt, adoptedAt), updateBytes }];
      });
  }
}
