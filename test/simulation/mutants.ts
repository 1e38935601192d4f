// Bugs to plant in the honest parties: each replaces a port by one that behaves as if the code had the bug. The
// simulator must find every one of them (mutants.test.ts).

import { FedError } from "../../foundation/errors.ts";
import type { RoundState } from "../../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import type { BlobExchange, Ledger } from "../../protocol/ports.ts";
import type { BucketRules } from "../../protocol/private/buckets.ts";
import { alteringModel } from "../fakes/liars.ts";
import { averagingFloats } from "./averaging-floats.ts";
import type { Faults } from "./faults.ts";
import { attesting, forging } from "./liars.ts";
import type { Site, Tamper } from "./site.ts";
import type { Rule } from "./violation.ts";

export interface Mutant {
  readonly name: string;
  /** Rules that it breaks; the simulator must report one of them. */
  readonly rules: readonly Rule[];
  readonly hospital?: Tamper;
  readonly aggregator?: Tamper;
  readonly site?: (site: Site) => void;
  /** The lie of every liar, if the bug shows only with a lie. */
  readonly lie?: Tamper;
  /** Whether rounds have private sums. */
  readonly isPrivate?: boolean;
  /** Whether these are of buckets. */
  readonly isBucketed?: boolean;
  /** Whether these have noise. */
  readonly isNoisy?: boolean;
  /** Whether the contract counts no seals. */
  readonly isUncharged?: boolean;
  /** The rules of the honest parties, where they have others than a simulation's. */
  readonly bucketRules?: BucketRules;
  /** Called before and after a run, for what is not of one party. */
  readonly plant?: (isPlanted: boolean) => void;
  /** Faults that the bug needs to show. */
  readonly faults?: Partial<Faults>;
}

/** A ledger that reports rounds wrongly. */
function seeingRounds(change: (round: RoundState, self: HospitalAddress) => Partial<RoundState>): Tamper {
  return ({ ledger }) => ({
    ledger: {
      ...ledger,
      round: async (id, waiting) => {
        const round = await ledger.round(id, waiting);
        return { ...round, ...change(round, ledger.self as HospitalAddress) };
      },
    },
  });
}

function withLedger(change: (ledger: Ledger) => Partial<Ledger>): Tamper {
  return ({ ledger }) => ({ ledger: { ...ledger, ...change(ledger) } });
}

const announcingFirst: Tamper = ({ ledger, gossip }) => ({
  ledger: {
    ...ledger,
    commitUpdate: async (commitment, waiting) => {
      const { round, manifest: digest } = commitment;
      const hospital = ledger.self as HospitalAddress;
      await gossip.publish({ version: 1, ...ledger.federation, kind: "manifest", round, hospital, digest, bytes: 1 });
      await ledger.commitUpdate(commitment, waiting);
    },
  },
});

/** After one failed fetch, an object is never fetched again. */
const neverRetrying: Tamper = ({ exchange }) => {
  const missing = new Set<Digest>();
  const fetch: BlobExchange["fetch"] = async (digest, options) => {
    if (missing.has(digest)) throw new FedError("BLOB_UNAVAILABLE", { digest });
    await exchange.fetch(digest, options).catch((error) => {
      missing.add(digest);
      throw error;
    });
  };
  return { exchange: { fetch } };
};

const losingResidual: Tamper = ({ journal }) => ({
  journal: {
    get: (key) => journal.get(key),
    keys: (prefix) => journal.keys(prefix),
    write: ({ residual: _, ...entries }) => journal.write(entries),
  },
});

const seedingByClock: Tamper = ({ learner, clock }) => ({
  learner: {
    shard: () => learner.shard(),
    predict: (request, waiting) => learner.predict(request, waiting),
    sumPatients: (request, options) => learner.sumPatients(request, options),
    train: (request, options) => learner.train({ ...request, seed: Math.floor(clock.now()) }, options),
  },
});

/** Scores differ from time to time, as on hardware that adds floats in another order. */
const forgettingVotes: Tamper = ({ journal, learner, clock }) => ({
  journal: {
    get: async (key) => (key.startsWith("signed/vote/") ? undefined : journal.get(key)),
    keys: (prefix) => journal.keys(prefix),
    write: (entries) => journal.write(entries),
  },
  learner: {
    shard: () => learner.shard(),
    train: (request, options) => learner.train(request, options),
    sumPatients: (request, options) => learner.sumPatients(request, options),
    predict: async (request, waiting) => {
      if (Math.floor(clock.now() / 100) % 2 === 0) throw new FedError("MODEL_NOT_FINITE", {});
      return learner.predict(request, waiting);
    },
  },
});

const withoutLast = seeingRounds(({ commitments, members }, self) => ({
  commitments: commitments.filter(({ member }) => member === self || member !== members.at(-1)),
}));

