// What an audit's report says of all rounds: the best model, the largest share.
import { expect } from "chai";
import { bestModel, largestShare } from "../../../protocol/audit/compare-rounds.ts";
import type { RoundReport, ValidationReport } from "../../../protocol/audit/report.ts";
import type { Digest, HospitalAddress } from "../../../protocol/format/digest.ts";
import { addressOf } from "../../fakes/federation.ts";

const modelOf = (id: number) => `0x${`0${id}`.repeat(32)}` as Digest;
const aucOf = (value: number) => ({ value, low: value - 0.1, high: value + 0.1 });

function round(id: number, auc: number | undefined, { isFinal = true, shares = [] as number[] } = {}): RoundReport {
  const validation: ValidationReport = {
    patients: 10,
    positives: 5,
    auc: auc === undefined ? auc : aucOf(auc),
    isAtChance: false,
  };
  const hospitals = shares.map((share, index) => ({ hospital: addressOf(index), contribution: "included", share }));
  return { round: id, model: isFinal ? modelOf(id) : undefined, validation, hospitals } as unknown as RoundReport;
}

describe("the best model of an audit", () => {
  it("is the final one with the highest AUC, the earliest of equals", () => {
    expect(bestModel([round(1, 0.6), round(2, 0.8), round(3, 0.8), round(4, 0.7)])).to.deep.equal({
      ...{ round: 2, model: modelOf(2), auc: aucOf(0.8) },
    });
  });

  it("is never one without an AUC, or one that is not final", () => {
    expect(bestModel([round(1, undefined), round(2, 0.9, { isFinal: false }), round(3, 0.5)])?.round).to.equal(3);
    expect(bestModel([round(1, undefined)])).to.equal(undefined);
    expect(bestModel([round(1, 0.9, { isFinal: false })])).to.equal(undefined);
    expect(bestModel([{ ...round(1, 0.9), validation: undefined }])).to.equal(undefined);
  });
});

describe("the largest share of an audit", () => {
  it("is that of one hospital in one round, the earliest of equals", () => {
    const rounds = [round(1, 0.5, { shares: [0.2, 0.3] }), round(2, 0.5, { shares: [0.4, 0.4] })];
    expect(largestShare(rounds)).to.deep.equal({ round: 2, hospital: addressOf(0) as HospitalAddress, share: 0.4 });
    expect(largestShare([round(1, 0.5)])).to.equal(undefined);
  });
});
