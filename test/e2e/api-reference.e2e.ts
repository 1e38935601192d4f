// The API reference is made from the code, and every public name has a comment.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

const docs = join(import.meta.dirname, "../../scripts/package/docs.ts");

describe("npm run docs", function () {
  this.timeout(600_000);

  it("writes a page for each entry, without a warning of a missing comment", async () => {
    const out = await mkdtemp(join(tmpdir(), "consilium-api-"));
    try {
      const args = ["--disable-warning=ExperimentalWarning", docs, "--out", out];
      const outcome = await new Promise<{ code: number; text: string }>((resolve) => {
        execFile(process.execPath, args, (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr }),
        );
      });
      expect(outcome.code, outcome.text).to.equal(0);
      for (const entry of ["consilium", "protocol", "audit", "imaging"])
        expect(await readFile(join(out, "modules", `${entry}.html`), "utf8")).to.include("<h1>");
      const page = (name: string) => readFile(join(out, `${name}.html`), "utf8");
      expect(await page("functions/consilium.auditFederation")).to.include("LEDGER_CHAIN_MISMATCH");
      // Fields that a schema infers, and those of a union's members.
      expect(await page("types/protocol.Manifest")).to.include("Salted root over the hospital");
      expect(await page("types/protocol.StrategySpec")).to.include("Blanchard 2017");
      expect(await page("types/consilium.EventOfRound")).to.include("The commitment is on chain");
    } finally {
      await rm(out, { recursive: true });
    }
  });
});
