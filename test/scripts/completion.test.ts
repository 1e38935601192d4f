// Completion as a shell does it: the printed script, read by a real shell that is asked what it would offer.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

const commandLine = join(import.meta.dirname, "../../scripts/consilium.ts");

describe("consilium completion", function () {
  this.timeout(60_000);
  let dir: string;
  const file = (shell: string) => join(dir, `consilium.${shell}`);
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "consilium-completion-"));
    for (const shell of ["bash", "zsh", "fish"]) {
      const args = ["--disable-warning=ExperimentalWarning", commandLine, "completion", shell];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      expect(status, stderr).to.equal(0);
      writeFileSync(file(shell), stdout);
    }
  });
  after(() => rmSync(dir, { recursive: true }));

  const run = (shell: string, script: string): string => {
    const { status, stdout, stderr } = spawnSync(shell, shell === "bash" ? ["--norc", "-c", script] : ["-c", script], {
      cwd: dir,
      encoding: "utf8",
    });
    expect(status, stderr).to.equal(0);
    return stdout;
  };
  const isThere = (shell: string) => spawnSync(shell, ["-c", "exit 0"]).status === 0;

  /** What bash would offer for the last of these words. */
  const offered = (...words: string[]): string[] => {
    const typed = ["consilium", ...words].map((word) => `'${word}'`).join(" ");
    const script = `source ${file("bash")}; COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _consilium; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return run("bash", script).split("\n").filter(Boolean);
  };

  it("offers commands, their parts, options, and the choices of an option, in bash", () => {
    expect(offered("sta")).to.deep.equal(["status"]);
    expect(offered("")).to.include.members(["simulate", "doctor", "audit"]);
    expect(offered("members", "ad")).to.deep.equal(["admit"]);
    expect(offered("members", "admit", "--ro")).to.deep.equal(["--role"]);
    expect(offered("members", "admit", "--role", "h")).to.deep.equal(["hospital"]);
    expect(offered("node", "--log-level", "")).to.deep.equal(["debug", "info", "warn", "error"]);
    expect(offered("completion", "z")).to.deep.equal(["zsh"]);
  });

  it("offers files where an option wants one", () => {
    expect(offered("node", "--config", "consilium.b")).to.deep.equal(["consilium.bash"]);
    expect(offered("import", "consilium.f")).to.deep.equal(["consilium.fish"]);
  });

  it("is read by zsh", function () {
    if (!isThere("zsh")) {
      console.log("skipped: zsh is not installed");
      return this.skip();
    }
    run(
      "zsh",
      `autoload -U compinit; compinit -u -d ${join(dir, "dump")}; source ${file("zsh")}; whence _consilium_members_admit`,
    );
  });

  it("is read by fish and offers the same there", function () {
    if (!isThere("fish")) {
      console.log("skipped: fish is not installed");
      return this.skip();
    }
    const words = (line: string) =>
      run("fish", `source ${file("fish")}; complete -C '${line}'`)
        .split("\n")
        .filter(Boolean)
        .map((each) => each.split("\t")[0]);
    expect(words("consilium sta")).to.deep.equal(["status"]);
    expect(words("consilium members a")).to.include("admit");
    expect(words("consilium members admit --ro")).to.deep.equal(["--role"]);
    expect(words("consilium members admit --role h")).to.include("hospital");
  });
});
