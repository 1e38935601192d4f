// Bugs to plant in the honest parties, each by a port that behaves as if the code had it. A simulator that does not
// find every one of them is not good enough (test/simulation/mutants.test.ts).

import { FedError } from "../../foundation/errors.ts";
import type { RoundState } from "../../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import type { BlobExchange, Ledger } from "../../protocol/ports.ts";
import { alteringModel } from "../fakes/liars.ts";
import { averagingFloats } from "./averaging-floats.ts";
import type { Weather } from "./faults.ts";
import { attesting, forging } from "./liars.ts";
import type { Site, Tamper } from "./site.ts";
import type { Rule } from "./violation.ts";

export interface Mutant {
  readonly name: string;
  /** Rules that it breaks: one of them must be found broken. */
  readonly rules: readonly Rule[];
  readonly hospital?: Tamper;
  readonly aggregator?: Tamper;
  readonly site?: (site: Site) => void;
  /** What every liar does, where the bug needs a lie to show. */
  readonly lie?: Tamper;
  /** Where the bug needs something to go wrong, or somebody to lie. */
  readonly weather?: Partial<Weather>;
}

/** A ledger through which rounds look different. */
function seeingRounds(twist: (round: RoundState, self: HospitalAddress) => Partial<RoundState>): Tamper {
  return ({ ledger }) => ({
    ledger: {
      ...ledger,
      round: async (id, waiting) => {
        const round = await ledger.round(id, waiting);
        return { ...round, ...twist(round, ledger.self as HospitalAddress) };
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

/** What was not to be had once is never asked for again. */
const givingUp: Tamper = ({ exchange }) => {
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
    train: (request, options) => learner.train({ ...request, seed: Math.floor(clock.now()) }, options),
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
    weather: { lyingAggregator: true },
  },
  {
    name: "adds floats in order of arrival",
    rules: ["proposed-wrong"],
    hospital: averagingFloats,
    aggregator: averagingFloats,
  },
  {
    name: "averages an update whose signature it does not check",
    rules: ["proposed-wrong", "agreed-to-wrong", "final-wrong"],
    ...both(({ signatures }) => ({
      signatures: { ...signatures, recover: ({ message }) => message["hospital"] as HospitalAddress },
    })),
    lie: forging,
    weather: { hospitals: 5, liars: 1, lyingAggregator: false },
  },
  {
    name: "overlooks the last member's commitment",
    rules: ["left-out-in-calm", "stood-still"],
    ...both(withoutLast),
    weather: { liars: 0 },
  },
  {
    name: "announces an update before it is committed to",
    rules: ["announced-before-done"],
    hospital: announcingFirst,
  },
  {
    name: "does not see that it has committed",
    rules: ["done-twice"],
    hospital: seeingRounds(({ commitments }, self) => ({
      commitments: commitments.filter(({ member }) => member !== self),
    })),
  },
  {
    name: "does not see that it has attested",
    rules: ["done-twice"],
    hospital: seeingRounds(({ proposals }, self) => ({
      proposals: proposals.map((proposal) => ({
        ...proposal,
        attestations: proposal.attestations.filter(({ member }) => member !== self),
      })),
    })),
  },
  {
    name: "believes that its journal is on disk before it is",
    rules: ["signed-twice", "residual-lost", "update-not-reproducible", "adopted-not-final"],
    site: ({ unsynced }) => {
      unsynced.journal.forgetful = true;
    },
    weather: { crashPerAct: 0.003 },
  },
  {
    name: "believes that its objects are on disk before they are",
    rules: ["committed-unheld"],
    site: ({ unsynced }) => {
      unsynced.store.forgetful = true;
    },
    weather: { crashPerAct: 0.003 },
  },
  {
    name: "takes the newest block for settled",
    rules: ["adopted-not-final", "trained-from-not-final"],
    site: ({ endpoint }) => {
      endpoint.eager = true;
    },
    weather: { confirmations: 2, deepestReorganisation: 2, reorganisationPerSecond: 0.2, blockMs: 3000 },
  },
  {
    name: "takes a proposed model for final",
    rules: ["adopted-not-final", "trained-from-not-final"],
    hospital: seeingRounds(({ status, proposals, model }) =>
      status === "proposed" ? { status: "final", model: proposals.at(-1)?.model } : { status, model },
    ),
  },
  {
    name: "goes on after it was revoked",
    rules: ["acted-while-revoked"],
    hospital: withLedger((ledger) => ({
      members: async (waiting) => (await ledger.members(waiting)).map((member) => ({ ...member, active: true })),
    })),
    weather: { hospitals: 5, liars: 0, revokeAfter: 20, calmAfter: 120 },
  },
  {
    name: "moves rounds on before they are due",
    rules: ["expired-early"],
    ...both(seeingRounds(({ deadline }) => ({ deadline: deadline - 20 }))),
    weather: { crashPerSecond: 0.05, partitionPerSecond: 0.05 },
  },
  {
    name: "never moves a round on whose deadline has passed",
    rules: ["stood-still"],
    ...both(withLedger(() => ({ expire: async () => {} }))),
    weather: { hospitals: 4, liars: 0, endpointDownPerSecond: 0.3 },
  },
  {
    name: "loses what rounding left over",
    rules: ["residual-lost", "update-not-reproducible"],
    hospital: losingResidual,
  },
  {
    name: "seeds its training by the clock",
    rules: ["update-not-reproducible"],
    hospital: seedingByClock,
  },
  {
    name: "never asks again for what it did not get once",
    rules: ["stood-still", "left-out-in-calm"],
    ...both(givingUp),
    weather: { liars: 0, loss: 0.3, partitionPerSecond: 0.1 },
  },
];

function both(tamper: Tamper): Pick<Mutant, "hospital" | "aggregator"> {
  return { hospital: tamper, aggregator: tamper };
}
