// The command line as a process: what it shows without a command, with a mistyped one, and how little it loads for that.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { commands } from "../../scripts/commands.ts";
import { reportFailure } from "../../scripts/terminal/failure.ts";

const commandLine = fileURLToPath(new URL("../../scripts/consilium.ts", import.meta.url));
const commandList = fileURLToPath(new URL("../../scripts/commands.ts", import.meta.url));
const counter = fileURLToPath(new URL("./processes/count-modules.mjs", import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function consilium(...args: string[]): Promise<Outcome> {
  const flags = ["--disable-warning=ExperimentalWarning", "--import", counter];
  const run = promisify(execFile)(process.execPath, [...flags, commandLine, ...args], {
    env: { ...process.env, NO_COLOR: "1" },
  });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

const modulesIn = ({ stderr }: Outcome) => Number(/modules (\d+)/.exec(stderr)?.[1]);
const packagesIn = ({ stderr }: Outcome) => /packages (.*)/.exec(stderr)?.[1]?.split(" ") ?? [];

describe("the command line", function () {
  this.timeout(120_000);

  it("shows its commands, and starts nothing, when it is called alone", async () => {
    const outcome = await consilium();
    expect(outcome.code).to.equal(0);
    for (const name of Object.keys(commands)) expect(outcome.stdout).to.match(new RegExp(`^ {2}${name} `, "m"));
    expect(Math.max(...outcome.stdout.split("\n").map(({ length }) => length))).to.be.at.most(80);
    expect(modulesIn(outcome)).to.be.lessThan(60);
  });

  it("loads no command for --help", async () => {
    const outcome = await consilium("--help");
    expect([outcome.code, modulesIn(outcome) < 60]).to.deep.equal([0, true]);
  });

  it("suggests the nearest command for a mistyped one", async () => {
    const { code, stderr } = await consilium("statsu");
    expect(code).to.equal(1);
    expect(stderr).to.include("unknown command 'statsu'").and.to.include("Did you mean status?");
  });

  it("shows the help of a command in both ways of asking", async () => {
    const [one, two] = await Promise.all([consilium("status", "--help"), consilium("help", "status")]);
    expect(one.stdout).to.include("Usage: consilium status").and.to.equal(two.stdout);
  });

  it("loads little of a command before it acts", async () => {
    const quick = ["audit", "deploy", "import", "join", "pacs", "doctor", "backup", "restore", "aggregator", "node"];
    for (const name of quick) {
      const outcome = await consilium(name, "--help");
      expect([name, outcome.code, modulesIn(outcome) < 120]).to.deep.equal([name, 0, true]);
      expect(packagesIn(outcome), name).not.to.include.oneOf(["undici", "level", "@libp2p/crypto", "yaml"]);
    }
  });

  it("loads neither TensorFlow, Hardhat, Ignition nor a libp2p node for the help of any command", async () => {
    const loadAll = `import { commands } from ${JSON.stringify(commandList)};
      for (const { load } of Object.values(commands)) await load();`;
    const flags = ["--disable-warning=ExperimentalWarning", "--import", counter, "--input-type=module", "-e", loadAll];
    const { stderr } = await promisify(execFile)(process.execPath, flags);
    const packages = packagesIn({ code: 0, stdout: "", stderr });
    expect(packages).to.include.members(["commander", "ethers"]);
    expect(packages).not.to.include.oneOf([
      ...["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs", "libp2p", "hardhat", "@nomicfoundation/ignition-core"],
    ]);
  });

  it("shows no credential of an address that a library quotes in its error", () => {
    const written: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
    try {
      const cause = new Error("connect to https://mainnet.example/v3/0123456789abcdef0123 failed");
      reportFailure(new Error("cannot use https://hospital:s3cret@rpc.example/", { cause }), {
        verbose: true,
        json: false,
      });
    } finally {
      process.stderr.write = write;
    }
    expect(written.join("")).to.include("rpc.example").and.to.include("mainnet.example");
    expect(written.join("")).not.to.match(/s3cret|0123456789abcdef/);
  });
});
