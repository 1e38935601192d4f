import { expect } from "chai";
import { zeroDigest } from "../../protocol/format/digest.ts";
import { decodeRefusal } from "../../protocol/format/refusal.ts";
import { FakeFederation } from "../fakes/federation.ts";
import { alteringModel, droppingUpdate, equivocating, includingAll, type Lie, usingOldBase } from "../fakes/liars.ts";

/** Runs a federation with a lying aggregator until two rounds are final. */
async function withLiar(lie: Lie, prepare: (federation: FakeFederation) => void = () => {}) {
  const federation = await FakeFederation.create({ plan: { rounds: 2 } });
  for (const aggregator of federation.aggregators) aggregator.tamper = lie;
  prepare(federation);
  federation.start();
  await federation.runUntil(() => federation.finals.length === 2, { withinSeconds: 2000 });
  const refusals = federation.events.flatMap((event) => (event.event === "refused" ? [event] : []));
  return { federation, refusals };
}

async function honestModels() {
  const federation = await FakeFederation.create({ plan: { rounds: 2 } });
  federation.start();
  await federation.runUntil(() => federation.finals.length === 2);
  return federation.finals;
}

describe("a lying aggregator", () => {
  for (const [what, lie, code, lied] of [
    ["drops a valid update", droppingUpdate, "DROPPED_UPDATE", 1],
    ["changes a weight by one unit", alteringModel, "WRONG_MODEL", 1],
    ["averages onto an older base", usingOldBase, "WRONG_BASE", 2],
    ["announces another model than it proposes", equivocating, "EQUIVOCATION", 1],
  ] as const) {
    it(`that ${what} is named, and another member's proposal becomes final`, async () => {
      const { federation, refusals } = await withLiar(lie);
      const liar = federation.aggregators[0]?.address;
      expect(new Set(refusals.map((each) => each.code))).to.deep.equal(new Set([code]));
      expect(new Set(refusals.map(({ proposer }) => proposer))).to.deep.equal(new Set([liar]));
      expect(federation.finals).to.deep.equal(await honestModels());
      for (const round of federation.chain.rounds) {
        expect(round.proposals.map(({ status }) => status)).to.deep.equal(
          round.id === lied ? ["refused", "accepted"] : ["accepted"],
        );
        // From its lie on others open and propose: the contract makes it wait.
        expect(round.proposals.at(-1)?.proposer === liar).to.equal(round.id < lied);
      }
    });
  }

  it("is named on chain: a disagreeing attestation carries the digest of a refusal that the hospital serves", async () => {
    const { federation } = await withLiar(alteringModel);
    const [refused] = federation.chain.rounds[0]?.proposals ?? [];
    const [attestation] = refused?.attestations ?? [];
    const hospital = federation.hospitals.find(({ address }) => address === attestation?.member);
    expect(attestation?.agree).to.equal(false);
    const refusal = decodeRefusal(
      (await hospital?.store.get(attestation?.scores ?? zeroDigest, { maxBytes: 4096 })) as Uint8Array,
    );
    expect(refusal.code).to.equal("WRONG_MODEL");
    expect(refusal.proposer).to.equal(federation.aggregators[0]?.address);
    expect(refusal.found).to.equal(refused?.model);
    expect(refusal.expected).to.equal(federation.finals[0]);
  });

  it("that averages an invalid update is refused, and the update's hospital is named", async () => {
    let forger: string | undefined;
    const { federation, refusals } = await withLiar(includingAll, ({ hospitals }) => {
      const [first] = hospitals;
      if (!first) return;
      forger = first.address;
      first.tamper = ({ signatures }) => ({ signatures: { ...signatures, sign: async () => `0x${"13".repeat(65)}` } });
    });
    const named = refusals.filter(({ code, hospital }) => code === "INVALID_INCLUDED" && hospital !== forger);
    expect(named.length).to.be.greaterThanOrEqual(2);
    expect(new Set(named.map(({ member }) => member))).to.deep.equal(new Set([forger]));
    expect(federation.chain.rounds[0]?.proposals.at(-1)?.included).to.have.length(3).and.not.to.include(forger);
  });

  it("cannot leave out an update by being the only one that it is not served to", async () => {
    const { federation } = await withLiar(
      () => ({}),
      (each) => {
        const [aggregator] = each.aggregators;
        const [hospital] = each.hospitals;
        each.network.serves = ({ from, to }) => !(from === hospital?.address && to === aggregator?.address);
      },
    );
    // Other members serve the update instead of the hospital.
    expect(federation.chain.rounds[0]?.proposals.map(({ included }) => included.length)).to.deep.equal([4]);
  });
});
