// The audit of federations with private sums, and what attacks on their objects come to.
import { expect } from "chai";
import { groupedArea } from "../../../foundation/statistics/grouped-scores.ts";
import type { AuditEvent, AuditReport } from "../../../protocol/audit/report.ts";
import { reproduceUpdate } from "../../../protocol/audit/reproduce.ts";
import { RoundHistory } from "../../../protocol/contract/round-history.ts";
import { canonicalBytes } from "../../../protocol/format/canonical.ts";
import { parseAddress, type RoundId, zeroDigest } from "../../../protocol/format/digest.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { epsilonOf } from "../../../protocol/private/accountant.ts";
import { showEpsilon } from "../../../protocol/private/privacy-cost.ts";
import { decodeSumKey } from "../../../protocol/private/sum-key.ts";
import { histogramOf } from "../../../protocol/private/sum-layout.ts";
import { modelCard, modelCardMarkdown } from "../../../scripts/audit/model-card.ts";
import { privacyCostLine } from "../../../scripts/audit/show-report.ts";
import { addressOf } from "../../fakes/federation.ts";
import { codeOf } from "../update/one-update.ts";
import { audit, copyOf, eventOf } from "./finished-federation.ts";
import { noisyPrivacy, type PrivateFederation, playPrivate, predictionsOf, privacy } from "./private-federation.ts";

const codesOf = ({ rounds, findings }: AuditReport, severity: string) =>
  [...findings, ...rounds.flatMap((round) => round.findings)]
    .filter((finding) => finding.severity === severity)
    .map(({ code }) => code);

