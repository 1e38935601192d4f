// Keeps a party's store within its limit, and within its disk. Only models and updates of rounds that are over are deleted,
// and only where three other members that must keep them have confirmed that they have them. A member that lacks what it
// must keep fetches it, so that an audit finds every object at three members.
import { isFedError } from "../foundation/errors.ts";
import type { OpenBlobStore } from "../io/store/blob-store.ts";
import type { DiskSpace } from "../io/store/disk-space.ts";
import type { Member } from "../protocol/contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import { maxManifestBytes } from "../protocol/format/manifest.ts";
import type { BlobExchange, Clock, Ledger, Log } from "../protocol/ports.ts";
import { copiesKept, keepersOf, keptByAllBytes, largeObjectsOf } from "./keepers.ts";
import { maxStatementBytes, statementsOf } from "./replicate.ts";

/** Shares of the limit: above the first, objects are deleted until the second is reached. */
const deleteAbove = 0.8;
const deleteTo = 0.7;
/** The newest rounds, of which nothing is deleted: late updates and reorganisations may need their objects. */
const roundsKept = 4;
/** Free space on the disk below which the log warns: a share of the disk, and at most so many bytes. */
const warnBelowShare = 0.1;
const warnBelowBytes = 4 * 2 ** 30;
/** Between two looks at a store that stays too full, and at the disk, milliseconds. */
const intervalMs = 30_000;

export interface StoreCarePorts {
  readonly self: HospitalAddress;
  readonly ledger: Pick<Ledger, "members" | "latestRound" | "round" | "changes">;
  readonly blobs: OpenBlobStore;
  readonly exchange: BlobExchange;
  /** Whether another member says that it has the whole object. */
  readonly holds: (member: HospitalAddress, digest: Digest, signal: AbortSignal) => Promise<boolean>;
  readonly diskSpace: () => Promise<DiskSpace>;
  readonly clock: Clock;
  readonly log: Log;
}

export class StoreCare {
  readonly #ports: StoreCarePorts;
  readonly #maxModelBytes: number;
  readonly #smallBytes: number;
  /** Everything that this party must keep of the rounds up to this one is here. */
  #completeTo = 0;
  /** Of these members. */
  #completeFor = "";
  #isDiskReported = false;

  /** @param options.smallBytes size up to which every member keeps an object */
  constructor(ports: StoreCarePorts, options: { readonly maxModelBytes: number; readonly smallBytes?: number }) {
    this.#ports = ports;
    this.#maxModelBytes = options.maxModelBytes;
    this.#smallBytes = options.smallBytes ?? keptByAllBytes;
  }

  /** Looks after each change on chain, and at intervals, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { ledger, clock, log } = this.#ports;
    let notBefore = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      try {
        for await (const _ of ledger.changes({ signal })) {
          if (clock.now() < notBefore) continue;
          await this.look(signal);
          notBefore = clock.now() + intervalMs;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isFedError(error)) throw error;
        log.warn("action-failed", { action: "care for the store", code: error.code });
        notBefore = clock.now() + intervalMs;
      }
      await clock.sleep(1000, { signal }).catch(() => {});
    }
  }

  /** Warns of a disk that fills up, fetches what this party must keep and lacks, and deletes what others keep. */
  async look(signal: AbortSignal): Promise<void> {
    const { ledger } = this.#ports;
    await this.#watchDisk();
    const members = await ledger.members({ signal });
    const latest = await ledger.latestRound({ signal });
    if (this.#isTooFull(deleteAbove)) await this.#makeRoom(members, latest, signal);
    await this.#complete(members, latest, signal);
  }

  #isTooFull(share: number): boolean {
    const usage = this.#ports.blobs.usage();
    return usage !== undefined && usage.usedBytes > share * usage.maxBytes;
  }

  async #watchDisk(): Promise<void> {
    const { diskSpace, log } = this.#ports;
    const { freeBytes, totalBytes } = await diskSpace();
    const isNearlyFull = freeBytes < Math.min(warnBelowShare * totalBytes, warnBelowBytes);
    if (isNearlyFull && !this.#isDiskReported)
      log.warn("disk-nearly-full", { freeMiB: Math.round(freeBytes / 2 ** 20) });
    this.#isDiskReported = isNearlyFull;
  }

