// The fold from what parties tell to what the page shows.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { apply } from "../../dashboard/page/apply.ts";
import { changesSince } from "../../dashboard/state/changes.ts";
import { fold } from "../../dashboard/state/fold.ts";
import type { DashboardInput, ToldEvent } from "../../dashboard/state/inputs.ts";
import { remedyFor } from "../../dashboard/state/remedies.ts";
import { type DashboardState, emptyState, keptRounds, keptWarnings, stateSchema } from "../../dashboard/state/state.ts";
import { errorTable } from "../../foundation/errors/table.ts";
import type { RoundState } from "../../protocol/contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../../protocol/format/digest.ts";

const [a, b, c] = ["aa", "bb", "cc"].map((byte) => `0x${byte.repeat(20)}` as HospitalAddress) as [
  HospitalAddress,
  HospitalAddress,
  HospitalAddress,
];
const digest = (byte: string) => `0x${byte.repeat(32)}` as Digest;
const start = emptyState({
  ...{ kind: "simulation", title: "run", software: "consilium", startedAt: 0, stage: "rounds", hasSlices: false },
});
const told = (state: DashboardState, ...events: ToldEvent[]) =>
  events.map((event): DashboardInput => ({ kind: "event", event })).reduce(fold, state);
const part = (state: DashboardState, hospital: string, round = 1) =>
  state.rounds.find((each) => each.round === round)?.parts.find((each) => each.hospital === hospital);

function roundOf(changes: Partial<RoundState> = {}): RoundState {
  return {
    ...{ id: 1 as RoundId, status: "committing", opener: c, plan: digest("01"), base: digest("02"), members: [a, b] },
    ...{
      commitBy: 100,
      proposeBy: 200,
      attestBy: 0,
      deadline: 300,
      openerFailed: false,
      commitments: [],
      proposals: [],
    },
    ...{ model: undefined, ...changes },
  };
}
const chain = (time: number, ...rounds: RoundState[]): DashboardInput => {
  const members = [a, b].map((address) => ({ address, role: "hospital" as const, active: true }));
  return { kind: "chain", time, readAt: 5, members, rounds };
};
const commitment = (member: HospitalAddress) => ({ member, signer: member, manifest: digest("03"), sampleCount: 12 });

