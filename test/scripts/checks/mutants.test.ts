// The mutation run: which faults it makes of a source, which it leaves alone, and that the choice is the same every time.
import { expect } from "chai";
import { testsOf } from "../../../scripts/checks/mutants/baseline.ts";
import { chooseMutations, inTurns } from "../../../scripts/checks/mutants/choose.ts";
import { changedLine, mutated, mutationsOf } from "../../../scripts/checks/mutants/mutations.ts";

/** Every faulty form of one line within a function. */
function faultsOf(statement: string): string[] {
  const text = `function example() {\n${statement}\n}\n`;
  return mutationsOf("example.ts", text).map((mutation) => changedLine(text, mutation).after);
}

describe("mutations of a source", () => {
  it("move limits, swap operators and negate conditions", () => {
    expect(faultsOf("if (a < 2 && b) f();")).to.have.members([
      "if (!(a < 2 && b)) f();",
      "if (a < 2 || b) f();",
      "if (a <= 2 && b) f();",
      "if (a < 3 && b) f();",
      "if (a < 2 && b) ;",
    ]);
    expect(faultsOf("const x = a === b ? !c : d + 1n;")).to.have.members([
      "const x = a !== b ? !c : d + 1n;",
      "const x = a === b ? c : d + 1n;",
      "const x = a === b ? !c : d - 1n;",
      "const x = a === b ? !c : d + 2n;",
    ]);
    expect(faultsOf("const x = Math.min(a ?? b, c.some(f)) * 1_000;")).to.have.members([
      "const x = Math.max(a ?? b, c.some(f)) * 1_000;",
      "const x = Math.min(a, c.some(f)) * 1_000;",
      "const x = Math.min(a ?? b, c.every(f)) * 1_000;",
      "const x = Math.min(a ?? b, c.some(f)) / 1_000;",
      "const x = Math.min(a ?? b, c.some(f)) * 1001;",
    ]);
  });

  it("remove calls, assignments, exceptions and early ends, but not the last return", () => {
    expect(faultsOf("if (a) return b; await f(c); this.d = e; return g;")).to.have.members([
      "if (!(a)) return b; await f(c); this.d = e; return g;",
      "if (a) ; await f(c); this.d = e; return g;",
      "if (a) return b; ; this.d = e; return g;",
      "if (a) return b; await f(c); ; return g;",
    ]);
    expect(faultsOf('throw new FedError("X", { at: 1 });')).to.deep.equal([";"]);
  });

  it("leave types, text and log lines alone", () => {
    expect(
      faultsOf('const a: 1 | 2 = b as 3; this.#log.info("x", { c: 1 }); const d = "e" + f; log?.[!e ? "f" : "g"](1);'),
    ).to.deep.equal([]);
  });

  it("change exactly the place that they name", () => {
    const text = "export const a = 1;\nexport const b = 2;\n";
    const [, second] = mutationsOf("example.ts", text);
    expect(mutated(text, second!)).to.equal("export const a = 1;\nexport const b = 3;\n");
    expect(changedLine(text, second!)).to.deep.equal({
      line: 2,
      before: "export const b = 2;",
      after: "export const b = 3;",
    });
  });
});

describe("the choice of mutations", () => {
  const text = Array.from({ length: 40 }, (_, index) => `export const a${index} = ${index};`).join("\n");
  const candidates = mutationsOf("example.ts", text);
  const sources = new Map([["example.ts", text]]);

  it("is the same for a seed, another for another, and does not depend on the order of files", () => {
    const chosen = chooseMutations(candidates, sources, 1, 10);
    expect(chosen).to.have.length(10);
    expect(chooseMutations([...candidates].reverse(), sources, 1, 10)).to.deep.equal(chosen);
    expect(chooseMutations(candidates, sources, 2, 10)).not.to.deep.equal(chosen);
  });

  it("leaves out what Node could not run", () => {
    const broken = { file: "example.ts", operator: "x", start: 0, end: 0, replacement: "(" };
    expect(chooseMutations([broken], sources, 1, 10)).to.deep.equal([]);
  });

  it("takes turns between rooms", () => {
    expect(inTurns([["a", "b", "c"], ["d"], ["e", "f"]])).to.deep.equal(["a", "d", "e", "b", "f", "c"]);
  });
});

describe("the tests that are shown a fault", () => {
  it("are those that run its place: its own file's, then its room's, then the fastest", () => {
    const ran = { "io/chain/fees.ts": [[10, 20]] as const };
    const tests = [
      { file: "test/node/slow.test.ts", seconds: 9, ran },
      { file: "test/node/fast.test.ts", seconds: 1, ran },
      { file: "test/io/chain/ledger.test.ts", seconds: 40, ran },
      { file: "test/io/chain/fees.test.ts", seconds: 20, ran },
      { file: "test/io/chain/other.test.ts", seconds: 1, ran: { "io/chain/fees.ts": [[0, 10]] as const } },
    ].map((test) => ({ ...test, digest: "" }));
    const mutation = { file: "io/chain/fees.ts", operator: "x", start: 10, end: 12, replacement: "" };
    expect(testsOf(mutation, tests).map(({ file }) => file)).to.deep.equal([
      "test/io/chain/fees.test.ts",
      "test/io/chain/ledger.test.ts",
      "test/node/fast.test.ts",
      "test/node/slow.test.ts",
    ]);
    expect(testsOf({ ...mutation, start: 25 }, tests)).to.deep.equal([]);
  });
});
