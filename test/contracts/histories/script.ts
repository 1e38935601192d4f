// What a hostile history is made of, as fast-check draws it: what each member does in each round, and what happens between.
import fc from "fast-check";

/** Updates that the bytes show to be valid, wherever the plan and the base allow it. */
const validUpdates = ["honest", "late", "still", "relayed"] as const;
/** Updates that the bytes prove invalid. */
const invalidUpdates = [
  "garbage manifest",
  "infinite number",
  "lone surrogate",
  "spaces in the manifest",
  "deep manifest",
  "oversized manifest",
  "plan as manifest",
  "manifest of the round before",
  "manifest of another hospital",
  "signature of another",
  "other sample count",
  "sample count above the plan",
  "other plan",
  "other base",
  "other size",
  "garbage update",
  "manifest as update",
  "other shapes",
  "float update",
  "oversized update",
  "norm exceeded",
] as const;
const missingUpdates = ["missing manifest", "missing update"] as const;
export type UpdateKind =
  | (typeof validUpdates)[number]
  | (typeof invalidUpdates)[number]
  | (typeof missingUpdates)[number]
  | "silent";

export type ModelKind = "right" | "flipped bit" | "older base" | "base itself" | "garbage" | "missing" | "other shapes";
export type InclusionKind = "all valid" | "all committed" | "without one" | "one only";
export type ScoresKind =
  | "honest"
  | "none"
  | "garbage"
  | "infinite"
  | "other model"
  | "other hospital"
  | "missing"
  | "oversized";
export type PlanKind = "good" | "garbage" | "lone surrogate" | "missing";
export type GenesisKind =
  | "good"
  | "garbage"
  | "missing"
  | "integers"
  | "no tensors"
  | "not finite"
  | "unaligned"
  | "odd server state"
  | "odd exponents";

export interface HospitalScript {
  readonly update: UpdateKind;
  readonly scores: ScoresKind;
  /** Before which of its own steps the member changes its key. */
  readonly rotates: "never" | "before committing" | "before voting";
}

export interface ProposalScript {
  readonly byOpener: boolean;
  readonly hasWaited: boolean;
  readonly included: InclusionKind;
  readonly model: ModelKind;
  /** Of each hospital in turn; "honest" hospitals refuse exactly what does not hold. */
  readonly votes: "all agree" | "all refuse" | "honest" | "too few";
}

export interface RoundScript {
  readonly hospitals: readonly HospitalScript[];
  readonly proposals: readonly ProposalScript[];
  /** Happens once all have committed. */
  readonly interlude: "nothing" | "revocation" | "new plan" | "bad plan" | "opener rotates" | "pause";
  /** Played first, as another branch of the chain, and then reorganised away. */
  readonly isRehearsed: boolean;
}

export interface HistoryScript {
  readonly hospitals: number;
  readonly strategy: "fedavg" | "bounded fedavg" | "fedavgm" | "median" | "krum" | "scaffold" | "sparse";
  readonly maxStaleness: number;
  readonly earlyShare: boolean;
  readonly plan: PlanKind;
  readonly genesis: GenesisKind;
  readonly rounds: readonly RoundScript[];
}

export const mostHospitals = 5;

/** @param honesty out of 100: how many hospitals do nothing wrong */
function hospitalScript(honesty: number): fc.Arbitrary<HospitalScript> {
  const wrongUpdate = fc.constantFrom<UpdateKind>(...invalidUpdates, ...missingUpdates, ...missingUpdates, "silent");
  const wrongScores = fc.constantFrom<ScoresKind>(
    "garbage",
    "infinite",
    "other model",
    "other hospital",
    "missing",
    "oversized",
  );
  const update = mostly(honesty, fc.constantFrom<UpdateKind>("honest", ...validUpdates), wrongUpdate);
  const scores = mostly(honesty, fc.constantFrom<ScoresKind>("honest", "none"), wrongScores);
  const rotates = fc.constantFrom("never", "never", "never", "never", "before committing", "before voting");
  return fc.record({ update, scores, rotates }) as fc.Arbitrary<HospitalScript>;
}

function proposalScript(honesty: number): fc.Arbitrary<ProposalScript> {
  return fc.record({
    byOpener: fc.boolean(),
    hasWaited: fc.boolean(),
    included: mostly(
      honesty,
      fc.constant<InclusionKind>("all valid"),
      fc.constantFrom("all committed", "without one", "one only"),
    ),
    model: mostly(
      honesty,
      fc.constant<ModelKind>("right"),
      fc.constantFrom("flipped bit", "older base", "base itself", "garbage", "missing", "other shapes"),
    ),
    votes: fc.constantFrom("all agree", "honest", "honest", "all refuse", "too few"),
  }) as fc.Arbitrary<ProposalScript>;
}

function mostly<T>(honesty: number, usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: honesty, arbitrary: usual }, { weight: 100 - honesty, arbitrary: other });
}

function roundScript(honesty: number): fc.Arbitrary<RoundScript> {
  return fc.record({
    hospitals: fc.array(hospitalScript(honesty), { minLength: mostHospitals, maxLength: mostHospitals }),
    proposals: fc.array(proposalScript(honesty), { minLength: 1, maxLength: 3 }),
    interlude: fc.constantFrom(
      ...(["nothing", "nothing", "nothing", "revocation", "new plan", "opener rotates", "pause"] as const),
      ...(honesty === 100 ? [] : (["bad plan"] as const)),
    ),
    isRehearsed: fc.integer({ min: 0, max: 4 }).map((drawn) => drawn === 0),
  }) as fc.Arbitrary<RoundScript>;
}

/** @param honesty out of 100: how often members do nothing wrong; 100 gives honest histories only */
export function historyScript(honesty: number, { rounds = 3 } = {}): fc.Arbitrary<HistoryScript> {
  return fc.record({
    hospitals: fc.integer({ min: 3, max: mostHospitals }),
    strategy: fc.constantFrom("fedavg", "bounded fedavg", "fedavgm", "median", "krum", "scaffold", "sparse"),
    maxStaleness: fc.integer({ min: 0, max: 2 }),
    earlyShare: fc.boolean(),
    plan:
      honesty === 100
        ? fc.constant("good")
        : mostly<PlanKind>(95, fc.constant("good"), fc.constantFrom("garbage", "lone surrogate", "missing")),
    genesis:
      honesty === 100
        ? fc.constant("good")
        : mostly<GenesisKind>(
            88,
            fc.constant("good"),
            fc.constantFrom(
              "garbage",
              "missing",
              "integers",
              "no tensors",
              "not finite",
              "unaligned",
              "odd server state",
              "odd exponents",
            ),
          ),
    rounds: fc.array(roundScript(honesty), { minLength: 1, maxLength: rounds }),
  }) as fc.Arbitrary<HistoryScript>;
}

export function isMeantValid(kind: UpdateKind): boolean {
  return (validUpdates as readonly string[]).includes(kind);
}

export function isMeantMissing(kind: UpdateKind): boolean {
  return (missingUpdates as readonly string[]).includes(kind);
}
