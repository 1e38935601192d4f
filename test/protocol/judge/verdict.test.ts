import { expect } from "chai";
import { FedError } from "../../../foundation/errors.ts";
import { lineageOf } from "../../../protocol/contract/lineage.ts";
import type { Proposal, RoundState } from "../../../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../../../protocol/format/digest.ts";
import { type Collected, collectUpdate } from "../../../protocol/judge/collect.ts";
import type { CollectPorts } from "../../../protocol/judge/collecting.ts";
import { validUpdates } from "../../../protocol/judge/included.ts";
import { recomputeModel } from "../../../protocol/judge/recompute.ts";
import { openRoundContext, type RoundContext } from "../../../protocol/judge/round-context.ts";
import { judgeProposal, type VerdictSubject } from "../../../protocol/judge/verdict.ts";
import { fakeFederation } from "../../fakes/chain.ts";
import { addressOf, FakeFederation } from "../../fakes/federation.ts";
import { FakeStore } from "../../fakes/network.ts";
import { fakeSignatures } from "../../fakes/party-ports.ts";

const limits = { maxModelBytes: 2 ** 20 };
const left = addressOf(0);

describe("the verdict on a proposal", () => {
  let ports: CollectPorts & { blobs: FakeStore };
  let round: RoundState;
  let proposal: Proposal;
  let context: RoundContext;
  let updates: Map<HospitalAddress, Collected>;

  before(async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 1 } });
    federation.start();
    await federation.runUntil(() => federation.events.some(({ event }) => event === "finished"));
    round = federation.chain.rounds[0]!;
    proposal = round.proposals[0]!;
    const blobs = new FakeStore();
    for (const site of [...federation.hospitals, ...federation.aggregators]) {
      for (const [digest, bytes] of site.store.blobs) blobs.blobs.set(digest, bytes);
    }
    const exchange = { fetch: async (digest: Digest) => void (await blobs.outline(digest)) };
    ports = { blobs, exchange, signatures: fakeSignatures(left) };
    context = await openRoundContext(ports, round, lineageOf([round]), { federation: fakeFederation, ...limits });
    updates = new Map();
    for (const commitment of round.commitments) {
      updates.set(commitment.member, await collectUpdate(ports, { commitment, round, context }, limits));
    }
  });

  async function judge(change: Partial<VerdictSubject>, exchange = ports.exchange) {
    const whole = { round, proposal, context, updates, olderBases: [], hadBefore: () => true, ...change };
    const codes: string[] = [];
    const judging = judgeProposal({ blobs: ports.blobs, exchange }, whole, limits);
    let step = await judging.next();
    for (; !step.done; step = await judging.next()) codes.push(step.value.code);
    return { codes, model: step.value?.model };
  }

  it("is without a fault where the included updates make the model", async () => {
    expect(await judge({})).to.deep.equal({ codes: [], model: proposal.model });
  });

  it("forgives that a valid update was left out only after the time for serving, and where it had not arrived", async () => {
    const included = proposal.included.filter((member) => member !== left);
    const { model = proposal.model } = await judge({ proposal: { ...proposal, included } });
    for (const [hasWaited, hadBefore, codes] of [
      [false, true, ["DROPPED_UPDATE"]],
      [false, false, ["DROPPED_UPDATE"]],
      [true, true, ["DROPPED_UPDATE"]],
      [true, false, []],
    ] as const) {
      const changed = { proposal: { ...proposal, included, model, hasWaited }, hadBefore: () => hadBefore };
      expect((await judge(changed)).codes, `${hasWaited} ${hadBefore}`).to.deep.equal(codes);
    }
  });

  it("fetches the models before the base, passes over those that nobody serves, and throws an abort", async () => {
    const altered = { ...proposal, model: round.plan };
    const failing = (code: "BLOB_UNAVAILABLE" | "ABORTED") => ({
      fetch: async () => {
        throw new FedError(code, {});
      },
    });
    const olderBases = [round.base];
    expect((await judge({ proposal: altered, olderBases }, failing("BLOB_UNAVAILABLE"))).codes).to.deep.equal([
      "WRONG_MODEL",
    ]);
    const aborted = judge({ proposal: altered, olderBases }, failing("ABORTED"));
    expect(await aborted.catch((error) => error.code)).to.equal("ABORTED");
    const other = { ...round, base: proposal.model };
    const onOlder = await judge({ round: other, olderBases });
    expect(onOlder.codes).to.deep.equal(["WRONG_BASE"]);
  });

  it("names the base that was used instead, if it is one of the three models before the round's base", async () => {
    const other = { ...round, base: proposal.model };
    const unserved = [1, 2, 3].map((index) => `0x${`0${index}`.repeat(32)}` as Digest);
    const onThird = await judge({ round: other, olderBases: [...unserved.slice(0, 2), round.base] });
    expect(onThird.codes).to.deep.equal(["WRONG_BASE"]);
    const onFourth = await judge({ round: other, olderBases: [...unserved, round.base] });
    expect(onFourth.codes).to.deep.equal(["WRONG_MODEL"]);
  });

  it("takes a proposal of exactly as many updates as the plan asks for, and refuses one of fewer", async () => {
    const count = proposal.included.length;
    const asking = (minUpdates: number) => ({ context: { ...context, plan: { ...context.plan, minUpdates } } });
    expect((await judge(asking(count))).codes).to.deep.equal([]);
    expect((await judge(asking(count + 1))).codes).to.deep.equal(["TOO_FEW_UPDATES"]);
  });

  it("needs every included update: without one nothing is computed", async () => {
    const valid = validUpdates(updates.values()).filter(({ member }) => member !== left);
    const { included } = proposal;
    const computing = recomputeModel(ports, { round, plan: context.plan, included, updates: valid });
    expect(await computing.catch((error) => error.code)).to.equal("UPDATE_NOT_COLLECTED");
  });
});
