import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { errorKinds } from "../../foundation/errors/kinds.ts";
import { errorTable } from "../../foundation/errors/table.ts";
import { FedError, isFedError, receivedError } from "../../foundation/errors.ts";
import { codeOfContractError } from "../../io/chain/reverts.ts";
import { trainingRoundsInterface } from "../../io/chain/training-rounds.ts";
import { errorsPage } from "../../scripts/checks/errors-page.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const codes = Object.keys(errorTable);
const rooms = [
  ...["foundation", "protocol", "imaging", "model", "io", "party", "node", "aggregator", "auditor", "study", "scripts"],
];

/** The text of all source files outside the table itself. */
function sourceText(): string {
  const files = rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((name) => join(room, name)),
  );
  return files
    .filter((file) => file.endsWith(".ts") && !file.startsWith(join("foundation", "errors")))
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n");
}

describe("the table of errors", () => {
  it("types codes: one that is not in the table does not compile", () => {
    // @ts-expect-error not in the table
    expect(() => new FedError("BLOB_UNAVAILABEL")).to.throw();
    // @ts-expect-error not in the table
    expect(isFedError(new FedError("ABORTED"), "ABORTD")).to.equal(false);
    expect(isFedError(new FedError("ABORTED"), "ABORTED", "BLOB_UNKNOWN")).to.equal(true);
  });

  it("gives each error its kind, and its remedy where the throw site has none of its own", () => {
    const error = new FedError("STORE_FULL");
    expect([error.kind, error.remedy]).to.deep.equal(["store", errorTable.STORE_FULL.remedy]);
    expect(new FedError("STORE_FULL", {}, { remedy: "empty the disk" }).remedy).to.equal("empty the disk");
  });

  it("has a remedy of one sentence for every code, and a code for every kind", () => {
    for (const [code, { remedy }] of Object.entries(errorTable)) {
      expect(remedy, code).to.match(/^[a-z0-9][^\n]{15,130}[^.\s]$/);
      expect(code).to.match(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
    }
    const used = new Set(Object.values(errorTable).map(({ kind }) => kind));
    expect([...used].sort()).to.deep.equal(Object.keys(errorKinds).sort());
  });

  it("has every error that the contract can revert with", () => {
    const names = trainingRoundsInterface.fragments.flatMap((fragment) =>
      fragment.type === "error" && "name" in fragment ? [String(fragment.name)] : [],
    );
    expect(names).to.include("CommitmentDuplicate");
    for (const name of names) expect(errorTable, name).to.have.property(codeOfContractError(name));
  });

  it("has no code that nothing uses", () => {
    const text = sourceText();
    const composed = /^(ANNOUNCEMENT|MANIFEST|PLAN|REFUSAL|SCORES)_(MALFORMED|NOT_CANONICAL|TOO_LARGE)$/;
    const contract = new Set(
      trainingRoundsInterface.fragments.map((each) => codeOfContractError("name" in each ? String(each.name) : "")),
    );
    const unused = codes.filter(
      (code) => !composed.test(code) && !contract.has(code) && !new RegExp(`\\b${code}\\b`).test(text),
    );
    expect(unused).to.deep.equal([]);
  });

  it("turns a code that another process sent and that is unknown here into UNEXPECTED", () => {
    const known = receivedError({ code: "LOSS_NOT_FINITE", facts: { step: 3 }, remedy: "rest" });
    expect(known).to.include({ code: "LOSS_NOT_FINITE", kind: "training", remedy: "rest" });
    for (const code of ["NEVER_HEARD_OF", "constructor", "__proto__", ""]) {
      expect(receivedError({ code, facts: {} })).to.deep.include({ code: "UNEXPECTED", facts: { code } });
    }
  });

  it("is the page docs/errors.md", () => {
    const stale = "run: node scripts/checks/write-errors.ts";
    expect(readFileSync(join(root, "docs/errors.md"), "utf8"), stale).to.equal(errorsPage());
  });
});
