// The trace of a run: a fingerprint to compare runs by, and the last calls for the analysis of a failure.

type Entry = readonly [step: number, milliseconds: number, what: string, which: string | number, when: string];

const keptEntries = 80;

export class Trace {
  readonly #entries: Entry[] = [];
  readonly #names = new Map<string | number, number>();
  #count = 0;
  #low = 0x811c9dc5;
  #high = 0x01000193;

  note(...entry: Entry): void {
    this.#entries[this.#count++ % keptEntries] = entry;
    for (const part of entry) this.#mix(typeof part === "number" ? Math.round(part * 1000) : this.#numberOf(part));
  }

  /** 16 hex digits. */
  get fingerprint(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }

  /** Step, virtual second and call, oldest first. */
  get last(): readonly string[] {
    const oldest = Math.max(0, this.#count - keptEntries);
    return Array.from({ length: this.#count - oldest }, (_, index) => {
      const [step, milliseconds, ...what] = this.#entries[(oldest + index) % keptEntries]!;
      return [step, (milliseconds / 1000).toFixed(3), ...what].join(" ").trimEnd();
    });
  }

  /** A name is hashed once and then represented by a number: hashing it at every call would take longer than the run. */
  #numberOf(name: string): number {
    let number = this.#names.get(name);
    if (number === undefined) {
      number = this.#names.size + 1;
      this.#names.set(name, number);
      for (let place = 0; place < name.length; place++) this.#mix(name.charCodeAt(place));
    }
    return number;
  }

  /** FNV-1a, twice. */
  #mix(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193);
    this.#high = Math.imul(this.#high ^ this.#low, 0x85ebca6b) ^ (this.#high >>> 13);
  }
}
