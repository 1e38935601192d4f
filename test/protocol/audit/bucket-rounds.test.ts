// What buckets are for: twelve hospitals of which one masks what is no update, or too much of one.
import { expect } from "chai";
import type { AuditReport } from "../../../protocol/audit/report.ts";
import { RoundHistory } from "../../../protocol/contract/round-history.ts";
import type { RoundId } from "../../../protocol/format/digest.ts";
import type { Plan } from "../../../protocol/format/plan.ts";
import { decodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { collectMasked } from "../../../protocol/judge/collect-private.ts";
import { histogramOf } from "../../../protocol/private/sum-layout.ts";
import { planFaults } from "../../../protocol/strategy/plan-faults.ts";
import { useFastCommitments } from "../../fakes/fast-commitments.ts";
import { addressOf, examplePlan } from "../../fakes/federation.ts";
import { fakeSignatures } from "../../fakes/party-ports.ts";
import { audit } from "./finished-federation.ts";
import {
  type PrivateChoices,
  type PrivateFederation,
  playPrivate,
  predictionsOf,
  privacy,
} from "./private-federation.ts";

const strategy = { name: "median", maxSharePermille: 1000, maxStaleness: 0 } as const;
const plan: Partial<Plan> = { strategy, minUpdates: 9, privacy: { ...privacy, buckets: 3 } };
const hospitals = Array.from({ length: 12 }, (_, index) => addressOf(index));
const culprit = 5;

const findingsOf = ({ rounds }: AuditReport) =>
  rounds.flatMap(({ findings }) => findings.map(({ severity, code }) => `${severity} ${code}`));

/** Numbers over the whole range of a sum, scores included. */
const garbage: NonNullable<PrivateChoices["input"]> = (input, { hospital }) => {
  if (hospital !== culprit) return;
  for (let place = 0; place < input.length; place++) input[place] = ((place * 7919 + 104_729) % 65_535) - 32_767;
};

const valuesOf = (model: Uint8Array) => decodeSafetensors(model).tensors.flatMap(({ data }) => Array.from(data));
const distance = (a: Uint8Array, b: Uint8Array) =>
  Math.hypot(...valuesOf(a).map((value, place) => value - valuesOf(b)[place]!));

describe("rounds with buckets", function () {
  this.timeout(120_000);
  let fast: { restore: () => void };
  let honest: PrivateFederation;
  let report: AuditReport;
  before(async () => {
    fast = useFastCommitments();
    honest = await playPrivate({ hospitals: 12, rounds: 1, plan });
    report = await audit(honest);
  });
  after(() => fast.restore());
  const bucketsIn = (audited: AuditReport) => audited.rounds[0]!.seal!.buckets!;
  const culpritsBucket = () => bucketsIn(report).find(({ drawn }) => drawn.includes(addressOf(culprit)))!;

  it("run under a plan that has no faults", () => {
    expect(planFaults(examplePlan({ rounds: 1, ...plan }))).to.deep.equal([]);
  });

  it("are derived again to the bit: the median of three means, and the scores of all", () => {
    expect(report.verdict, JSON.stringify(report.first)).to.equal("verified");
    expect(findingsOf(report)).to.deep.equal([]);
    const buckets = bucketsIn(report);
    expect(buckets.map(({ drawn }) => drawn.length)).to.deep.equal([4, 4, 4]);
    expect(buckets.every(({ outcome }) => outcome === "summed")).to.equal(true);
    expect(buckets.flatMap(({ drawn }) => drawn)).to.have.members(hospitals);
    expect(
      report.rounds[0]!.hospitals.every(({ share }) => share === undefined),
      "no weights",
    ).to.equal(true);
    expect(report.rounds[0]!.baseValidation).to.deep.include({ patients: 12 * 30, positives: 12 * 10 });
  });

  it("become final close to the honest model where one hospital masks garbage, and name its bucket", async () => {
    const attacked = await playPrivate({ hospitals: 12, rounds: 1, plan, input: garbage });
    const audited = await audit(attacked);
    expect(audited.verdict, JSON.stringify(audited.first)).to.equal("verified");
    expect(audited.rounds[0]!.status).to.equal("final");
    expect(findingsOf(audited)).to.deep.equal(["note BUCKET_SPOILT"]);
    const { drawn } = culpritsBucket();
    const spoilt = bucketsIn(audited).filter(({ outcome }) => outcome === "spoilt");
    expect(spoilt.map((bucket) => bucket.drawn)).to.deep.equal([drawn]);
    const { facts } = audited.rounds[0]!.findings[0]!;
    expect(facts).to.deep.equal({ hospitals: drawn.join(" "), code: "ROUND_SPOILT" });
    const moved = distance(honest.rounds[0]!.model, baseOf(honest));
    expect(distance(attacked.rounds[0]!.model, honest.rounds[0]!.model)).to.be.below(moved);
    // The spoilt bucket's scores are garbage too: the pooled ones are of the other eight.
    const others = [...hospitals.keys()].filter((index) => !drawn.includes(addressOf(index)));
    const { positives } = histogramOf(
      others.flatMap((index) => predictionsOf(1, index)),
      64,
    );
    const count = positives.reduce((sum, each) => sum + each, 0);
    expect(audited.rounds[0]!.baseValidation).to.deep.include({ patients: 8 * 30, positives: count });
  });

  it("would be spoilt as one sum", async () => {
    const single: Partial<Plan> = { strategy: { ...strategy, name: "fedavg" }, minUpdates: 9, privacy };
    const audited = await audit(await playPrivate({ hospitals: 12, rounds: 1, plan: single, input: garbage }));
    expect(audited.verdict).to.equal("broken");
    expect(findingsOf(audited)).to.include("broken ROUND_SPOILT");
  });

  it("leave out a bucket whose scores nobody can have counted", async () => {
    const input: PrivateChoices["input"] = (values, { hospital }) => {
      if (hospital === culprit) values[values.length - 1] = -3000;
    };
    const audited = await audit(await playPrivate({ hospitals: 12, rounds: 1, plan, input }));
    expect(audited.verdict).to.equal("verified");
    expect(findingsOf(audited)).to.deep.equal(["note BUCKET_SPOILT"]);
  });

  it("take no update as valid where a bucket would be of fewer than four hospitals", async () => {
    const history = new RoundHistory({ keep: 8 });
    for (const event of honest.events) history.apply(event);
    const state = history.round(1 as RoundId)!;
    const ports = {
      blobs: honest.store,
      exchange: { fetch: async () => {} },
      signatures: fakeSignatures(addressOf(0)),
    };
    const context = { federation: honest.federation, plan: honest.plan, bases: [state.base], baseHeaders: new Map() };
    const collected = (members: number) => {
      const round = { ...state, members: hospitals.slice(0, members) };
      return collectMasked(ports, { commitment: state.commitments[0]!, round, context }, {});
    };
    expect(await collected(12)).to.deep.include({ status: "masked" });
    expect(await collected(11)).to.deep.include({ status: "invalid", code: "BUCKETS_TOO_SMALL" });
  });

  it("open three of four, and no sum of a bucket that two are missing of", async () => {
    const [first, second] = bucketsIn(report);
    const without = (...members: readonly string[]) =>
      [...hospitals.keys()].filter((index) => !members.includes(addressOf(index)));
    const one = without(first!.drawn[0]!);
    const three = await audit(await playPrivate({ hospitals: 12, rounds: 1, plan, sealed: () => one }));
    expect(three.verdict).to.equal("verified");
    expect(bucketsIn(three).map(({ outcome }) => outcome)).to.deep.equal(["summed", "summed", "summed"]);
    expect(bucketsIn(three)[0]!.included).to.deep.equal(first!.drawn.slice(1));
    const two = without(second!.drawn[1]!, second!.drawn[3]!);
    const audited = await audit(await playPrivate({ hospitals: 12, rounds: 1, plan, sealed: () => two }));
    expect(audited.verdict, JSON.stringify(audited.first)).to.equal("verified");
    expect(bucketsIn(audited).map(({ outcome }) => outcome)).to.deep.equal(["summed", "left-out", "summed"]);
    expect(audited.rounds[0]!.baseValidation).to.deep.include({ patients: 8 * 30 });
  });
});

function baseOf({ store, events }: PrivateFederation): Uint8Array {
  const opened = events.find(({ kind }) => kind === "round-opened") as unknown as { readonly base: never };
  return store.blobs.get(opened.base)!;
}
