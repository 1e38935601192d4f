// Bugs to plant in honest parties of rounds with private sums. The simulator must find every one (test/e2e/private-simulation.e2e.ts).
import type { Journal, Ledger } from "../../protocol/ports.ts";
import { plantEqualCommitments } from "../fakes/fast-commitments.ts";
import type { Mutant } from "./mutants.ts";
import { absent, dealingWrongly, keepingSilent } from "./private-liars.ts";
import type { Tamper } from "./site.ts";
import { fewHospitals } from "./terms.ts";

/** A journal that forgets some notes. */
function forgetting(journal: Journal, isForgotten: (key: string) => boolean): Journal {
  return {
    get: async (key) => (isForgotten(key) ? undefined : journal.get(key)),
    keys: (prefix) => journal.keys(prefix),
    write: (entries) => journal.write(entries),
  };
}

/** Sees now one seal and now another, as over two forks of a chain, and does not remember which one it has opened. */
const openingTwice: Tamper = ({ ledger, journal, clock }) => {
  const round: Ledger["round"] = async (id, waiting) => {
    const found = await ledger.round(id, waiting);
    const { seal } = found;
    if (!seal || seal.included.length < 4 || Math.floor(clock.now() / 1500) % 2 === 0) return found;
    return { ...found, seal: { ...seal, included: seal.included.slice(0, -1) } };
  };
  return { ledger: { ...ledger, round }, journal: forgetting(journal, (key) => key.startsWith("opening/")) };
};

/** Does not note that its input was sealed, and so commits to it again. */
const sendingAgain: Tamper = ({ journal }) => ({
  journal: {
    get: (key) => journal.get(key),
    keys: (prefix) => journal.keys(prefix),
    write: async (entries) => {
      if (!Object.keys(entries).some((key) => key.startsWith("sealed/"))) await journal.write(entries);
    },
  },
});

/** Takes the prekey of the first round for those of all rounds. */
const reusingPrekey: Tamper = ({ secrets }) => {
  let first: Uint8Array | undefined;
  return {
    secrets: {
      read: async (name) => {
        const found = await secrets.read(name);
        if (!name.startsWith("prekey/")) return found;
        return first ?? found;
      },
      write: async (name, bytes) => {
        if (name.startsWith("prekey/")) first ??= bytes;
        await secrets.write(name, bytes);
      },
      erase: (name) => secrets.erase(name),
      names: () => secrets.names(),
    },
  };
};

export const privateMutants: readonly Mutant[] = [
  {
    name: "opens two sets of one round",
    isPrivate: true,
    rules: ["signed-twice"],
    hospital: openingTwice,
    faults: { liars: 0, crashPerCall: 0 },
  },
  {
    name: "masks its input again after a sealed round that failed",
    isPrivate: true,
    rules: ["sealed-twice"],
    hospital: sendingAgain,
    lie: keepingSilent,
    faults: { hospitals: 4, liars: 2, lyingAggregator: false, revokeAfter: 0, faultFreeAfter: 300 },
  },
  {
    name: "does not check shares",
    isPrivate: true,
    rules: ["opened-wrong"],
    plant: plantEqualCommitments,
    lie: dealingWrongly,
    faults: { hospitals: 4, liars: 1 },
  },
  {
    name: "does not sync its secrets",
    isPrivate: true,
    rules: ["secret-lost", "signed-twice"],
    site: ({ unsynced }) => {
      unsynced.secrets.losesSyncedWrites = true;
    },
    faults: { crashPerCall: 0.003 },
  },
  {
    name: "opens the sum of a bucket that is too small",
    isPrivate: true,
    isBucketed: true,
    rules: ["opened-small"],
    bucketRules: { ...fewHospitals, leastIncluded: () => 1 },
    lie: absent,
    faults: { liars: 1, lyingAggregator: false },
  },
  {
    name: "uses a prekey for two rounds",
    isPrivate: true,
    rules: ["prekey-reused"],
    hospital: reusingPrekey,
  },
];
