// What the page shows, as one plain object: the same of a live party, a live simulation and a past run. The fold (fold.ts)
// makes it, the server sends it, a run's folder keeps it.
import { z } from "zod";

/** Names and texts of others are cut here; the page shows them as text only. */
export const longestText = 300;
/** The newest rounds and warnings that are kept. */
export const keptRounds = 100;
export const keptWarnings = 50;

const text = z.string().max(longestText);
/** Digests, addresses and peer ids. */
const name = z.string().max(128);
const count = z.number().int().min(0);
/** Chain time, seconds since 1970; 0 for none. */
const seconds = z.number().min(0);
const estimate = z.object({ value: z.number(), low: z.number(), high: z.number() });

const memberSchema = z.object({
  address: name,
  /** A simulation's name for it; a contract has none. */
  name: text.optional(),
  role: z.enum(["hospital", "aggregator"]),
  active: z.boolean(),
});

/** One hospital's part in one round. */
const partSchema = z.object({
  hospital: name,
  training: z.object({ step: count, steps: count, loss: z.number() }).optional(),
  /** Of the training, in its process. */
  trainedSeconds: z.number().optional(),
  updateBytes: count.optional(),
  /** On chain: the training scans that it claims. */
  samples: count.optional(),
  /** Parties that have fetched its update and found it valid, of those that this page hears. */
  fetchedBy: z.array(name).max(300),
  /** The error code with which its update was found invalid. */
  invalid: text.optional(),
  vote: z.enum(["agreed", "refused"]).optional(),
  /** It has adopted the round's model. */
  adopted: z.boolean().optional(),
  late: z.boolean().optional(),
  /** By the audit. */
  contribution: z.enum(["included", "left-out", "invalid", "unserved", "silent"]).optional(),
  /** Of the average's weight, 0 to 1, by the audit. */
  share: z.number().optional(),
});

const validationSchema = z.object({
  patients: count,
  positives: count,
  auc: estimate.optional(),
  isAtChance: z.boolean(),
});

const roundSchema = z.object({
  round: count,
  status: z.enum(["committing", "sealed", "proposing", "proposed", "final", "abandoned"]),
  opener: name.optional(),
  plan: name.optional(),
  base: name.optional(),
  model: name.optional(),
  commitBy: seconds,
  proposeBy: seconds,
  attestBy: seconds,
  proposals: count,
  /** Hospitals whose updates the newest proposal averages. */
  included: z.array(name).max(300),
  parts: z.array(partSchema).max(300),
  /** verified: an audit derived the model again, to the same bytes. Absent while none has. */
  verdict: z.enum(["verified", "broken", "unavailable", "none"]).optional(),
  /** Of what is broken or unavailable. */
  finding: text.optional(),
  /** Of the final model, over the patients of all hospitals that published scores. */
  validation: validationSchema.optional(),
  /** Of the round's transactions. */
  gas: count.optional(),
  /** Of a simulation. */
  trainingSeconds: z.number().optional(),
  overheadSeconds: z.number().optional(),
});

const linkSchema = z.object({ member: name, relayed: z.boolean() });

/** What one running party sees and holds; crosses the boundary of its process. */
export const sightSchema = z.object({
  party: name,
  links: z.array(linkSchema).max(300),
  strangers: count,
  /** Bytes of objects since its start. */
  traffic: z.object({ sentBytes: count, receivedBytes: count }),
  store: z.object({
    objects: count,
    objectBytes: count,
    /** The quota of the configuration; absent where the disk is the limit. */
    maxBytes: z.number().optional(),
    freeBytes: z.number(),
    totalBytes: z.number(),
  }),
  /** What the import refused: entries by error code. A hospital's alone. */
  quarantine: z
    .array(z.object({ code: text, what: z.enum(["scan", "series", "file"]), entries: count }))
    .max(200)
    .optional(),
});

const warningSchema = z.object({
  /** Of the newest, milliseconds since 1970. */
  at: z.number(),
  level: z.enum(["warn", "error"]),
  /** Whose log: an address or a name. */
  party: text,
  event: text,
  facts: text,
  remedy: text,
  times: count,
});

export const stateSchema = z.object({
  version: z.literal(1),
  about: z.object({
    kind: z.enum(["simulation", "hospital", "aggregator"]),
    /** A run's name, or the party's. */
    title: text,
    software: text,
    /** Milliseconds since 1970. */
    startedAt: z.number(),
    /** Absent while it runs. */
    endedAt: z.number().optional(),
    /** The party that the page belongs to; a simulation has none. */
    self: name.optional(),
    chainId: z.number().optional(),
    contract: name.optional(),
    plannedRounds: count.optional(),
    /** What it does now: a simulation's stage, or what a party waits for. */
    stage: text,
    /** Whether synthetic slices can be shown: of a simulation on the phantom alone. */
    hasSlices: z.boolean(),
  }),
  /** The newest block's time, and this machine's when it was read, milliseconds. */
  chain: z.object({ time: seconds, readAt: z.number() }).optional(),
  members: z.array(memberSchema).max(300),
  /** The newest last. */
  rounds: z.array(roundSchema).max(keptRounds),
  /** With the time at which each was taken, milliseconds since 1970. */
  sights: z.array(sightSchema.extend({ at: z.number() })).max(300),
  /** By the account that paid, of the rounds' transactions. */
  gas: z.array(z.object({ account: name, gas: count, transactions: count })).max(600),
  /** The newest audit of all rounds. */
  audit: z
    .object({
      verdict: z.enum(["verified", "broken", "unavailable", "empty"]),
      first: text.optional(),
      at: z.number(),
      /** What the sums opened so far tell of one patient at most; absent without differential privacy. */
      privacy: z.object({ openings: count, epsilon: z.number(), delta: z.number() }).optional(),
    })
    .optional(),
  /** The newest first; a repeated one is counted. */
  warnings: z.array(warningSchema).max(keptWarnings),
  /** On a simulation's test patients. */
  scores: z
    .array(z.object({ name: text, balancedAccuracy: estimate, auc: estimate, isAtChance: z.boolean() }))
    .max(300),
});

export type DashboardState = z.output<typeof stateSchema>;
export type About = DashboardState["about"];
export type RoundShown = z.output<typeof roundSchema>;
export type Part = z.output<typeof partSchema>;
export type MemberShown = z.output<typeof memberSchema>;
export type Warning = z.output<typeof warningSchema>;
export type PartySight = z.output<typeof sightSchema>;

export function emptyState(about: About): DashboardState {
  return { version: 1, about, members: [], rounds: [], sights: [], gas: [], warnings: [], scores: [] };
}
