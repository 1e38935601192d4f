import { expect } from "chai";
import { killAt } from "../fakes/crash.ts";
import { FakeFederation } from "../fakes/federation.ts";

describe("a hospital that restarts when others have attested", () => {
  for (const seconds of [1, 30]) {
    it(`agrees to the model that it derives itself (${seconds} s later)`, async () => {
      const federation = await FakeFederation.create({ plan: { rounds: 1 } });
      const late = federation.hospitals[0]!;
      late.onCall = killAt({ call: "ledger.attest", when: "before", count: 1 }, () => federation.kill(late));
      federation.start();
      const { time, chain } = federation;
      await time.runUntil(() => federation.finals.length === 1);
      const round = chain.rounds[0]!;
      expect(round.proposals[0]!.attestations.map(({ member }) => member)).not.to.include(late.address);
      const restartAt = chain.now + seconds;
      await time.runUntil(() => chain.now >= restartAt);
      late.onCall = undefined;
      federation.startHospital(late);
      await federation.runUntil(() => chain.now > chain.rounds[0]!.deadline);
      expect(federation.events.filter(({ event }) => event === "refused")).to.deep.equal([]);
      const vote = chain.rounds[0]!.proposals[0]!.attestations.find(({ member }) => member === late.address);
      expect(vote?.agree).to.equal(true);
    });
  }

  it("agrees while the proposal is still open, also if it has lost its memory of what had arrived", async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 1 } });
    const killed = federation.hospitals.slice(0, 2);
    for (const each of killed) {
      each.onCall = killAt({ call: "ledger.attest", when: "before", count: 1 }, () => federation.kill(each));
    }
    federation.start();
    const { time, chain } = federation;
    await time.runUntil(() => killed.every(({ process }) => process === undefined));
    expect(federation.finals).to.have.length(0);
    for (const each of killed) {
      each.onCall = undefined;
      federation.startHospital(each);
    }
    await federation.runUntil(() => chain.rounds[0]!.proposals[0]!.attestations.length === 4);
    expect(federation.events.filter(({ event }) => event === "refused")).to.deep.equal([]);
    expect(chain.rounds[0]!.proposals[0]!.attestations.every(({ agree }) => agree)).to.equal(true);
  });

  it("gives no verdict while it cannot fetch the updates", async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 1 } });
    const late = federation.hospitals[0]!;
    late.onCall = killAt({ call: "ledger.attest", when: "before", count: 1 }, () => federation.kill(late));
    federation.start();
    const { time, chain } = federation;
    await time.runUntil(() => federation.finals.length === 1);
    late.onCall = undefined;
    for (const { manifest } of chain.rounds[0]!.commitments) late.store.blobs.delete(manifest);
    federation.network.serves = ({ to }) => to !== late.address;
    federation.startHospital(late);
    await federation.runUntil(() => chain.now > chain.rounds[0]!.deadline);
    expect(federation.events.filter(({ event }) => event === "refused")).to.deep.equal([]);
    const voters = chain.rounds[0]!.proposals[0]!.attestations.map(({ member }) => member);
    expect(voters).not.to.include(late.address);
  });
});
