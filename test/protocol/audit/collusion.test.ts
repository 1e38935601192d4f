import { expect } from "chai";
import type { Finding } from "../../../protocol/audit/finding.ts";
import { zeroDigest } from "../../../protocol/format/digest.ts";
import { addressOf, type FakeFederation } from "../../fakes/federation.ts";
import { alteringModel, droppingUpdate, includingAll, type Lie, usingOldBase } from "../../fakes/liars.ts";
import { audit, finish } from "./finished-federation.ts";

const aggregator = addressOf(100);

/** Hospitals that agree to whatever is proposed: more than two thirds, so that every lie becomes final. */
function collude({ hospitals, aggregators }: FakeFederation, lie: Lie): void {
  for (const site of hospitals.slice(0, 3)) {
    site.tamper = ({ ledger }) => ({
      ledger: {
        ...ledger,
        attest: (vote, waiting) => ledger.attest({ ...vote, agree: true, scores: zeroDigest }, waiting),
      },
    });
  }
  for (const site of aggregators) site.tamper = lie;
}

async function auditOf(lie: Lie, prepare: (federation: FakeFederation) => void = () => {}) {
  const finished = await finish({}, (federation) => {
    collude(federation, lie);
    prepare(federation);
  });
  return { report: await audit(finished), finished };
}

const broken = (findings: readonly Finding[]) => findings.filter(({ severity }) => severity === "broken");

describe("an audit of a federation whose quorum colludes", () => {
  it("finds a weight that was changed by its smallest unit, and names who proposed and who agreed", async () => {
    const { report, finished } = await auditOf(alteringModel);
    expect(report.verdict).to.equal("broken");
    const [first, second] = report.rounds;
    expect(first?.verdict).to.equal("broken");
    expect(second?.verdict).to.equal("broken");
    const [accepted] = first?.proposals ?? [];
    expect(report.first).to.include({
      ...{ code: "WRONG_MODEL", round: 1, hospital: aggregator, object: "model" },
      ...{ found: first?.model, expected: accepted?.derived },
    });
    expect(finished.store.blobs.has(first?.model ?? zeroDigest)).to.equal(true);
    expect(report.first?.facts?.["agreed"]).to.equal([0, 1, 2].map(addressOf).join(" "));
    expect(first?.derived).to.equal(false);
  });

  it("finds a valid update that was left out, and names its hospital", async () => {
    const { report } = await auditOf(droppingUpdate);
    expect(report.verdict).to.equal("broken");
    const update = report.rounds[0]?.hospitals[0]?.update;
    expect(report.first).to.include({
      ...{ code: "DROPPED_UPDATE", round: 1, hospital: addressOf(0), object: "update", digest: update },
    });
    expect(report.rounds[0]?.hospitals[0]?.contribution).to.equal("left-out");
  });

  it("finds an average onto an older base, and names both bases", async () => {
    const { report } = await auditOf(usingOldBase);
    const [first, second] = report.rounds;
    expect(first?.verdict).to.equal("verified");
    expect(second?.verdict).to.equal("broken");
    expect(report.first).to.include({ code: "WRONG_BASE", round: 2, expected: first?.model, found: first?.base });
  });

  it("finds a forged manifest that was averaged, and names whose it is", async () => {
    const { report } = await auditOf(includingAll, ({ hospitals: [forger] }) => {
      if (!forger) return;
      const colluding = forger.tamper;
      forger.tamper = (ports) => ({
        ...colluding(ports),
        signatures: { ...ports.signatures, sign: async () => `0x${"13".repeat(65)}` },
      });
    });
    expect(report.verdict).to.equal("broken");
    expect(broken(report.rounds[0]?.findings ?? []).map(({ code }) => code)).to.deep.equal(["INVALID_INCLUDED"]);
    expect(report.first).to.include({ code: "INVALID_INCLUDED", round: 1, hospital: addressOf(0), object: "manifest" });
    expect(report.first?.text).to.contain("MANIFEST_SIGNATURE");
  });
});
