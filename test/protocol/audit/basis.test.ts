import { expect } from "chai";
import { FedError } from "../../../foundation/errors.ts";
import { auditFederation } from "../../../protocol/audit/audit-federation.ts";
import type { AuditBasis, AuditReport } from "../../../protocol/audit/report.ts";
import { basisLines, verdictLine } from "../../../scripts/audit/show-report.ts";

const known: AuditBasis = { isKnownCode: true, endpoints: 2, agreed: 2, silent: [], behind: [] };

/** The audit of a contract without rounds, which rests on the given. */
async function auditOf(
  basis: AuditBasis,
  latestRound: () => Promise<never> = async () => 0 as never,
): Promise<AuditReport> {
  const ports = {
    ledger: {
      federation: { chainId: 1, contract: `0x${"11".repeat(20)}` as never },
      latestRound,
      async *history() {},
    },
    blobs: {} as never,
    exchange: {} as never,
    signatures: {} as never,
    basis: () => basis,
  };
  const work = auditFederation(ports, { maxModelBytes: 1 });
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}

describe("what an audit rests on", () => {
  it("is in the report", async () => {
    const report = await auditOf(known);
    expect([report.verdict, report.basis]).to.deep.equal(["empty", known]);
  });

  it("cannot tell anything from a contract with unknown code, and says so first", async () => {
    const report = await auditOf({ ...known, isKnownCode: false });
    expect([report.verdict, report.first?.code]).to.deep.equal(["unavailable", "CODE_UNKNOWN"]);
    expect(basisLines({ ...known, isKnownCode: false })[0]).to.match(/^code +NOT a build that this program knows/);
  });

  it("cannot tell of blocks that one endpoint alone shows", async () => {
    const unread = { from: 7, to: 9, shownBy: "one.example" };
    const report = await auditOf({ ...known, unread });
    expect([report.verdict, report.first?.code]).to.deep.equal(["unavailable", "ENDPOINTS_APART"]);
    expect(basisLines({ ...known, unread }).join("\n")).to.include("one.example alone shows blocks 7 to 9");
  });

  it("cannot tell of a chain that two endpoints show differently", async () => {
    const disagreeing = () => Promise.reject(new FedError("ENDPOINTS_DISAGREE", { endpoint: "one.example" }));
    const report = await auditOf(known, disagreeing);
    expect([report.verdict, report.first?.code]).to.deep.equal(["unavailable", "ENDPOINTS_DISAGREE"]);
  });

  it("is said before the verdict, with the endpoints that did not help", () => {
    expect(basisLines(known).join("\n")).to.include("agreed by 2 of 2 endpoints");
    const lines = basisLines({ ...known, agreed: 1, silent: ["one.example"], behind: ["two.example\u001b[2J"] });
    expect(lines.join("\n")).to.match(
      /one endpoint alone .*of 2 asked.*\n.*one\.example did not answer\n.*two\.example\?/,
    );
  });

  it("is part of the verdict where only one endpoint was asked", async () => {
    const report: AuditReport = { ...(await auditOf({ ...known, endpoints: 1, agreed: 1 })), verdict: "verified" };
    expect(verdictLine(report)).to.match(/^VERIFIED .*one endpoint's account$/);
    expect(verdictLine({ ...report, basis: known })).not.to.include("one endpoint");
  });
});
