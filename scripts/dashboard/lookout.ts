// What a running party can show of itself when it is asked: links, transfer, disk, quarantine, and its last warnings. It
// reads nothing before it is asked.
import { join } from "node:path";
import { z } from "zod";
import { keptWarnings, type PartySight, sightSchema } from "../../dashboard/state/state.ts";
import { diskSpaceOf } from "../../io/store/disk-space.ts";
import { storeFigures } from "../../io/store/store-quota.ts";
import type { WatchedParty } from "../../party/open-party.ts";
import type { Log } from "../../protocol/ports.ts";
import { watchedLog } from "../party/watched-log.ts";
import { quarantineCounts } from "./quarantine-counts.ts";

/** Counting a store's files costs a read of its folders: at most a twentieth of the time goes into it. */
const shareOfTime = 1 / 20;

const notedSchema = z.object({
  at: z.number(),
  level: z.enum(["warn", "error"]),
  event: z.string(),
  facts: z.record(z.union([z.string(), z.number(), z.boolean()])),
});

export type Noted = z.output<typeof notedSchema>;

/** Crosses the boundary of the party's process. */
export const lookSchema = z.object({
  /** Absent before the party is open. */
  sight: sightSchema.optional(),
  /** Since the last look, at most the newest ones that the page keeps. */
  warnings: z.array(notedSchema),
});

export type Look = z.output<typeof lookSchema>;

export interface LookoutPlace {
  /** Folder of the party's store. */
  readonly store: string;
  readonly maxStoreGiB?: number | undefined;
  /** A hospital's. */
  readonly shard?: string | undefined;
}

type ShownParty = Pick<WatchedParty, "self"> & {
  readonly network: Pick<WatchedParty["network"], "connections" | "traffic">;
};

export class Lookout {
  readonly #place: LookoutPlace;
  #party: ShownParty | undefined;
  #noted: Noted[] = [];
  #figures: { readonly store: Promise<PartySight["store"]>; readonly until: number } | undefined;
  #quarantine: Promise<PartySight["quarantine"]> | undefined;

  constructor(place: LookoutPlace) {
    this.#place = place;
  }

  opened(party: ShownParty): void {
    this.#party = party;
  }

  /** A log whose warnings are kept until somebody looks. */
  noting(log: Log): Log {
    return watchedLog(log, (level, event, facts) => {
      const plain = Object.entries(facts).flatMap(([name, value]): [string, string | number | boolean][] => {
        if (value === undefined) return [];
        return [[name, typeof value === "bigint" ? String(value) : value]];
      });
      this.#noted.push({ at: Date.now(), level, event, facts: Object.fromEntries(plain) });
      if (this.#noted.length > keptWarnings) this.#noted.shift();
    });
  }

  async look(): Promise<Look> {
    const warnings = this.#noted;
    this.#noted = [];
    const party = this.#party;
    if (!party) return { warnings };
    const connections = party.network.connections();
    const links = new Map<string, boolean>();
    for (const { member, isDirect } of connections)
      if (member !== undefined) links.set(member, !isDirect && (links.get(member) ?? true));
    this.#quarantine ??= quarantineCounts(this.#place.shard);
    const sight: PartySight = {
      party: party.self,
      links: [...links].map(([member, relayed]) => ({ member, relayed })),
      strangers: connections.filter(({ member }) => member === undefined).length,
      traffic: party.network.traffic(),
      store: await this.#store(),
      quarantine: await this.#quarantine,
    };
    return { sight, warnings };
  }

  #store(): Promise<PartySight["store"]> {
    const started = performance.now();
    if (this.#figures && started < this.#figures.until) return this.#figures.store;
    const { store: dir, maxStoreGiB } = this.#place;
    const read = async () => {
      const [{ objects, objectBytes }, space] = [await storeFigures(join(dir, "blobs")), await diskSpaceOf(dir)];
      const took = performance.now() - started;
      this.#figures = { store, until: performance.now() + Math.max(1_000, took / shareOfTime) };
      const maxBytes = maxStoreGiB === undefined ? undefined : maxStoreGiB * 2 ** 30;
      return { objects, objectBytes, maxBytes, ...space };
    };
    const store = read();
    this.#figures = { store, until: Number.POSITIVE_INFINITY };
    store.catch(() => {
      this.#figures = undefined;
    });
    return store;
  }
}
