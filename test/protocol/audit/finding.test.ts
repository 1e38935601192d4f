// Which finding of an audit is its verdict's reason.
import { expect } from "chai";
import { type Finding, firstFault } from "../../../protocol/audit/finding.ts";

describe("the first fault of an audit", () => {
  const finding = (severity: Finding["severity"], text: string): Finding => ({ severity, code: "WRONG_MODEL", text });

  it("is the gravest, the earliest of these; notes are no faults", () => {
    const all = [finding("note", "a"), finding("unavailable", "b"), finding("broken", "c"), finding("broken", "d")];
    expect(firstFault(all)?.text).to.equal("c");
    expect(firstFault(all.slice(0, 2))?.text).to.equal("b");
    expect(firstFault(all.slice(0, 1))).to.equal(undefined);
    expect(firstFault([])).to.equal(undefined);
  });
});
