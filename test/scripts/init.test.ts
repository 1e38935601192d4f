// `consilium init`: a configuration from options, or from a person at a terminal.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parseAggregatorConfig } from "../../aggregator/config.ts";
import { parseHospitalConfig } from "../../node/config.ts";
import { parseConfigText } from "../../scripts/party/config-text.ts";

const commandLine = join(import.meta.dirname, "../../scripts/consilium.ts");
const node = ["--disable-warning=ExperimentalWarning", commandLine];
const federation = { chainId: 1, contract: `0x${"c0".repeat(20)}`, fromBlock: 3 };
const peer = "/dns4/aggregator.example/tcp/4710/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";

describe("consilium init", function () {
  this.timeout(60_000);
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "consilium-init-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const init = (...args: string[]) =>
    spawnSync(process.execPath, [...node, "init", ...args], { cwd: dir, encoding: "utf8", input: "" });
  /** The configuration as the node would take it, once the federation file is there. */
  const read = (name: string) => ({
    ...(parseConfigText(readFileSync(join(dir, name), "utf8"), name) as Record<string, unknown>),
    federation,
  });

  it("writes a hospital's, which its node takes, with what the options give and defaults for the rest", () => {
    const outcome = init(
      "hospital",
      "--rpc",
      "https://a.example/",
      "https://b.example/",
      "--peer",
      peer,
      "--port",
      "4800",
    );
    expect(outcome.status, outcome.stderr).to.equal(0);
    const config = parseHospitalConfig(read("hospital.yaml"), { baseDir: dir });
    expect(config.chain).to.include({ confirmations: 12, relayed: false });
    expect(config.chain.endpoints).to.deep.equal(["https://a.example/", "https://b.example/"]);
    expect(config.network).to.deep.include({ listen: ["/ip4/0.0.0.0/tcp/4800"], peers: [peer] });
    expect(config.keys.keystore).to.equal(join(dir, "keys/keystore.json"));
    expect(outcome.stdout).to.include("consilium doctor --config");
  });

  it("writes that of a hospital behind NAT and without coins, and an aggregator's", () => {
    expect(init("hospital", "--nat", "--relayed", "--out", "site.yaml").status).to.equal(0);
    const hospital = parseHospitalConfig(read("site.yaml"), { baseDir: dir });
    expect([hospital.network.listen, hospital.chain.relayed]).to.deep.equal([["/p2p-circuit"], true]);
    expect(init("aggregator", "--genesis", "first.safetensors", "--relay", "--serve-auditors").status).to.equal(0);
    const { genesis, plan, network } = parseAggregatorConfig(read("aggregator.yaml"), { baseDir: dir });
    expect(network).to.include({ relay: true, serveAuditors: true });
    expect([genesis, plan]).to.deep.equal([join(dir, "first.safetensors"), join(dir, "plan.json")]);
  });

  it("writes a schema with every field, which the configuration names in its first line", () => {
    init("hospital");
    const [first] = readFileSync(join(dir, "hospital.yaml"), "utf8").split("\n");
    const schema = JSON.parse(readFileSync(join(dir, String(first?.split("$schema=")[1])), "utf8"));
    const fields = [
      "federation",
      "chain",
      "keys",
      "network",
      "dashboard",
      "telemetry",
      "store",
      "maxStoreGiB",
      "shard",
      "plan",
    ];
    expect(schema.properties).to.include.keys(...fields);
    expect(schema.additionalProperties).to.equal(false);
    expect(schema.properties.chain.properties.confirmations.maximum).to.equal(1000);
  });

  it("overwrites nothing, and refuses what its field does not take", () => {
    init("hospital");
    expect(init("hospital").stderr).to.include("FILE_EXISTS");
    for (const options of [
      ["--port", "70000"],
      ["--confirmations", "-1"],
      ["--rpc", "ws://a.example"],
    ])
      expect(init("hospital", "--out", "other.yaml", ...options).stderr, options.join(" ")).to.include(
        "OPTION_INVALID",
      );
    expect(existsSync(join(dir, "other.yaml"))).to.equal(false);
  });

  it("asks at a terminal for what no option gives, and takes the defaults by Enter", function () {
    if (!/util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "")) {
      console.log("skipped: without util-linux's `script` there is no terminal to ask at");
      return this.skip();
    }
    const command = [process.execPath, ...node, "init", "hospital", "--federation", "f.json", "--store", "s"].join(" ");
    const answers = ["http://127.0.0.1:8545", "0", "", "y", "n", "my-keys", "", "my-shard"];
    const args = ["--quiet", "--return", "--command", command, "/dev/null"];
    const outcome = spawnSync("script", args, {
      cwd: dir,
      encoding: "utf8",
      input: answers.map((each) => `${each}\r`).join(""),
    });
    expect(outcome.status, outcome.stdout).to.equal(0);
    const config = parseHospitalConfig(read("hospital.yaml"), { baseDir: dir });
    expect([config.chain.confirmations, config.network.listen, config.network.peers]).to.deep.equal([
      0,
      ["/p2p-circuit"],
      [],
    ]);
    expect([config.keys.peerKey, config.shard]).to.deep.equal([join(dir, "my-keys/peer.key"), join(dir, "my-shard")]);
  });
});
