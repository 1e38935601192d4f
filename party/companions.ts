// What the parties of one process share, where a simulation puts a hundred into one: the reader of the chain, the store of
// what came over the network to one of them or was made by one, and whatever all must compute alike: each update is
// checked once, each average computed once. Each has its own keys, notes and connections, and reaches its own verdict.
import type { ChainReader } from "../io/chain/chain-reader.ts";
import { openBlobStore } from "../io/store/blob-store.ts";
import { type SharedStore, shareStore } from "../io/store/shared-store.ts";
import type { Digest } from "../protocol/format/digest.ts";
import { type SharedWork, shareWork } from "../protocol/judge/shared-work.ts";

export interface SharedByParties {
  readonly reader: ChainReader;
  readonly store: SharedStore;
  readonly work: SharedWork;
  /** Objects on their way to one of the parties. */
  readonly fetching: Map<Digest, Promise<void>>;
}

/** @param dir of the store. @throws as openBlobStore */
export async function shareAmongParties(reader: ChainReader, dir: string): Promise<SharedByParties> {
  return { reader, store: shareStore(await openBlobStore(dir)), work: shareWork(), fetching: new Map() };
}