  /** The oldest rounds first. */
  async #makeRoom(members: readonly Member[], latest: RoundId, signal: AbortSignal): Promise<void> {
    const { ledger, blobs, self, log } = this.#ports;
    const needed = await this.#neededDigests(latest, signal);
    let removed = 0;
    for (let id = 1; id <= latest - roundsKept && this.#isTooFull(deleteTo); id++) {
      const round = await ledger.round(id as RoundId, { signal });
      for (const { digest, maker } of await largeObjectsOf(round, blobs)) {
        if (!this.#isTooFull(deleteTo)) break;
        if (maker === self || needed.has(digest) || !(await blobs.has(digest))) continue;
        if ((await blobs.outline(digest)).size <= this.#smallBytes) continue;
        if (!(await this.#isKeptElsewhere(digest, members, signal))) continue;
        await blobs.remove(digest);
        removed++;
      }
    }
    if (removed > 0) log.info("objects-deleted", { removed });
  }

  /** What the newest rounds name, and the model that the first round started from. */
  async #neededDigests(latest: RoundId, signal: AbortSignal): Promise<ReadonlySet<Digest>> {
    const { ledger, blobs } = this.#ports;
    const needed = new Set<Digest>();
    for (let id = Math.max(1, latest - roundsKept + 1); id <= latest; id++) {
      const round = await ledger.round(id as RoundId, { signal });
      needed.add(round.base);
      for (const { digest } of await largeObjectsOf(round, blobs)) needed.add(digest);
    }
    if (latest > 0) needed.add((await ledger.round(1 as RoundId, { signal })).base);
    return needed;
  }

  async #isKeptElsewhere(digest: Digest, members: readonly Member[], signal: AbortSignal): Promise<boolean> {
    const { self, holds } = this.#ports;
    const keepers = keepersOf(digest, members);
    if (keepers.length < copiesKept || keepers.some(({ address }) => address === self)) return false;
    const answers = await Promise.all(keepers.map(({ address }) => holds(address, digest, signal)));
    return answers.every(Boolean);
  }

  /** Fetches what this party lacks of rounds that are over: small objects, and the large ones that it must keep. */
  async #complete(members: readonly Member[], latest: RoundId, signal: AbortSignal): Promise<void> {
    const active = members.map(({ index, active: isActive, peerId }) => `${index} ${isActive} ${peerId}`).join();
    if (active !== this.#completeFor) this.#completeTo = 0;
    this.#completeFor = active;
    let isComplete = true;
    for (let id = this.#completeTo + 1; id < latest; id++) {
      isComplete = (await this.#completeRound(id as RoundId, members, signal)) && isComplete;
      if (isComplete) this.#completeTo = id;
    }
  }

  async #completeRound(id: RoundId, members: readonly Member[], signal: AbortSignal): Promise<boolean> {
    const { ledger, blobs, self } = this.#ports;
    const round = await ledger.round(id, { signal });
    let isComplete = true;
    const fetch = async (digest: Digest, maxBytes: number) => {
      isComplete = (await this.#fetch(digest, maxBytes, signal)) && isComplete;
    };
    for (const { manifest } of round.commitments) await fetch(manifest, maxManifestBytes);
    for (const { scores: digest } of statementsOf(round)) await fetch(digest, maxStatementBytes);
    for (const { digest } of await largeObjectsOf(round, blobs)) {
      if (keepersOf(digest, members).some(({ address }) => address === self)) await fetch(digest, this.#maxModelBytes);
    }
    return isComplete;
  }

  /** @returns false where no connected member has the object: it is tried again */
  async #fetch(digest: Digest, maxBytes: number, signal: AbortSignal): Promise<boolean> {
    const { blobs, exchange } = this.#ports;
    if (await blobs.has(digest)) return true;
    try {
      await exchange.fetch(digest, { maxBytes, signal });
      return true;
    } catch (error) {
      if (isFedError(error, "BLOB_TOO_LARGE")) return true;
      if (isFedError(error, "BLOB_UNAVAILABLE")) return false;
      throw error;
    }
  }
}
