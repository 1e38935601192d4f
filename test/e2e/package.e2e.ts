// The package as another hospital gets it: packed, installed into an empty folder with npm alone and an empty cache, and used
// there, from the command line and from a program.
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { makeRounds, noiseModel } from "../../bench/audit/make-rounds.ts";
import { describeFederation, writeFederationFile } from "../../io/chain/federation-file.ts";
import { walletSignatures } from "../../io/chain/signatures.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan } from "../../protocol/format/plan.ts";
import { commands } from "../../scripts/commands.ts";
import { examplePlan } from "../fakes/federation.ts";
import { startHardhat, type TestChain } from "../io/chain/chain.ts";
import { foundFederation, type TestFederation } from "../io/chain/federation.ts";

const root = join(import.meta.dirname, "../..");
const password = "correct horse";
const hasTerminals = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

/** TensorFlow's C library is 230 MB: taken from this machine's cache where a checkout has fetched it before. */
const ownCache =
  process.env["CONSILIUM_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "consilium");

async function knownLibraries(): Promise<readonly string[]> {
  const names = existsSync(ownCache) ? await readdir(ownCache) : [];
  return names.filter((name) => /^(libtensorflow|tfjs-binding)-.*(?<!tmp)$/.test(name));
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe("the packed package in an empty folder", function () {
  this.timeout(1_800_000);
  let scratch: string;
  let app: string;
  let cache: string;
  let tarball: string;
  let chain: TestChain;
  let federation: TestFederation;

  const run = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, typed = ""): Promise<Ended> =>
    new Promise((resolve) => {
      const child = execFile(
        program,
        args,
        { cwd: app, maxBuffer: 1 << 26, env: { ...process.env, CONSILIUM_CACHE: cache, NO_COLOR: "1", ...env } },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
      child.stdin?.end(typed);
    });
  const npmFlags = () => ["--no-audit", "--no-fund", "--cache", join(scratch, "npm")];
  const consilium = (...args: string[]) => run(join(app, "node_modules/.bin/consilium"), args);
  /** Runs a command at a terminal at which a person types the answer; what it shows is in stdout. */
  const atTerminal = (answer: string, ...args: string[]) => {
    const command = [join(app, "node_modules/.bin/consilium"), ...args].join(" ");
    return run("script", ["--quiet", "--return", "--command", command, "/dev/null"], {}, `${answer}\r`);
  };
  const good = async (ended: Promise<Ended>): Promise<string> => {
    const { code, stdout, stderr } = await ended;
    expect(code, stderr + stdout).to.equal(0);
    return stdout;
  };

  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "consilium-package-"));
    app = join(scratch, "app");
    cache = join(scratch, "cache");
    await mkdir(app);
    await mkdir(cache);
    const pack = ["--disable-warning=ExperimentalWarning", join(root, "scripts/package/pack.ts")];
    await good(run(process.execPath, [...pack, "--pack-destination", scratch]));
    tarball = join(scratch, (await readdir(scratch)).find((name) => name.endsWith(".tgz"))!);
    await good(run("npm", ["install", tarball, ...npmFlags()]));
    await writeFile(join(app, "password"), `${password}\n`);

    chain = await startHardhat();
    const made = { plan: examplePlan({ rounds: 2 }), genesis: noiseModel(5000), rounds: 2 };
    federation = await foundFederation(chain, {
      hospitals: 3,
      plan: blobDigest(encodePlan(made.plan)),
      genesis: blobDigest(made.genesis),
    });
    const blobs = await openBlobStore(join(app, "store"));
    const hospitals = federation.hospitals.map((ledger, index) => ({
      ledger,
      signatures: walletSignatures(federation.wallets[index]!),
    }));
    await makeRounds({ hospitals, aggregator: federation.aggregator, blobs }, made);
    await blobs.close();
    const { federation: id, fromBlock, codeDigest = "" } = federation.options;
    const described = describeFederation({ federation: id, fromBlock, codeDigest, predecessor: undefined });
    await writeFederationFile(join(app, "federation.json"), described);
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  it("has neither TensorFlow nor Hardhat, and says where its parts come from", async () => {
    for (const name of ["@tensorflow/tfjs-node-gpu", "hardhat", "solc", "typescript"])
      expect(existsSync(join(app, "node_modules", name)), name).to.equal(false);
    const own = join(app, "node_modules/consilium");
    const bom = JSON.parse(await readFile(join(own, "build/sbom.cdx.json"), "utf8"));
    const components: { name: string; version: string }[] = bom.components;
    expect([bom.bomFormat, bom.metadata.component.name]).to.deep.equal(["CycloneDX", "consilium"]);
    const licences = await readFile(join(own, "build/THIRD-PARTY-LICENCES.txt"), "utf8");
    for (const name of ["ethers", "libp2p", "zod"]) {
      expect(components.map((each) => each.name)).to.include(name);
      expect(licences).to.match(new RegExp(`^${name} \\d`, "m"));
    }
    const made = await run("grep", ["-rlE", `${root}|${homedir()}/`, "--include=*.js", "--include=*.json", own]);
    expect(made.stdout).to.equal(""); // nothing of this machine
  });

  it("shows the status of a federation and audits it", async () => {
    const status = JSON.parse(await good(consilium("status", "--rpc", chain.url, "--json")));
    expect([status.rounds.length, status.members.length]).to.deep.equal([2, 4]);
    const audit = await good(consilium("audit", "--rpc", chain.url, "--store", "store", "--out", "audit"));
    expect(audit.trimEnd().split("\n").at(-1)).to.match(/^VERIFIED 2 models derived again/);
    expect(existsSync(join(app, "audit/audit.html"))).to.equal(true);
  });

  it("creates keys and founds a federation with them", async () => {
    const { address } = JSON.parse(
      await good(consilium("keys", "create", "keys", "--password-file", "password", "--json")),
    );
    await chain.rpc("hardhat_setBalance", [address, "0x8ac7230489e80000"]);
    const flags = ["--rpc", chain.url, "--chain-id", String(chain.chainId), "--out", "new.json", "--json"];
    const key = ["--keystore", "keys/keystore.json", "--password-file", "password"];
    const people = ["--hospital", address, "--aggregator", federation.wallets[0]!.address];
    const founded = JSON.parse(await good(consilium("deploy", ...flags, ...key, ...people)));
    expect(founded.already).to.equal(false);
    expect(JSON.parse(await good(consilium("deploy", ...flags))).already).to.equal(true);
    const read = ["--federation", "new.json", "--rpc", chain.url, "--json"];
    expect(JSON.parse(await good(consilium("members", "list", ...read))).members).to.have.length(2);
    const byName = await consilium("deploy", "--network", "localhost", "--out", "other.json", ...key);
    expect([byName.code, byName.stderr]).to.satisfy(
      ([code, text]: [number, string]) => code === 1 && /PACKAGE_MISSING/.test(text) && /--rpc/.test(text),
    );
  });

  it("audits from a program, by the contract's address", async () => {
    await cp(join(root, "examples/audit-from-a-program.ts"), join(app, "audit.ts"));
    const { contract } = federation.options.federation;
    const stdout = await good(run(process.execPath, ["audit.ts", chain.url, contract, "store"]));
    expect(stdout.trimEnd().split("\n").at(-1)).to.match(/^verified/);
  });

  it("gives TypeScript programs its types", async () => {
    const program = `import { auditFederation, importArchive, runHospital } from "consilium";
      import type { AuditReport } from "consilium/audit";
      import { blobDigest, type Digest } from "consilium/protocol";
      import { openShard } from "consilium/imaging";
      const [rpc, contract] = ["http://127.0.0.1:8545", "0x"];
      const { signal } = new AbortController();
      function render(event: { readonly kind: string }): void { console.log(event.kind); }
      for await (const event of auditFederation({ rpc, contract, signal })) render(event);
      export const digest: Digest = blobDigest(new Uint8Array());
      export const others = [importArchive, runHospital, openShard];
      // @ts-expect-error a report has a verdict, and not this
      export const wrong = (report: AuditReport) => report.opinion;\n`;
    await writeFile(join(app, "types.mts"), program);
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--skipLibCheck"];
    const types = ["--typeRoots", join(root, "node_modules/@types"), "--types", "node"];
    await good(run(join(root, "node_modules/.bin/tsc"), [...options, ...types, "types.mts"]));
  });

  it("starts fast: --help in 0.3 s of CPU time, each command without TensorFlow in 0.5 s", async () => {
    const report =
      "data:text/javascript,process.on('exit',()=>{const{user,system}=process.cpuUsage();console.error('cpu',user+system)})";
    /** The least of some runs: other programs can only make it more. The first one fills the cache of compiled code. */
    const cpuSeconds = async (...args: string[]): Promise<number> => {
      let least = Number.POSITIVE_INFINITY;
      for (let turn = 0; turn < 4; turn++) {
        const { stderr } = await run(join(app, "node_modules/.bin/consilium"), args, {
          NODE_OPTIONS: `--import ${report}`,
        });
        least = Math.min(least, Number(/cpu (\d+)/.exec(stderr)?.[1]) / 1e6);
      }
      return least;
    };
    const measured: Record<string, number> = { "--help": await cpuSeconds("--help") };
    const light = Object.entries(commands).filter(([, { needs = [] }]) => !needs.includes("tensorflow"));
    for (const [name] of light) measured[name] = await cpuSeconds(name, "--help");
    console.log(`      CPU seconds: ${JSON.stringify(measured)}`);
    for (const [name, seconds] of Object.entries(measured))
      expect(seconds, name).to.be.below(name === "--help" ? 0.3 : 0.5);
    // And at work, of which the chain's answer is a part.
    const status = await cpuSeconds("status", "--rpc", chain.url, "--json");
    console.log(`      CPU seconds of a whole consilium status: ${status}`);
    expect(status).to.be.below(1);
  });

  it("imports an archive", async () => {
    await good(consilium("synthesise", "archive", "--patients", "4", "--matrix", "64", "--seed", "3"));
    const summary = JSON.parse(await good(consilium("import", "archive", "--out", "shard", "--size", "32", "--json")));
    expect(summary.scans).to.equal(4);
  });

  it("is installed once for all users of a machine, and so is what an administrator fetched", async function () {
    if (process.getuid?.() !== 0) {
      console.log("skipped: only an administrator can fetch for all users, and become one of them");
      return this.skip();
    }
    const [prefix, shared, bin] = ["prefix", "shared", "bin"].map((name) => join(scratch, name)) as [
      string,
      string,
      string,
    ];
    await good(run("npm", ["install", "--global", "--prefix", prefix, tarball, ...npmFlags()]));
    await chmod(scratch, 0o755);
    await mkdir(shared);
    await mkdir(bin);
    await cp(process.execPath, join(bin, "node")); // the machine's own Node, which every user can run
    // TensorFlow's C library is not downloaded again where this machine has it.
    for (const name of await knownLibraries()) await good(run("cp", ["-r", join(ownCache, name), join(shared, name)]));
    const as = (home: string, uid: number, ...args: string[]): Promise<Ended> =>
      new Promise((resolve) => {
        const PATH = `${bin}:/usr/local/bin:/usr/bin:/bin`;
        const env = { ...process.env, PATH, CONSILIUM_SHARED: shared, CONSILIUM_CACHE: "", XDG_CACHE_HOME: home };
        const options = { cwd: home, env: uid === 0 ? env : { ...env, HOME: home }, uid, gid: uid };
        execFile(join(prefix, "bin/consilium"), args, options, (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
        });
      });
    const homes = ["administrator", "first", "second"].map((name) => join(scratch, name));
    for (const [uid, home] of homes.entries()) {
      await mkdir(home);
      if (uid > 0) await chown(home, 65_000 + uid, 65_000 + uid);
    }
    const before = await as(homes[1]!, 65_001, "predict", "nowhere.safetensors", "archive");
    expect(before.stderr).to.include("PACKAGE_MISSING");
    expect((await as(homes[0]!, 0, "fetch", "tensorflow")).code).to.equal(0);
    for (const [index, home] of homes.slice(1).entries()) {
      const uid = 65_001 + index;
      const there = JSON.parse((await as(home, uid, "fetch", "tensorflow", "--json")).stdout);
      expect(there[0]).to.deep.include({ need: "tensorflow", there: true });
      expect(there[0].folder.startsWith(shared)).to.equal(true);
      const scored = await as(home, uid, "predict", "nowhere.safetensors", "archive");
      expect([scored.code, scored.stderr]).to.satisfy(
        ([code, text]: [number, string]) => code === 1 && !/PACKAGE_MISSING/.test(text) && /nowhere/.test(text),
      );
      // Nothing large is this user's own.
      expect(await readdir(join(home, "consilium")).catch(() => [])).to.deep.equal(["compiled"]);
    }
  });

  it("says in one line what else a command needs, fetches it when asked, and then works", async () => {
    const refused = await consilium("simulate", "--hospitals", "3");
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/^consilium simulate also needs TensorFlow .*\nerror PACKAGE_MISSING/);
    expect(refused.stderr).to.include("--fetch");
    for (const name of await knownLibraries()) await symlink(join(ownCache, name), join(cache, name));
    const scored = await consilium("predict", "--fetch", "nowhere.safetensors", "archive");
    expect([scored.code, scored.stderr]).to.satisfy(
      ([code, text]: [number, string]) => code === 1 && !/PACKAGE_MISSING/.test(text) && /nowhere/.test(text),
    );
    const size = ["--hospitals", "3", "--patients", "18", "--matrix", "64", "--rounds", "1"];
    const simulate = ["simulate", ...size, "--run-dir", "run", "--json"];
    if (hasTerminals) {
      const no = await atTerminal("n", ...simulate);
      expect([no.code, no.stdout]).to.satisfy(
        ([code, text]: [number, string]) => code === 1 && /fetch it now\?/.test(text) && /PACKAGE_MISSING/.test(text),
      );
      const nothing = await atTerminal("\u0004", ...simulate); // Ctrl-D: the end of what is typed
      expect([nothing.code, nothing.stdout]).to.satisfy(
        ([code, text]: [number, string]) => code === 1 && /PACKAGE_MISSING/.test(text),
      );
      const yes = await atTerminal("y", ...simulate);
      expect(yes.code, yes.stdout).to.equal(0);
    } else {
      console.log("skipped: without util-linux's `script` there is no terminal to ask at");
      await good(consilium(...simulate, "--fetch"));
    }
    expect(await good(consilium("audit", "--run-dir", "run"))).to.match(/VERIFIED 1 model/);
  });
});
