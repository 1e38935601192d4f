// A disk whose writes take a while: one that a crash cuts short is there afterwards or it is not, and never in part.
import type { Digest } from "../../protocol/format/digest.ts";
import { FakeStore } from "../fakes/network.ts";
import { FakeJournal } from "../fakes/party-ports.ts";
import type { Dice } from "./dice.ts";

type Pause = () => Promise<void>;

/** Writes on their way to the disk, of one party. */
export class UnsyncedWrites {
  /** Where acknowledged writes may be lost as well: a disk that lies, which no test but that of the simulator uses. */
  forgetful = false;
  readonly #dice: Dice;
  readonly #pause: Pause;
  readonly #pending = new Set<{ readonly apply: () => void; readonly revert: () => void }>();

  constructor(dice: Dice, pause: Pause) {
    this.#dice = dice;
    this.#pause = pause;
  }

  async write(apply: () => void, revert: () => void): Promise<void> {
    const entry = { apply, revert };
    if (this.forgetful) {
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
    if (this.forgetful) for (const { revert } of pending.reverse()) revert();
    else for (const { apply } of pending) if (this.#dice.chance(0.5)) apply();
  }
}

export class SimulatedJournal extends FakeJournal {
  /** Counts what has reached the disk. */
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

  override write(entries: Readonly<Record<string, Uint8Array | undefined>>): Promise<void> {
    const before = Object.fromEntries(Object.keys(entries).map((key) => [key, this.entries.get(key)]));
    const set = (values: Readonly<Record<string, Uint8Array | undefined>>) => () => {
      this.version++;
      void super.write(values);
    };
    return this.#unsynced.write(set(entries), set(before));
  }
}

export class SimulatedStore extends FakeStore {
  /** Virtual time since which an object is here, milliseconds. */
  readonly heldSince = new Map<Digest, number>();
  /** Told of what reaches the disk. */
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
    const aside = new FakeStore();
    const digest = await aside.put(bytes);
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
