import { expect } from "chai";
import { zeroDigest } from "../../protocol/format/digest.ts";
import { decodeManifest } from "../../protocol/format/manifest.ts";
import { decodeValidationScores } from "../../protocol/format/validation-scores.ts";
import { FakeFederation } from "../fakes/federation.ts";

const finished = (federation: FakeFederation) => () =>
  federation.events.some((event) => event.event === "finished" && "aggregator" in event);
const adoptedBy = (federation: FakeFederation, count: number) => () =>
  federation.events.filter(({ event }) => event === "adopted").length >= count;

async function undisturbed(options: Parameters<typeof FakeFederation.create>[0] = {}) {
  const federation = await FakeFederation.create(options);
  federation.start();
  await federation.runUntil(finished(federation));
  return federation;
}

describe("a federation of hospitals", () => {
  it("trains, commits, proposes, attests and adopts its plan's rounds, nothing twice on chain", async () => {
    const federation = await undisturbed();
    expect(federation.finals).to.have.length(3);
    const { writes } = federation.chain;
    const count = (act: string) => writes.filter(({ name }) => name === act).length;
    expect(count("openRound")).to.equal(3);
    expect(count("commitUpdate")).to.equal(12);
    expect(count("proposeModel")).to.equal(3);
    expect(count("attest")).to.equal(12);
    expect(writes).to.have.length(30);
    for (const { store } of federation.hospitals) {
      for (const model of federation.finals) expect(model && store.blobs.has(model)).to.equal(true);
    }
  });

  it("reports every step of a round to each hospital's own operator, once", async () => {
    const federation = await undisturbed({ plan: { rounds: 1 } });
    await federation.runUntil(adoptedBy(federation, 4));
    const [round] = federation.chain.rounds;
    for (const { address } of federation.hospitals) {
      const own = federation.events.filter((each) => "hospital" in each && each.hospital === address);
      const of = (event: string) => own.filter((each) => each.event === event);
      expect(of("round-opened")).to.deep.equal([
        { hospital: address, event: "round-opened", round: 1, opener: round!.opener },
      ]);
      expect(of("trained")).to.have.length(1);
      expect(of("trained")[0]).to.include({ round: 1, loss: 0.5, clipped: false });
      expect(of("committed")).to.have.length(1);
      expect(of("attested")).to.have.length(1);
      expect(of("attested")[0]).to.include({ round: 1, proposal: 1, agree: true });
      const { scores } = round!.proposals[0]!.attestations.find(({ member }) => member === address)!;
      const statement = federation.hospitals.find((site) => site.address === address)!.store.blobs.get(scores)!;
      expect(decodeValidationScores(statement)).to.include({ hospital: address, round: 1, model: round!.model });
      expect(of("scored")).to.have.length(1);
      expect((of("scored")[0] as { auc?: number }).auc).to.be.within(0, 1);
      expect(of("adopted")).to.deep.equal([
        { hospital: address, event: "adopted", round: 1, model: round!.model, ours: true },
      ]);
    }
  });

  it("publishes figures of its training only where the plan asks for them", async () => {
    for (const reports of [undefined, ["finalLoss"] as const]) {
      const federation = await undisturbed({ plan: { rounds: 1, ...(reports && { reports: [...reports] }) } });
      const [round] = federation.chain.rounds;
      for (const { member, manifest } of round!.commitments) {
        const { store } = federation.hospitals.find(({ address }) => address === member)!;
        const { finalLoss, seconds } = decodeManifest(store.blobs.get(manifest)!);
        expect([finalLoss, seconds]).to.deep.equal([reports ? 0.5 : undefined, undefined]);
      }
    }
  });

  it("publishes scores of as few rounds as its configuration says, and of the plan's last", async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 5 } });
    const every = [0, 1, 3, 4];
    every.forEach((count, index) => {
      federation.hospitals[index]!.scoresEvery = count;
    });
    federation.start();
    await federation.runUntil(finished(federation));
    const scoredBy = (index: number) =>
      federation.chain.rounds.flatMap(({ id, proposals }) => {
        const own = proposals
          .at(-1)!
          .attestations.find(({ member }) => member === federation.hospitals[index]!.address);
        return own!.scores === zeroDigest ? [] : [Number(id)];
      });
    expect(every.map((_, index) => scoredBy(index))).to.deep.equal([[], [1, 2, 3, 4, 5], [3, 5], [4, 5]]);
  });

  it("makes the same models for every order of arrival of the updates", async () => {
    const first = await undisturbed();
    const second = await FakeFederation.create();
    second.hospitals.forEach(({ learner }, index) => {
      learner.trainMs = 5000 - 1000 * index;
    });
    second.start();
    await second.runUntil(finished(second));
    expect(second.finals).to.deep.equal(first.finals);
  });

  it("finishes its rounds without the aggregator that opened the first", async () => {
    const federation = await FakeFederation.create();
    federation.start();
    const [aggregator] = federation.aggregators;
    await federation.time.runUntil(() => federation.chain.rounds.length === 1);
    if (aggregator) federation.kill(aggregator);
    await federation.runUntil(adoptedBy(federation, 12));
    expect(federation.finals).to.deep.equal((await undisturbed()).finals);
    expect(federation.chain.rounds.map(({ opener }) => opener === aggregator?.address)).to.deep.equal([
      true,
      false,
      false,
    ]);
    expect(federation.chain.writes.filter(({ name }) => name === "proposeModel")).to.have.length(3);
  });

  it("stops opening rounds at the plan's last", async () => {
    const federation = await undisturbed({ plan: { rounds: 1 } });
    const again = await FakeFederation.create({ plan: { rounds: 1 } });
    again.start();
    await again.runUntil(() => again.time.now() > 1000 * 1000, { withinSeconds: 2000 });
    expect(again.chain.rounds).to.have.length(1);
    expect(again.finals).to.deep.equal(federation.finals);
  });

  it("reports to every hospital once that all rounds of the plan are final, and again after a restart", async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 2 } });
    const finishedOf = (address: string) =>
      federation.events.filter((e) => e.event === "finished" && "hospital" in e && e.hospital === address);
    federation.start();
    const all = federation.hospitals;
    await federation.time.runUntil(() => all.every(({ address }) => finishedOf(address).length === 1));
    const first = all[0]!;
    const model = federation.finals.at(-1);
    expect(finishedOf(first.address)).to.deep.equal([{ hospital: first.address, event: "finished", rounds: 2, model }]);
    expect(first.log.lines.filter(({ event }) => event === "finished")).to.have.length(1);
    const now = federation.time.now();
    await federation.time.runUntil(() => federation.time.now() > now + 20_000);
    expect(finishedOf(first.address)).to.have.length(1);
    federation.kill(first);
    federation.startHospital(first);
    await federation.runUntil(() => finishedOf(first.address).length === 2);
  });

  it("makes the same models with two aggregators at once", async () => {
    const federation = await FakeFederation.create({ aggregators: 2 });
    federation.start();
    await federation.runUntil(adoptedBy(federation, 12));
    expect(federation.chain.rounds).to.have.length(3);
    expect(federation.finals).to.deep.equal((await undisturbed()).finals);
    expect(federation.chain.writes).to.have.length(30);
  });

  it("continues without an update that was committed to and is never served", async () => {
    const federation = await FakeFederation.create();
    const [silent] = federation.hospitals;
    federation.network.serves = ({ from }) => from !== silent?.address;
    federation.start();
    await federation.runUntil(() => federation.finals.length === 1);
    const [round] = federation.chain.rounds;
    expect(round?.commitments).to.have.length(4);
    expect(round?.proposals).to.have.length(1);
    expect(round?.proposals[0]?.included).to.have.length(3).and.not.to.include(silent?.address);
  });

  it("collects the updates of all members that serve, however many others serve nothing", async () => {
    const federation = await FakeFederation.create({ hospitals: 12 });
    const silent = new Set(federation.hospitals.slice(0, 9).map(({ address }) => address));
    federation.network.serves = ({ from, digest }) =>
      !silent.has(from) || [federation.planDigest, federation.genesis].includes(digest);
    federation.start();
    await federation.runUntil(() => federation.chain.rounds[0]?.proposals.length === 1);
    expect(federation.chain.rounds[0]?.proposals.at(-1)?.included).to.deep.equal(
      federation.hospitals.slice(9).map(({ address }) => address),
    );
  });

  it("lets a late hospital catch up and take part in the next round", async () => {
    const federation = await FakeFederation.create({ terms: { commitPeriod: 20 } });
    const late = federation.hospitals[3];
    federation.start();
    if (late) federation.kill(late);
    await federation.time.runUntil(() => federation.finals.length === 1);
    if (late) federation.startHospital(late);
    await federation.runUntil(() => federation.finals.length === 3);
    const [first, , last] = federation.chain.rounds;
    expect(first?.proposals.at(-1)?.included).to.have.length(3);
    expect(last?.proposals.at(-1)?.included).to.have.length(4);
  });

  it("follows a revocation: the hospital stops acting, the others continue", async () => {
    const federation = await FakeFederation.create();
    const gone = federation.hospitals[2];
    federation.start();
    await federation.time.runUntil(() => federation.finals.length === 1);
    if (gone) federation.chain.revoke(gone.address);
    await federation.runUntil(() => federation.finals.length === 3, { withinSeconds: 2000 });
    expect(federation.events.some((event) => event.event === "revoked" && event.hospital === gone?.address)).to.equal(
      true,
    );
    expect(federation.chain.rounds.at(-1)?.members).to.have.length(3);
    const after = federation.chain.events.findIndex(({ kind }) => kind === "member-revoked");
    const acts = federation.chain.events
      .slice(after + 1)
      .filter((event) => "member" in event && event.member === gone?.address);
    expect(acts).to.have.length(0);
  });

  it("abandons a round of too few updates, and commits what was trained in it to the next one", async () => {
    const federation = await FakeFederation.create({
      hospitals: 3,
      terms: { minUpdates: 3, commitPeriod: 20 },
      plan: { minUpdates: 3 },
    });
    const late = federation.hospitals[2];
    federation.start();
    if (late) federation.kill(late);
    await federation.time.runUntil(() => federation.chain.rounds[0]?.status === "abandoned");
    if (late) federation.startHospital(late);
    await federation.runUntil(() => federation.finals.length === 1, { withinSeconds: 2000 });
    const begun = federation.hospitals.slice(0, 2).map(({ learner }) => learner.begun[0]);
    expect(begun).to.deep.equal([1, 1]);
    const trainings = federation.hospitals.slice(0, 2).map(({ learner }) => learner.ended.length);
    expect(trainings).to.deep.equal([1, 1]);
  });

  it("stops training when a newer model is final, if the plan accepts no late updates", async () => {
    const federation = await FakeFederation.create({ terms: { commitPeriod: 20 } });
    const slow = federation.hospitals[0];
    if (slow) slow.learner.trainMs = 300_000;
    federation.start();
    await federation.runUntil(() => federation.finals.length === 2);
    expect(slow?.learner.begun.slice(0, 2)).to.deep.equal([1, 2]);
    expect(slow?.learner.ended).to.deep.equal([]);
    expect(federation.chain.rounds[1]?.proposals.at(-1)?.attestations.map(({ member }) => member)).to.include(
      slow?.address,
    );
  });

  it("uses a late update in the next round if the plan allows it, with less weight", async () => {
    const strategy = { name: "fedavg", maxSharePermille: 1000, maxStaleness: 1 } as const;
    const federation = await FakeFederation.create({ plan: { strategy }, terms: { commitPeriod: 20 } });
    const slow = federation.hospitals[0];
    if (slow) slow.learner.trainMs = 30_000;
    federation.start();
    await federation.runUntil(() => federation.finals.length === 2);
    const [first, second] = federation.chain.rounds;
    expect(first?.proposals.at(-1)?.included).not.to.include(slow?.address);
    expect(second?.proposals.at(-1)?.included).to.include(slow?.address);
    expect(slow?.learner.begun[0]).to.equal(1);
    expect(slow?.learner.ended[0]).to.equal(1);
  });

  it("neither trains nor attests under a plan that it does not accept", async () => {
    const federation = await FakeFederation.create();
    for (const site of federation.hospitals) site.plan = federation.genesis;
    federation.start();
    await federation.runUntil(() => federation.chain.rounds[0]?.status === "abandoned", { withinSeconds: 2000 });
    expect(federation.events.filter(({ event }) => event === "plan-refused")).to.have.length(4);
    expect(federation.chain.rounds[0]?.commitments).to.have.length(0);
  });
});
