import { expect } from "chai";
import { killAt } from "../fakes/crash.ts";
import { FakeFederation } from "../fakes/federation.ts";

describe("a hospital that restarts after the others have made a model final", () => {
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
