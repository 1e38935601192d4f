// What the parties of one process share, where a simulation runs a hundred of them in one: the chain reader, the object
// store, and computations that give the same result for everyone. Each party keeps its own keys, notes and connections,
// and judges for itself.
import type { ChainReader } from "../io/chain/chain-reader.ts";
import { openBlobStore } from "../io/store/blob-store.ts";
import { type SharedStore, shareStore } from "../io/store/shared-store.ts";
import type { Digest } from "../protocol/format/digest.ts";
import { type SharedWork, shareWork } from "../protocol/judge/shared-work.ts";

export interface SharedParts {
  readonly reader: ChainReader;
  readonly store: SharedStore;
  /** Each update is checked once, each average computed once. */
  readonly work: SharedWork;
  /** Fetches in flight for any of the parties. */
  readonly fetching: Map<Digest, Promise<void>>;
}

/** @param dir of the store. @throws as openBlobStore */
export async function openSharedParts(reader: ChainReader, dir: string): Promise<SharedParts> {
  return { reader, store: shareStore(await openBlobStore(dir)), work: shareWork(), fetching: new Map() };
}