describe("the dashboard's state", () => {
  it("follows a hospital from its training to the adopted model", () => {
    const training = told(start, { event: "training", hospital: a, round: 1, step: 2, steps: 8, loss: 0.5 });
    expect(part(training, a)?.training).to.deep.equal({ step: 2, steps: 8, loss: 0.5 });
    const done = told(
      training,
      { event: "trained", hospital: a, round: 1, seconds: 4, updateBytes: 99 },
      { event: "committed", hospital: a, round: 1, sampleCount: 7 },
      { event: "collected", hospital: b, round: 1, member: a },
      { event: "collected", hospital: b, round: 1, member: a },
      { event: "collected", aggregator: c, round: 1, member: a },
      { event: "attested", hospital: a, round: 1, agree: true },
      { event: "adopted", hospital: a, round: 1, model: digest("04") },
    );
    expect(part(done, a)).to.deep.include({ samples: 7, trainedSeconds: 4, vote: "agreed", adopted: true });
    expect(part(done, a)?.fetchedBy).to.deep.equal([b, c]);
    expect(done.rounds[0]).to.include({ status: "final", model: digest("04") });
    expect(stateSchema.safeParse(done).success).to.equal(true);
  });

  it("shows who is late, who was invalid and who refused", () => {
    const state = told(
      start,
      { event: "late", aggregator: c, round: 1, members: [b] },
      { event: "invalid-update", hospital: b, round: 1, member: a, code: "UPDATE_NORM" },
      { event: "attested", hospital: b, round: 1, agree: false },
      { event: "round-abandoned", hospital: b, round: 1 },
    );
    expect(part(state, b)).to.include({ late: true, vote: "refused" });
    expect(part(state, a)?.invalid).to.equal("UPDATE_NORM");
    expect(state.rounds[0]?.status).to.equal("abandoned");
  });

  it("takes the chain's word over what events told before, and keeps what only events tell", () => {
    const early = told(
      start,
      { event: "training", hospital: a, round: 1, step: 1, steps: 1, loss: 0 },
      { event: "committed", hospital: b, round: 1, sampleCount: 3 },
    );
    const state = fold(early, chain(150, roundOf({ commitments: [commitment(a)] })));
    expect(part(state, a)).to.deep.include({ samples: 12, training: { step: 1, steps: 1, loss: 0 } });
    expect(part(state, a)?.late).to.equal(undefined);
    // The commitment of b went away with a block: it is late now.
    expect(part(state, b)).to.include({ samples: undefined, late: true });
    expect(state.rounds[0]).to.include({ commitBy: 100, proposeBy: 200, base: digest("02") });
  });

  it("forgets rounds that a reorganisation took away", () => {
    const two = fold(start, chain(1, roundOf(), roundOf({ id: 2 as RoundId })));
    expect(two.rounds).to.have.length(2);
    expect(fold(two, chain(1, roundOf())).rounds.map(({ round }) => round)).to.deep.equal([1]);
  });

  it("keeps what has not changed as it is, so that it is not sent again", () => {
    const once = fold(start, chain(150, roundOf()));
    const twice = fold(once, chain(151, roundOf()));
    expect(twice.rounds).to.equal(once.rounds);
    expect(twice.members).to.equal(once.members);
    const { parts, rounds } = changesSince(once, twice);
    expect(Object.keys(parts)).to.deep.equal(["chain"]);
    expect(rounds).to.deep.equal([]);
  });

  it("reaches the page by its changes alone", () => {
    const states = [
      fold(start, chain(1, roundOf(), roundOf({ id: 2 as RoundId }))),
      told(fold(start, chain(2)), { event: "training", hospital: a, round: 3, step: 1, steps: 2, loss: 1 }),
      fold(start, chain(2, roundOf({ id: 2 as RoundId }))),
    ];
    let shown: DashboardState | undefined;
    let before: DashboardState | undefined;
    for (const state of states) {
      shown = apply(shown, JSON.parse(JSON.stringify(changesSince(before, state))));
      before = state;
      expect(shown).to.deep.equal(JSON.parse(JSON.stringify(state)));
    }
  });

  it("takes in the audit's verdict, scores and shares", () => {
    const validation = { patients: 20, positives: 9, auc: { value: 0.8, low: 0.6, high: 0.9 }, isAtChance: false };
    const report = {
      ...{
        round: 1,
        verdict: "broken" as const,
        status: "final" as const,
        opener: c,
        plan: "p",
        base: "b",
        model: "m",
      },
      hospitals: [{ hospital: a, contribution: "included" as const, share: 0.25, sampleCount: 4 }],
      proposals: [{ status: "accepted" as const, included: [a], attestations: [{ hospital: b, agree: false }] }],
      validation,
      findings: [
        { severity: "note" as const, code: "X", text: "a note" },
        { severity: "broken" as const, code: "MODEL_DIFFERS", text: "another model" },
      ],
    };
    const state = fold(fold(start, { kind: "audited-round", report }), {
      kind: "audited",
      at: 3,
      report: { verdict: "broken" },
    });
    expect(state.rounds[0]).to.deep.include({ verdict: "broken", finding: "MODEL_DIFFERS: another model", validation });
    expect(part(state, a)).to.include({ contribution: "included", share: 0.25 });
    expect(state.audit).to.include({ verdict: "broken", at: 3 });
  });

  it("keeps what an audit says of the privacy that is spent, and nothing where there is no noise", () => {
    const cost = { openings: 3, epsilon: 2.5, delta: 1e-5, samplingRate: 0.1, noiseMultiplier: 1 };
    const audited = (privacyCost?: typeof cost) =>
      fold(start, { kind: "audited", at: 3, report: { verdict: "verified", privacyCost } });
    expect(audited(cost).audit?.privacy).to.deep.equal({ openings: 3, epsilon: 2.5, delta: 1e-5 });
    expect(audited().audit?.privacy).to.equal(undefined);
  });

  it("adds up gas by round and by the account that paid", () => {
    const spent = [
      { round: 1, account: a, gas: 10 },
      { round: 1, account: b, gas: 5 },
      { round: 2, account: a, gas: 1 },
    ];
    const state = fold(fold(start, chain(1, roundOf())), { kind: "gas", spent });
    expect(state.rounds[0]?.gas).to.equal(15);
    expect(state.gas[0]).to.deep.equal({ account: a, gas: 11, transactions: 2 });
    expect(fold(state, { kind: "gas", spent: spent.slice(2) }).gas).to.deep.equal([
      { account: a, gas: 1, transactions: 1 },
    ]);
  });

  it("counts a repeated warning, with a remedy, and keeps the newest", () => {
    const warning = (event: string, at: number): DashboardInput => {
      return { kind: "log", at, level: "warn", party: a, event, facts: { code: "RPC_TIMEOUT", endpoint: "x" } };
    };
    const twice = [warning("endpoint-failed", 1), warning("other", 2), warning("endpoint-failed", 3)].reduce(
      fold,
      start,
    );
    expect(twice.warnings.map(({ event, times, at }) => [event, times, at])).to.deep.equal([
      ["endpoint-failed", 2, 3],
      ["other", 1, 2],
    ]);
    expect(twice.warnings[0]?.remedy).to.equal(errorTable.RPC_TIMEOUT.remedy);
    const many = Array.from({ length: 200 }, (_, index) => warning(`event-${index}`, index)).reduce(fold, start);
    expect(many.warnings).to.have.length(keptWarnings);
    expect(many.warnings[0]?.event).to.equal("event-199");
  });

  it("stays small however long it runs and whatever others send", () => {
    let state = start;
    for (let round = 1; round <= 2 * keptRounds; round++)
      state = told(state, { event: "round-opened", hospital: a, round, opener: c });
    expect(state.rounds).to.have.length(keptRounds);
    expect(state.rounds.at(-1)?.round).to.equal(2 * keptRounds);
    const hostile = "<script>alert(1)</script>".repeat(10_000);
    state = told(state, { event: "invalid-update", hospital: a, member: b, round: 2 * keptRounds, code: hostile });
    state = fold(state, { kind: "log", at: 1, level: "error", party: hostile, event: hostile, facts: { hostile } });
    expect(JSON.stringify(state).length).to.be.lessThan(50_000);
    expect(stateSchema.safeParse(state).success).to.equal(true);
  });

  it("knows a remedy of every line that a party's log can have at the level of warning or above", () => {
    const root = join(import.meta.dirname, "../..");
    const sources = ["party", "node", "aggregator", "io"].flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => readFileSync(join(root, room, name), "utf8")),
    );
    const warned = sources.flatMap((text) =>
      [...text.matchAll(/\.(?:warn|error)\(\s*"([a-z-]+)"/g)].map(([, name]) => name!),
    );
    expect(warned.length).to.be.greaterThan(20);
    for (const name of warned) expect(remedyFor(name), name).not.to.include("docs/troubleshooting.md");
  });
});