export const mutants: readonly Mutant[] = [
  {
    name: "agrees without recomputing",
    rules: ["agreed-to-wrong", "final-wrong"],
    hospital: ({ ledger }) => ({ ledger: attesting(ledger, () => true) }),
    lie: alteringModel,
    faults: { lyingAggregator: true },
  },
  {
    name: "adds floats in order of arrival",
    rules: ["proposed-wrong"],
    hospital: averagingFloats,
    aggregator: averagingFloats,
  },
  {
    name: "does not check the signatures of updates",
    rules: ["proposed-wrong", "agreed-to-wrong", "final-wrong"],
    ...both(({ signatures }) => ({
      signatures: { ...signatures, recover: ({ message }) => message["hospital"] as HospitalAddress },
    })),
    lie: forging,
    faults: { hospitals: 5, liars: 1, lyingAggregator: false },
  },
  {
    name: "does not see the last member's commitment",
    rules: ["left-out-without-faults", "no-progress"],
    ...both(withoutLast),
    faults: { liars: 0 },
  },
  {
    name: "announces an update before it is committed to",
    rules: ["announced-too-early"],
    hospital: announcingFirst,
  },
  {
    name: "does not see that it has committed",
    rules: ["repeated-write"],
    hospital: seeingRounds(({ commitments }, self) => ({
      commitments: commitments.filter(({ member }) => member !== self),
    })),
  },
  {
    name: "does not see that it has attested",
    rules: ["repeated-write"],
    hospital: seeingRounds(({ proposals }, self) => ({
      proposals: proposals.map((proposal) => ({
        ...proposal,
        attestations: proposal.attestations.filter(({ member }) => member !== self),
      })),
    })),
  },
  {
    name: "does not sync its journal",
    rules: ["signed-twice", "residual-lost", "update-not-reproducible", "adopted-not-final"],
    site: ({ unsynced }) => {
      unsynced.journal.losesSyncedWrites = true;
    },
    faults: { crashPerCall: 0.003 },
  },
  {
    name: "does not sync its object store",
    rules: ["committed-without-object"],
    site: ({ unsynced }) => {
      unsynced.store.losesSyncedWrites = true;
    },
    faults: { crashPerCall: 0.003 },
  },
  {
    name: "acts on blocks that are not confirmed",
    rules: ["adopted-not-final", "trained-from-not-final"],
    site: ({ endpoint }) => {
      endpoint.ignoresConfirmations = true;
    },
    faults: { confirmations: 2, deepestReorganisation: 2, reorganisationPerSecond: 0.2, blockMs: 3000 },
  },
  {
    name: "takes a proposed model for final",
    rules: ["adopted-not-final", "trained-from-not-final"],
    hospital: seeingRounds(({ status, proposals, model }) =>
      status === "proposed" ? { status: "final", model: proposals.at(-1)?.model } : { status, model },
    ),
  },
  {
    name: "acts after it was revoked",
    rules: ["acted-while-revoked"],
    hospital: withLedger((ledger) => ({
      members: async (waiting) => (await ledger.members(waiting)).map((member) => ({ ...member, active: true })),
    })),
    faults: { hospitals: 5, liars: 0, revokeAfter: 20, faultFreeAfter: 120 },
  },
  {
    name: "expires rounds before they are due",
    rules: ["expired-early"],
    ...both(seeingRounds(({ deadline }) => ({ deadline: deadline - 20 }))),
    faults: { crashPerSecond: 0.05, partitionPerSecond: 0.05 },
  },
  {
    name: "never expires a round whose deadline has passed",
    rules: ["no-progress"],
    ...both(withLedger(() => ({ expire: async () => {} }))),
    faults: { hospitals: 4, liars: 0, endpointDownPerSecond: 0.3 },
  },
  {
    name: "loses the rounding remainder",
    rules: ["residual-lost", "update-not-reproducible"],
    hospital: losingResidual,
  },
  {
    name: "seeds its training by the clock",
    rules: ["update-not-reproducible"],
    hospital: seedingByClock,
  },
  {
    name: "never retries a failed fetch",
    rules: ["no-progress", "left-out-without-faults"],
    ...both(neverRetrying),
    faults: { liars: 0, loss: 0.3, partitionPerSecond: 0.1 },
  },
  {
    name: "judges and signs its vote again, instead of taking it from its journal",
    rules: ["signed-twice"],
    hospital: forgettingVotes,
    faults: { liars: 0, lyingAggregator: false, relayed: 2, loss: 0.3 },
  },
  {
    name: "sends nothing for hospitals without gas",
    rules: ["left-out-without-faults"],
    ...both(({ signedWrites }) => ({
      signedWrites: { publish: (write) => signedWrites.publish(write), subscribe: () => () => {} },
    })),
    faults: { liars: 0, lyingAggregator: false, relayed: 1, revokeAfter: 0 },
  },
];

function both(tamper: Tamper): Pick<Mutant, "hospital" | "aggregator"> {
  return { hospital: tamper, aggregator: tamper };
}
