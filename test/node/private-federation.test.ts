import { expect } from "chai";
import type { PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { FakeFederation } from "../fakes/federation.ts";

const privacy: PrivacySpec = { mode: "sum", unitWeight: 16, largest: 2047, maxSeals: 20 };
const finished = (federation: FakeFederation) => () =>
  federation.events.some((event) => event.event === "finished" && "aggregator" in event);

async function privateFederation(
  options: { hospitals?: number; rounds?: number; prepare?: (federation: FakeFederation) => void } = {},
) {
  const { hospitals = 4, rounds = 1, prepare = () => {} } = options;
  const federation = await FakeFederation.create({ hospitals, plan: { rounds, minUpdates: 3, privacy } });
  prepare(federation);
  federation.start();
  return federation;
}

describe("a federation with private sums", function () {
  this.timeout(120_000);

  it("opens only the sum of each round, and every hospital agrees to its model", async () => {
    const federation = await privateFederation({ rounds: 2 });
    await federation.runUntil(finished(federation), { withinSeconds: 3000 });
    expect(federation.finals).to.have.length(2);
  });
});
