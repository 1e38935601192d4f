// A disk whose writes take time: a write that a crash interrupts is complete afterwards or absent, never partial.
import type { Digest } from "../../protocol/format/digest.ts";
import type { NoteValue } from "../../protocol/ports.ts";
import { FakeStore } from "../fakes/network.ts";
import { FakeJournal, FakeSecrets } from "../fakes/party-ports.ts";
import type { SeededRandom } from "./seeded-random.ts";

type Pause = () => Promise<void>;

/** Writes of one party that have not reached the disk. */
export class UnsyncedWrites {
  /** A planted bug: a crash also loses writes that were reported as complete. */
  losesSyncedWrites = false;
  readonly #random: SeededRandom;
  readonly #pause: Pause;
  readonly #pending = new Set<{ readonly apply: () => void; readonly revert: () => void }>();

  constructor(random: SeededRandom, pause: Pause) {
    this.#random = random;
    this.#pause = pause;
  }

  async write(apply: () => void, revert: () => void): Promise<void> {
    const entry = { apply, revert };
    if (this.losesSyncedWrites) {
      apply();
      this.#pending.add(entry);
      return;
    }
    this.#pending.add(entry);
    await this.#pause();
    if (this.#pending.delete(entry)) apply();
  }

  crash(): void {
    const pending = [...this.#pending];
    this.#pending.clear();
    if (this.losesSyncedWrites) for (const { revert } of pending.reverse()) revert();
    else for (const { apply } of pending) if (this.#random.chance(0.5)) apply();
  }
}

export class SimulatedJournal extends FakeJournal {
  /** Number of writes that have reached the disk. */
  version = 0;
  readonly #unsynced: UnsyncedWrites;
  readonly #pause: Pause;

  constructor(unsynced: UnsyncedWrites, pause: Pause) {
    super();
    this.#unsynced = unsynced;
    this.#pause = pause;
  }

  override async get(key: string): Promise<Uint8Array | undefined> {
    await this.#pause();
    return super.get(key);
  }

  override write(entries: Readonly<Record<string, NoteValue>>): Promise<void> {
    const before = Object.fromEntries(Object.keys(entries).map((key) => [key, this.entries.get(key)]));
    const set = (values: Readonly<Record<string, NoteValue>>) => () => {
      this.version++;
      void super.write(values);
    };
    return this.#unsynced.write(set(entries), set(before));
  }
}

/** No pauses but those of writes: a federation without private sums lists them too, and its runs stay as they are. */
export class SimulatedSecrets extends FakeSecrets {
  /** The last input that was to be masked in a round. */
  readonly inputs = new Map<number, Digest>();
  readonly #unsynced: UnsyncedWrites;

  constructor(unsynced: UnsyncedWrites) {
    super();
    this.#unsynced = unsynced;
  }

  override write(name: string, bytes: Uint8Array): Promise<void> {
    const before = this.files.get(name);
    const [kind, round] = name.split("/");
    if (kind === "mask") this.inputs.set(Number(round), JSON.parse(new TextDecoder().decode(bytes)).input);
    return this.#unsynced.write(
      () => void super.write(name, bytes),
      () => void (before ? this.files.set(name, before) : this.files.delete(name)),
    );
  }
}

export class SimulatedStore extends FakeStore {
  /** Virtual time at which an object was stored, milliseconds. */
  readonly heldSince = new Map<Digest, number>();
  /** Called when an object reaches the disk. */
  onPut: (digest: Digest, bytes: Uint8Array) => void = () => {};
  readonly #unsynced: UnsyncedWrites;
  readonly #pause: Pause;
  readonly #now: () => number;

  constructor(unsynced: UnsyncedWrites, pause: Pause, now: () => number) {
    super();
    this.#unsynced = unsynced;
    this.#pause = pause;
    this.#now = now;
  }

  override async put(bytes: Uint8Array): Promise<Digest> {
    const digest = await new FakeStore().put(bytes);
    if (this.blobs.has(digest)) return digest;
    await this.#unsynced.write(
      () => {
        this.blobs.set(digest, bytes.slice());
        this.onPut(digest, bytes.slice());
        if (!this.heldSince.has(digest)) this.heldSince.set(digest, this.#now());
      },
      () => {
        this.blobs.delete(digest);
        this.heldSince.delete(digest);
      },
    );
    return digest;
  }

  override async get(digest: Digest, limits: { maxBytes: number }): Promise<Uint8Array> {
    await this.#pause();
    return super.get(digest, limits);
  }
}
