// The compose file and the configurations beside it, read by the programs' own schemas and command line: no container is needed.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Command } from "commander";
import { parse } from "yaml";
import { aggregatorFileSchema, parseAggregatorConfig } from "../aggregator/config.ts";
import { hospitalFileSchema, parseHospitalConfig } from "../node/config.ts";
import { commands } from "../scripts/commands.ts";
import { parseConfigText } from "../scripts/party/config-text.ts";

const folder = join(import.meta.dirname, "../packaging/container");
const read = (name: string) => readFileSync(join(folder, name), "utf8");

interface Service {
  readonly command: readonly string[];
  readonly volumes: readonly string[];
  readonly secrets: readonly { readonly source: string; readonly target: string }[];
  readonly [setting: string]: unknown;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** The arguments as the command's own parser takes them; nothing is run. @throws what commander refuses */
async function parsed(args: readonly string[]): Promise<Record<string, unknown>> {
  const program = new Command("consilium").exitOverride();
  (await commands[args[0]!]!.load())(program, commands);
  const command = program.commands[0]!.exitOverride();
  let options: Record<string, unknown> = {};
  command.action((given: Record<string, unknown>) => {
    options = given;
  });
  await program.parseAsync([...args], { from: "user" });
  return options;
}

describe("the compose file of four hospitals", () => {
  const compose = parse(read("compose.yaml"), { merge: true }) as Compose;
  const services = Object.entries(compose.services);
  const federation = { chainId: 1, contract: `0x${"12".repeat(20)}`, fromBlock: 0 };

  it("has an aggregator and four hospitals, whose commands our command line takes", async () => {
    expect(services.map(([name]) => name)).to.deep.equal([
      ...["aggregator", "hospital-1", "hospital-2", "hospital-3", "hospital-4"],
    ]);
    for (const [name, { command }] of services) {
      expect(command[0]).to.equal(name === "aggregator" ? "aggregator" : "node");
      const { config } = await parsed(command);
      const file = String(config).replace("/etc/consilium/", "configuration/");
      expect(existsSync(join(folder, file)), file).to.equal(true);
    }
  });

  it("mounts configurations that our schemas take, with all that they keep on volumes, and secrets where they look", () => {
    for (const [name, { volumes, secrets }] of services) {
      const isHospital = name !== "aggregator";
      const file = isHospital ? "hospital.yaml" : "aggregator.yaml";
      const raw = parseConfigText(read(join("configuration", file)), file) as Record<string, unknown>;
      (isHospital ? hospitalFileSchema : aggregatorFileSchema).parse(raw);
      const baseDir = "/etc/consilium";
      const config = (isHospital ? parseHospitalConfig : parseAggregatorConfig)({ ...raw, federation }, { baseDir });
      expect(config.telemetry?.listen).to.equal("127.0.0.1:9464"); // the image's health check asks there
      const { keystore, peerKey, passwordFile } = config.keys;
      const kept = [keystore, peerKey, config.store, ...("shard" in config ? [config.shard] : [])];
      for (const path of kept) expect(path).to.match(/^\/var\/lib\/consilium\//);
      expect(volumes).to.include(`${name}:/var/lib/consilium`);
      expect(compose.volumes).to.have.property(name);
      expect(secrets.map(({ target }) => `/run/secrets/${target}`)).to.deep.equal([passwordFile]);
      for (const { source } of secrets) expect(compose.secrets[source]!.file).to.equal(`./secrets/${name}`);
    }
  });

  it("gives each container no more than it needs, and shows nobody its figures", () => {
    for (const [, service] of services) {
      expect(service).to.deep.include({ read_only: true, cap_drop: ["ALL"] });
      expect(service["security_opt"]).to.deep.equal(["no-new-privileges:true"]);
      expect(JSON.stringify(service["ports"] ?? [])).to.not.include("9464");
    }
  });
});

describe("what an operator puts beside the Containerfile", () => {
  it("is neither committed, packed nor sent to the build: passwords, archives, the federation's files", () => {
    expect(read(".npmignore")).to.equal(read(".gitignore"));
    for (const name of ["secrets/", "data/", "*.tgz", "configuration/*"])
      expect(read(".gitignore").split("\n")).to.include(name);
    for (const name of [".containerignore", ".dockerignore"])
      expect(
        read(name)
          .split("\n")
          .filter((line) => !line.startsWith("#")),
      ).to.deep.equal(["*", "!*.tgz", ""]);
  });
});

describe("the Containerfile", () => {
  it("builds from a base that the operator names, and runs as nobody's user with a health check and no secret", () => {
    const lines = read("Containerfile")
      .replaceAll(/\\\n\s*/g, " ")
      .split("\n")
      .filter((line) => /^[A-Z]+ /.test(line));
    const of = (word: string) => lines.filter((line) => line.startsWith(`${word} `));
    expect(of("ARG")[0]).to.match(/^ARG BASE=/);
    expect(of("FROM").map((line) => line.split(" ")[1])).to.deep.equal([`\${BASE}`, `\${BASE}`]);
    expect(of("USER")).to.deep.equal(["USER 10001:10001"]);
    expect(of("HEALTHCHECK")[0]).to.include("127.0.0.1:9464/livez");
    const copied = of("COPY").filter((line) => !line.includes("--from=build"));
    expect(copied).to.deep.equal([`COPY \${PACKAGE} /tmp/consilium.tgz`]);
    const { version } = JSON.parse(readFileSync(join(folder, "../../package.json"), "utf8"));
    expect(of("ARG")).to.include(`ARG PACKAGE=consilium-${version}.tgz`);
  });
});
