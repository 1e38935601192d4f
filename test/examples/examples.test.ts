import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";
import { runExample } from "./run-example.ts";

const examples = join(import.meta.dirname, "../../examples");

describe("the examples", function () {
  this.timeout(120_000);

  it("are shorter than 60 lines, and import the package by its public names only", () => {
    for (const name of readdirSync(examples)) {
      const text = readFileSync(join(examples, name), "utf8");
      expect(text.split("\n").length - 1, name).to.be.below(60);
      for (const [, source] of text.matchAll(/from "([^"]+)"/g))
        expect(source, name).to.match(/^(node:|consilium(\/|$))/);
    }
  });

  it("imports a hospital's own data set by the hospital's own table", async () => {
    const dir = await mkdtemp(join(tmpdir(), "consilium-example-"));
    try {
      const archive = join(dir, "archive");
      const table: { patient: string; icd10: string }[] = [];
      const work = writeSyntheticArchive(archive, { patients: 6, seed: 5, matrix: 32, slices: [4, 6] });
      for (let step = await work.next(); ; step = await work.next()) {
        if (!step.done) continue;
        for (const { patient, label } of step.value.patients)
          table.push({ patient, icd10: label === "positive" ? "U07.1" : "J18.9" });
        break;
      }
      await writeFile(join(dir, "diagnoses.json"), JSON.stringify(table));
      const shard = join(dir, "shard");
      const { code, stdout, stderr } = await runExample("own-data-set.ts", archive, join(dir, "diagnoses.json"), shard);
      expect(code, stderr).to.equal(0);
      expect(stdout).to.match(/^3 positive, 3 negative, \d to train on/);
      expect(stdout.match(/label [01], (train|validation|test), mean intensity/g)).to.have.length(6);
      expect(stdout).not.to.match(/patient\d/); // pseudonyms, and no name of a patient
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it("studies a rule of one's own, which a hostile hospital cannot lead away", async () => {
    const { code, stdout, stderr } = await runExample("own-strategy.ts");
    expect(code, stderr).to.equal(0);
    const away = (rule: string) => Number(new RegExp(`^${rule}: ([\\d.]+)`, "m").exec(stdout)?.[1]);
    expect([away("interquartile-mean") < 0.05, away("fedavg") > 1]).to.deep.equal([true, true]);
  });
});