describe("the audit of private rounds", function () {
  this.timeout(120_000);
  let good: PrivateFederation;
  let events: AuditEvent[];
  let report: AuditReport;
  before(async () => {
    good = await playPrivate();
    events = [];
    report = await audit(good, { onEvent: (event) => void events.push(event) });
  });
  const copied = () => copyOf(good);
  const roundMade = (index = 0) => good.rounds[index]!;

  it("derives each model to the bit from masked updates, deals and keys, and nothing else", () => {
    expect(report.verdict, JSON.stringify(report.first)).to.equal("verified");
    expect(report.rounds.map(({ verdict, derived }) => [verdict, derived])).to.deep.equal([
      ["verified", true],
      ["verified", true],
    ]);
    expect(report.model).to.equal(blobDigest(roundMade(1).model));
    expect(report.privateSums).to.deep.include({ maxSeals: privacy.maxSeals, seals: 2 });
    // The plan, two manifests and models: no box and no share is among what was read.
    expect(report.counts.updates).to.equal(8);
  });

  it("has models that the plain sum of the same integers gives", () => {
    for (const { model } of good.rounds) expect(good.store.blobs.has(blobDigest(model))).to.equal(true);
    const models = report.rounds.map(({ proposals }) => proposals[0]!.derived);
    expect(models).to.deep.equal(good.rounds.map(({ model }) => blobDigest(model)));
  });

  it("says who is in the sum, with what weight, and by which key; no update, loss or score of one hospital", () => {
    const [first] = report.rounds;
    expect(first!.seal).to.deep.equal({
      by: addressOf(0),
      included: [0, 1, 2, 3].map(addressOf),
      key: roundMade().key,
    });
    // 10, 14, 18 and 22 scans, of which 16 weigh 1.
    const shares = first!.hospitals.map(({ share }) => share);
    expect(shares).to.deep.equal([10, 14, 16, 16].map((weight) => weight / 56));
    for (const hospital of first!.hospitals) {
      expect(hospital).to.have.keys(
        ...[
          "hospital",
          "contribution",
          "manifest",
          "sampleCount",
          "masked",
          "deal",
          "base",
          "age",
          "shard",
          "software",
          "share",
        ],
      );
      expect(hospital.contribution).to.equal("included");
    }
    expect(first!.proposals[0]!.attestations.every(({ validation }) => validation === undefined)).to.equal(true);
  });

  it("tells how a round's model does from the next round's sum: the pooled histogram of all hospitals", () => {
    const [first, second] = report.rounds;
    const predictions = [0, 1, 2, 3].flatMap((hospital) => predictionsOf(2, hospital));
    const { positives, negatives } = histogramOf(predictions, 64);
    const cells = (counts: Int32Array) =>
      Array.from(counts, (count, bin) => ({ low: bin / 64, high: (bin + 1) / 64, count })).filter(
        ({ count }) => count > 0,
      );
    const auc = groupedArea(cells(positives), cells(negatives));
    expect(second!.baseValidation).to.deep.include({ patients: 120, positives: 40, auc });
    expect(first!.validation).to.deep.equal(second!.baseValidation);
    expect(second!.validation, "nobody has scored the newest model yet").to.equal(undefined);
    expect(report.best).to.deep.equal({ round: 1, model: first!.model, auc });
    const scored = events.filter(({ kind }) => kind === "round-scored");
    expect(scored).to.deep.equal([{ kind: "round-scored", round: 1, validation: first!.validation }]);
  });

  it("cannot be reproduced by a hospital, whose secrets are erased: said by name", async () => {
    const history = new RoundHistory({ keep: 8 });
    for (const event of good.events) history.apply(event);
    const ledger = {
      latestRound: async () => 2 as RoundId,
      round: async (id: RoundId) => history.round(id)!,
    };
    const learner = {
      shard: () => Promise.reject(new Error("not asked")),
      train: () => Promise.reject(new Error("no")),
    };
    const subject = { keys: [addressOf(1)], round: 1 as RoundId };
    const work = reproduceUpdate({ ledger, blobs: good.store, learner }, subject, { maxModelBytes: 1 << 20 });
    expect(await codeOf(() => work.next())).to.equal("UPDATE_MASKED");
  });

  it("is unavailable without the key, and broken where no vote names one", async () => {
    const copy = copied();
    copy.store.blobs.delete(roundMade().key);
    const without = await audit(copy);
    expect(without.verdict).to.equal("unavailable");
    expect(without.first).to.deep.include({ code: "OBJECT_UNAVAILABLE", object: "key", digest: roundMade().key });
    const unnamed = await audit(await playPrivate({ rounds: 1, vote: () => zeroDigest }));
    expect(codesOf(unnamed, "broken")).to.deep.equal(["SUM_NOT_OPENED"]);
  });

  it("is broken by a forged key that a vote names, and derives the model from the true one", async () => {
    const key = decodeSumKey(good.store.blobs.get(roundMade().key)!);
    const forged = canonicalBytes({
      ...key,
      scalars: key.scalars.replace(/^0x../, (start) => (start === "0x00" ? "0x01" : "0x00")),
    });
    const liar = await playPrivate({
      rounds: 1,
      vote: (right, { hospital }) => (hospital === 2 ? blobDigest(forged) : right),
    });
    liar.store.blobs.set(blobDigest(forged), forged);
    const found = await audit(liar);
    expect(found.rounds[0]!.derived).to.equal(true);
    expect(codesOf(found, "broken")).to.deep.equal(["STATEMENT_MISMATCH"]);
    expect(found.first).to.deep.include({ hospital: addressOf(2), object: "key" });
    const all = await playPrivate({ rounds: 1, vote: () => blobDigest(forged) });
    all.store.blobs.set(blobDigest(forged), forged);
    expect(codesOf(await audit(all), "broken")).to.include("SUM_KEY_WRONG");
  });

  it("takes no key of another round, though it is a true one of the same hospitals", async () => {
    const replayed = await playPrivate({ vote: (key, { round }) => (round === 2 ? roundMade().key : key) });
    const found = await audit(replayed);
    expect(found.rounds.map(({ verdict }) => verdict)).to.deep.equal(["verified", "broken"]);
    expect(codesOf(found, "broken")).to.include("SUM_KEY_MISMATCH");
  });

  it("is broken where a model is not what the opened sum makes, and names who agreed", async () => {
    const wrong = await playPrivate({ rounds: 1, proposed: () => roundMade(1).model });
    const found = await audit(wrong);
    expect(found.first).to.deep.include({ code: "WRONG_MODEL", expected: blobDigest(roundMade().model) });
    expect(String(found.first!.facts!["agreed"]).split(" ")).to.have.length(4);
  });

  it("never calls a spoilt round verified: garbage under a mask, and a sum that is too long for honest updates", async () => {
    const garbage = await playPrivate({
      rounds: 1,
      masked: (bytes, { hospital }) => (hospital === 1 ? flipped(bytes) : bytes),
    });
    const spoilt = await audit(garbage);
    expect(spoilt.verdict).to.equal("broken");
    expect(codesOf(spoilt, "broken")).to.include("ROUND_SPOILT");
    const long = await playPrivate({
      rounds: 1,
      plan: { update: { type: "I16", clipNorm: 0.5, topFraction: 1, localTensors: [] } },
      input: (input, { hospital }) => void (hospital === 1 && input.fill(2047, 0, 45)),
    });
    expect(codesOf(await audit(long), "broken")).to.include("ROUND_SPOILT");
  });

  it("is broken where objects of another round, dealer or contract are in the sum", async () => {
    const other = roundMade(1);
    const changes: [string, Parameters<typeof playPrivate>[0]][] = [
      ["another round's deal", { statement: (each, { hospital }) => ({ ...each, deal: other.dealt[hospital]!.deal }) }],
      ["another dealer's deal", { statement: (each) => ({ ...each, deal: roundMade().dealt[3]!.deal }) }],
      ["another round", { statement: (each) => ({ ...each, round: 2 as RoundId }) }],
      ["another contract", { statement: (each) => ({ ...each, contract: parseAddress(`0x${"dd".repeat(20)}`) }) }],
      ["another plan", { statement: (each) => ({ ...each, plan: each.base }) }],
    ];
    for (const [what, choices] of changes) {
      const statement = choices!.statement!;
      const one = await playPrivate({
        rounds: 1,
        statement: (each, at) => (at.hospital === 1 ? statement(each, at) : each),
      });
      for (const [digest, bytes] of good.store.blobs) one.store.blobs.set(digest, bytes);
      const found = await audit(one);
      expect(found.verdict, what).to.equal("broken");
      const expected = what.endsWith("deal") ? "DEAL_MISMATCH" : "MANIFEST_MISMATCH";
      expect(found.first!.text, what).to.contain(expected);
      expect(found.first!.hospital).to.equal(addressOf(1));
    }
  });

  it("sums only what is sealed; a valid update that the seal left out is noted, before and after the time for checking", async () => {
    const out = await playPrivate({ rounds: 1, sealed: () => [0, 1, 3] });
    const early = await audit(out);
    expect(early.verdict).to.equal("verified");
    expect(codesOf(early, "note")).to.deep.equal(["SEAL_LEFT_OUT"]);
    expect(early.rounds[0]!.hospitals[2]!.contribution).to.equal("left-out");
    const late = await audit(await playPrivate({ rounds: 1, sealed: () => [0, 1, 3], sealAfter: 90 }));
    expect(codesOf(late, "note")).to.deep.equal(["LATE_LEFT_OUT"]);
    const bad = await playPrivate({
      rounds: 1,
      sealed: () => [0, 1, 3],
      statement: (each, { hospital }) => (hospital === 2 ? { ...each, sampleCount: 1 } : each),
    });
    expect(codesOf(await audit(bad), "note")).to.deep.equal(["INVALID_LEFT_OUT"]);
  });

  it("holds plan and contract together: a plan that hides less than the contract says is broken", async () => {
    const other = await playPrivate({ rounds: 1, founded: { ...privacy, largest: 2046 } });
    const found = await audit(other);
    expect(found.first).to.deep.include({ code: "MECHANISM_MISMATCH", object: "plan" });
  });

  it("is unavailable, not broken, without a masked update or a deal of the sum", async () => {
    const { masked, deal, manifest } = roundMade().dealt[1]!;
    for (const digest of [masked, deal, manifest]) {
      const copy = copied();
      copy.store.blobs.delete(digest);
      const found = await audit(copy);
      expect(found.verdict).to.equal("unavailable");
      expect(found.first).to.deep.include({ code: "OBJECT_UNAVAILABLE", hospital: addressOf(1), digest });
    }
  });

  it("notes a round that was sealed and made no model: its sum is spent", async () => {
    const copy = copied();
    const last = eventOf(copy, "model-proposed", ({ round }) => round === 2);
    copy.events.splice(copy.events.indexOf(copy.events.find(({ logIndex }) => logIndex === last.logIndex)!));
    const found = await audit(copy);
    expect(found.verdict).to.equal("verified");
    expect(found.rounds[1]).to.deep.include({ verdict: "none", status: "sealed" });
    expect(codesOf(found, "note")).to.deep.equal(["SUM_NOT_OPENED"]);
    expect(found.privateSums!.seals).to.equal(2);
  });

  describe("with differential privacy", () => {
    const plan = { privacy: noisyPrivacy, sampleCap: 1 };

    it("derives each model to the bit, noise and all, and says what the opened sums cost a patient", async () => {
      const noisy = await playPrivate({ plan });
      const found = await audit(noisy);
      expect(found.verdict, JSON.stringify(found.first)).to.equal("verified");
      expect(found.model).to.equal(blobDigest(noisy.rounds[1]!.model));
      const { openings, epsilon, delta } = found.privacyCost!;
      expect([openings, delta]).to.deep.equal([2, 1e-5]);
      expect(epsilon).to.equal(epsilonOf(noisyPrivacy.patient!, 2, 1e-5));
      expect(
        found.rounds.flatMap(({ validation, baseValidation }) => validation ?? baseValidation ?? []),
      ).to.deep.equal([]);
      expect(privacyCostLine(found)).to.include(`epsilon ${showEpsilon(epsilon)} at delta 0.00001`);
      expect(report.privacyCost).to.equal(undefined);
      expect(modelCardMarkdown(modelCard(found, undefined)!)).to.include(
        `| differential privacy | epsilon ${showEpsilon(epsilon)} at delta 0.00001, of each patient |`,
      );
    });

    it("finds a build that adds no noise by the coordinates that are always zero", async () => {
      const found = await audit(await playPrivate({ plan, rounds: 1, isSilent: true }));
      expect(codesOf(found, "broken")).to.include("ROUND_SPOILT");
    });
  });
});

/** One bit of the last residue. */
function flipped(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  // Of the first block, which is all that these small models have: a high bit, which no error reaches.
  const at = changed.length - 2 * 2048 + 21;
  changed[at] = changed[at]! ^ 0x40;
  return changed;
}
