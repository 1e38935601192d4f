// What the parties of one process share, where a simulation puts a hundred into one: the reader of the chain, what came
// over the network to one of them, and an average that all must compute. Each has its own keys, store and connections,
// and checks every update itself.
import type { ChainReader } from "../io/chain/chain-reader.ts";
import type { Companions } from "../io/p2p/blob-exchange.ts";
import type { OpenBlobStore } from "../io/store/blob-store.ts";
import type { Digest } from "../protocol/digest.ts";
import { Averages } from "../protocol/recompute.ts";

export interface SharedByParties {
  readonly reader: ChainReader;
  readonly averages: Averages;
  /** The exchange's side of it, for the party with this store. */
  companions(store: OpenBlobStore): Companions;
}

export function shareAmongParties(reader: ChainReader): SharedByParties {
  const fetching = new Map<Digest, Promise<void>>();
  const holders = new Map<Digest, OpenBlobStore>();
  return {
    reader,
    averages: new Averages(),
    companions: (store) => ({
      fetching,
      fetched: (digest) => void holders.set(digest, store),
      async take(digest) {
        const holder = holders.get(digest);
        if (holder === undefined || holder === store || !(await holder.has(digest))) return false;
        await store.adopt(digest, holder);
        return true;
      },
    }),
  };
}
