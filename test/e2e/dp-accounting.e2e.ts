// The table of epsilons that the accountant is compared with, computed again by Google's dp-accounting.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { pythonEnvironment } from "../../bench/python-environment.ts";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describe("the accountant beside Google's dp-accounting", function () {
  this.timeout(1_200_000);

  it("is compared with what dp-accounting computes now", async function () {
    const environment = await pythonEnvironment("dp-accounting-0.6.0", path("../python/dp-accounting.txt")).catch(
      () => undefined,
    );
    if (environment === undefined) {
      console.error("skipped: no Python with venv, or no package registry, to install dp-accounting from");
      return this.skip();
    }
    const script = path("../python/dp_accounting_grid.py");
    const { stdout } = await promisify(execFile)(`${environment}/bin/python`, [script]);
    const committed = JSON.parse(await readFile(path("../protocol/private/dp-accounting.json"), "utf8")) as number[][];
    const found = JSON.parse(stdout) as number[][];
    expect(found.length).to.equal(committed.length);
    for (const [index, row] of found.entries()) {
      for (const [place, value] of row.entries()) expect(value).to.be.closeTo(committed[index]![place]!, 2e-6);
    }
  });
});
