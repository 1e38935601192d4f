// The files around an installed node, checked by the programs that read them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { commands } from "../scripts/commands.ts";

const units = join(import.meta.dirname, "../packaging/systemd");
/** systemd's own scale: 0 is a service that can do nothing, 10 one that can do all. "OK" begins below 5. */
const mostExposure = "2.5";

describe("the systemd units", () => {
  const names = readdirSync(units);

  it("start commands that exist, by options that exist", () => {
    expect(names).to.deep.equal(["consilium-aggregator.service", "consilium-node.service"]);
    for (const name of names) {
      const [, command] = /^ExecStart=\/usr\/local\/bin\/consilium (\S+) --config \S+$/m.exec(
        readFileSync(join(units, name), "utf8"),
      ) as unknown as [string, string];
      expect(Object.keys(commands)).to.include(command);
      expect(name).to.equal(`consilium-${command}.service`);
    }
  });

  it("are read by systemd without a complaint, and leave little of the machine exposed", function () {
    if (spawnSync("systemd-analyze", ["--version"]).status !== 0) {
      console.log("skipped: systemd-analyze is not installed");
      return this.skip();
    }
    const dir = mkdtempSync(join(tmpdir(), "consilium-units-"));
    try {
      for (const name of names) {
        // systemd looks whether the program is there: it is not, on this machine.
        const text = readFileSync(join(units, name), "utf8").replace("/usr/local/bin/consilium", "/bin/true");
        const unit = join(dir, name);
        writeFileSync(unit, text);
        const verified = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
        expect(verified.status, verified.stderr).to.equal(0);
        expect(verified.stderr).to.not.include(name);
        const exposure = spawnSync(
          "systemd-analyze",
          ["security", "--offline=true", `--threshold=${Number(mostExposure) * 10}`, unit],
          { encoding: "utf8" },
        );
        expect(exposure.status, exposure.stdout + exposure.stderr).to.equal(0);
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
