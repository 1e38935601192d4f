// The image of packaging/container, built and run by buildah, as the compose file runs it: no root in it. Skipped where it
// cannot be built.
import { chmod, chown, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import type { Finding } from "../../scripts/doctor/finding.ts";
import { until } from "../io/p2p/federation-of-peers.ts";
import { ContainerImage, type Mounts, missingForImages } from "./container-image.ts";
import { RealFederation } from "./real-federation.ts";

const packaged = join(import.meta.dirname, "../../packaging/container");
/** The user of the image. */
const user = 10001;

interface Compose {
  readonly services: Readonly<Record<string, { readonly command: string[]; readonly volumes: string[] }>>;
}

describe("the container image", function () {
  this.timeout(1_800_000);
  let image: ContainerImage;
  let federation: RealFederation;
  /** A folder as the compose file wants it: configuration, secrets, and a folder for each volume. */
  let project: string;
  let compose: Compose;

  before(async function () {
    if (missingForImages !== undefined) {
      console.log(`skipped: ${missingForImages}`);
      return this.skip();
    }
    image = await ContainerImage.build();
    federation = await RealFederation.found({ hospitals: 4, rounds: 2 });
    project = await mkdtemp(join(tmpdir(), "consilium-compose-"));
    await chmod(project, 0o755);
    await cp(join(packaged, "configuration"), join(project, "configuration"), { recursive: true });
    compose = parse(await readFile(join(packaged, "compose.yaml"), "utf8"), { merge: true }) as Compose;
    await mkdir(join(project, "secrets"));
    for (const name of Object.keys(compose.services)) {
      const volume = join(project, "volumes", name);
      await mkdir(volume, { recursive: true });
      await chown(volume, user, user);
    }
  });
  after(async () => {
    await image?.remove();
    await federation?.stop();
    if (project) await rm(project, { recursive: true, force: true });
  });

  /** What compose would mount for a service. */
  const mountsOf = (name: string): Mounts => [
    ...compose.services[name]!.volumes.filter((each) => !each.startsWith("./data/")) // there is no archive here
      .map((each): Mounts[number] => {
        const [from = "", to = "", mode] = each.split(":");
        const place = from.startsWith("./") ? join(project, from) : join(project, "volumes", from);
        return mode === "ro" ? [place, to, "ro"] : [place, to];
      }),
    [join(project, "secrets", name), "/run/secrets/keystore-password", "ro"],
  ];
  const give = async (path: string) => {
    await chown(path, user, user);
    await chmod(path, 0o400);
  };

  it("runs as a user without rights, and holds no compiler, no secret and no data", async () => {
    const { User, Entrypoint, Healthcheck } = await image.described();
    expect([User, Entrypoint]).to.deep.equal([`${user}:${user}`, ["consilium"]]);
    expect(Healthcheck.Test.slice(0, 3)).to.deep.equal(["CMD", "node", "-e"]);
    const script =
      "id -u; touch /usr/local/written || echo refused; command -v g++ pip3; find /var/lib/consilium /etc/consilium";
    const { stdout } = await image.run(["sh", "-c", script]);
    expect(stdout.trim().split("\n").sort()).to.deep.equal(
      ["10001", "refused", "/var/lib/consilium", "/etc/consilium"].sort(),
    );
    const version = await image.run(["consilium", "--version"]);
    expect([version.code, version.stdout]).to.satisfy(
      ([code, text]: [number, string]) => code === 0 && /^\d/.test(text),
    );
  });

  it("is an aggregator of a real federation by the compose file's command, mounts and secret, and healthy", async () => {
    const { name } = federation.aggregator;
    const own = dirname(federation.configOf(name));
    const config = JSON.parse(await readFile(federation.configOf(name), "utf8"));
    const configuration = join(project, "configuration");
    const raw = parse(await readFile(join(configuration, "aggregator.yaml"), "utf8"));
    // What the operator's guide says to fill in.
    const filled = {
      ...raw,
      chain: { ...raw.chain, endpoints: [federation.rpc], confirmations: 0, pollMs: 100 },
      network: { ...raw.network, listen: config.network.listen },
      rounds: 2,
    };
    await writeFile(join(configuration, "aggregator.yaml"), stringify(filled));
    const run = dirname(own);
    await copyFile(join(run, "federation.json"), join(configuration, "federation.json"));
    await copyFile(join(run, "plan.json"), join(configuration, "plan.json"));
    await copyFile(join(run, "models/genesis.safetensors"), join(configuration, "genesis.safetensors"));
    const secret = join(project, "secrets/aggregator");
    await copyFile(join(own, config.keys.passwordFile), secret);
    const keys = join(project, "volumes/aggregator/keys");
    await mkdir(keys);
    await copyFile(join(own, config.keys.keystore), join(keys, "keystore.json"));
    await copyFile(join(own, config.keys.peerKey), join(keys, "peer.key"));
    await chown(keys, user, user);
    for (const file of [secret, join(keys, "keystore.json"), join(keys, "peer.key")]) await give(file);

    let printed = "";
    const command = ["consilium", ...compose.services["aggregator"]!.command];
    const child = image.start(command, mountsOf("aggregator"), (text) => {
      printed += text;
    });
    for (const hospital of federation.hospitals) await federation.startParty(hospital.name);
    await federation.untilAdopted(2, { withinMs: 300_000 }).catch((error: unknown) => {
      throw new Error(`${String(error)}\nthe container printed: ${printed.slice(-4000)}`);
    });
    expect(child.exitCode).to.equal(null);
    await until(() => /"event":"finished"/.test(printed), { withinMs: 60_000 });
    const { Healthcheck } = await image.described();
    expect((await image.run(Healthcheck.Test.slice(1))).code).to.equal(0);
    expect((await readdir(join(project, "volumes/aggregator"))).sort()).to.include.members(["keys", "store"]);
    expect((await federation.audit({})).verdict).to.equal("verified");
  });

  it("makes a hospital's keys on its volume, and tries its configuration, as the guide says", async () => {
    await writeFile(join(project, "secrets/hospital-1"), "correct horse of the hospital\n");
    await give(join(project, "secrets/hospital-1"));
    const mounts = mountsOf("hospital-1");
    const password = ["--password-file", "/run/secrets/keystore-password"];
    const made = await image.run(
      ["consilium", "keys", "create", "/var/lib/consilium/keys", ...password, "--json"],
      mounts,
    );
    expect(made.code, made.stderr).to.equal(0);
    const file = join(project, "configuration/hospital.yaml");
    const raw = parse(await readFile(file, "utf8"));
    const chain = { ...raw.chain, endpoints: [federation.rpc], confirmations: 0 };
    await writeFile(file, stringify({ ...raw, chain, network: { ...raw.network, peers: [] } }));
    const { stdout, stderr } = await image.run(
      ["consilium", "doctor", ...compose.services["hospital-1"]!.command.slice(1), "--json"],
      mounts,
    );
    expect(stdout, stderr).not.to.equal("");
    const findings = new Map((JSON.parse(stdout) as Finding[]).map((each) => [each.check, each.state]));
    for (const check of ["configuration", "keystore", "contract"]) expect(findings.get(check), check).to.equal("good");
  });
});
