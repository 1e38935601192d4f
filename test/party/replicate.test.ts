// Scores and refusals on every party's disk: an audit with one serving member must find all of them.
import { expect } from "chai";
import { zeroDigest } from "../../protocol/format/digest.ts";
import { FakeFederation } from "../fakes/federation.ts";

describe("replication", () => {
  it("replicates every object that attestations name to every hospital and to the aggregator", async () => {
    const federation = await FakeFederation.create();
    const named = () =>
      federation.chain.rounds
        .flatMap(({ proposals }) => proposals.flatMap(({ attestations }) => attestations))
        .map(({ scores }) => scores)
        .filter((scores) => scores !== zeroDigest);
    const sites = [...federation.hospitals, ...federation.aggregators];
    federation.start();
    await federation.runUntil(
      () =>
        federation.finals.length === 3 &&
        named().length === 12 &&
        sites.every(({ store }) => named().every((digest) => store.blobs.has(digest))),
      { withinSeconds: 600 },
    );
    expect(named()).to.have.length(12);
  });

  it("does not stop a federation where an author never serves its scores", async () => {
    const federation = await FakeFederation.create();
    const [mute] = federation.hospitals;
    if (!mute) throw new Error("no hospital");
    const hidden = new Set<string>();
    mute.tamper = ({ ledger }) => ({
      ledger: {
        ...ledger,
        attest: (attestation, waiting) => {
          const scores = `0x${attestation.round.toString(16).padStart(64, "e")}` as typeof attestation.scores;
          hidden.add(scores);
          return ledger.attest({ ...attestation, scores }, waiting);
        },
      },
    });
    federation.start();
    await federation.runUntil(() => federation.finals.length === 3, { withinSeconds: 600 });
    expect(hidden.size).to.equal(3);
    const failures = federation.hospitals
      .flatMap(({ log }) => log.lines)
      .filter(({ facts }) => /^replicate/.test(String(facts["action"])));
    expect(failures).to.deep.equal([]);
  });
});
