import { expect } from "chai";
import { z } from "zod";
import { isFedError } from "../../../foundation/errors.ts";
import { canonicalBytes, parseCanonical } from "../../../protocol/format/canonical.ts";

/** The value, or the code of its refusal. */
function parsed(text: string, maxBytes = 1000): unknown {
  try {
    return parseCanonical(Buffer.from(text), z.unknown(), { what: "PLAN", maxBytes });
  } catch (error) {
    return isFedError(error) ? error.code : String(error);
  }
}

const nested = (open: string, close: string, depth: number, inner = "") =>
  open.repeat(depth) + inner + close.repeat(depth);

describe("canonical JSON", () => {
  it("is nested at most 16 deep, in arrays and objects alike; brackets in strings do not count", () => {
    expect(parsed(nested("[", "]", 16))).to.be.an("array");
    expect(parsed(nested("[", "]", 17))).to.equal("PLAN_MALFORMED");
    expect(parsed(nested('{"a":', "}", 16, "1"))).to.be.an("object");
    expect(parsed(nested('{"a":', "}", 17, "1"))).to.equal("PLAN_MALFORMED");
    expect(parsed(`["${"[".repeat(40)}"]`)).to.deep.equal(["[".repeat(40)]);
    expect(parsed(`["\\"${"[".repeat(40)}"]`)).to.deep.equal([`"${"[".repeat(40)}`]);
    expect(parsed(`[${Array.from({ length: 40 }, () => "[]").join(",")}]`)).to.have.length(40);
  });

  it("has at most as many bytes as its object may have", () => {
    expect(parsed('"abc"', 5)).to.equal("abc");
    expect(parsed('"abc"', 4)).to.equal("PLAN_TOO_LARGE");
  });

  it("has one form of each value", () => {
    for (const text of ['{"b":1,"a":2}', "[1, 2]", "1.0", "1e2", '"\\u0061"', '{"a":1,"a":1}', " 1", "-0"]) {
      expect(parsed(text), text).to.equal("PLAN_NOT_CANONICAL");
    }
    for (const text of ["", "{", "nul", "\u00ff", "01"]) expect(parsed(text), text).to.equal("PLAN_MALFORMED");
    expect(Buffer.from(canonicalBytes({ b: [1, 1e21], a: "\u00e9" })).toString()).to.equal(
      '{"a":"\u00e9","b":[1,1e+21]}',
    );
  });

  it("does not exist of what JSON cannot say", () => {
    for (const value of [undefined, Number.NaN, [Number.POSITIVE_INFINITY], "\ud800"]) {
      expect(() => canonicalBytes(value))
        .to.throw()
        .with.property("code", "JSON_NOT_CANONICAL");
    }
  });
});
