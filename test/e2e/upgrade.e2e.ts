// An upgrade from version 0.1.0 as it stood at commit c83ceef: its own code runs a federation, and today's code continues
// that with the same keys, configurations, shards and stores, under a successor contract.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { objectPath } from "../../io/store/object-files.ts";
import type { AuditReport } from "../../protocol/audit/report.ts";
import { blobDigest, blobNames } from "../../protocol/format/merkle.ts";
import { type Chain, startChain } from "../../scripts/simulate/chain.ts";
import { type RunningParty, startParty } from "../../scripts/simulate/party-process.ts";
import { RealFederation } from "./real-federation.ts";

const oldVersion = "c83ceef4927c9fc14d06656d61de0595d127ccba";
const root = fileURLToPath(new URL("../..", import.meta.url));
const hospitals = ["hospital-1", "hospital-2", "hospital-3"];
const run = promisify(execFile);
const quiet = "--disable-warning=ExperimentalWarning";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function consilium(...args: readonly string[]): Promise<Ended> {
  const all = [quiet, join(root, "scripts", "consilium.ts"), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

async function succeeds(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await consilium(...args);
  expect(code, stderr + stdout).to.equal(0);
  return stdout;
}

/** The old version's tree, compiled. Its packages are a part of today's but for two Hardhat plug-ins, which today's configuration leaves out. */
async function oldTree(dir: string): Promise<void> {
  await mkdir(dir);
  await run("bash", ["-c", 'git -C "$1" archive "$2" | tar -x -C "$3"', "-", root, oldVersion, dir]);
  await symlink(join(root, "node_modules"), join(dir, "node_modules"));
  await copyFile(join(root, "hardhat.config.ts"), join(dir, "hardhat.config.ts"));
  await run(process.execPath, [join(root, "node_modules/hardhat/dist/src/cli.js"), "build", "--quiet"], { cwd: dir });
}

/** Two rounds by the old code; its nodes are stopped once the second is final, and what it would do besides is left out. */
async function oldFederation(tree: string, place: string): Promise<void> {
  const small = ["--patients", "28", "--matrix", "64", "--hospitals", "3", "--rounds", "2", "--local-epochs", "1"];
  const args = [quiet, join(tree, "scripts", "consilium.ts"), "simulate", ...small, "--run-dir", place];
  const child = spawn(process.execPath, args, { cwd: tree, stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "close");
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
    if (/rounds\s+2 final/.test(said)) child.kill("SIGINT");
  });
  await ended;
  expect(said).to.match(/rounds\s+2 final/);
}

describe("a federation that starts from a large model by the name of version 0.1.0", function () {
  this.timeout(300_000);

  it("trains from it, and is verified", async () => {
    const genesisName = (genesis: Uint8Array) => blobNames(genesis)[1]!;
    const federation = await RealFederation.found({ hospitals: 2, rounds: 2, weights: 300_000, genesisName });
    try {
      await federation.start();
      await federation.untilAdopted(2);
      const report = await federation.audit();
      expect([report.verdict, report.counts.models]).to.deep.equal(["verified", 2]);
      const [first] = await federation.rounds();
      const store = join(dirname(federation.configOf("hospital-1")), "store", "blobs");
      expect(genesisName(await readFile(objectPath(store, first!.base)))).to.equal(first!.base);
    } finally {
      await federation.stop();
    }
  });
});

describe("an upgrade from version 0.1.0", function () {
  this.timeout(900_000);
  let scratch: string;
  let place: string;
  let chain: Chain | undefined;
  const running: RunningParty[] = [];
  const at = (...names: readonly string[]) => join(place, ...names);
  const readJson = async (...names: readonly string[]) => JSON.parse(await readFile(at(...names), "utf8"));

  before(async function () {
    const history = await run("git", ["-C", root, "cat-file", "-e", `${oldVersion}^{commit}`]).catch(() => undefined);
    if (history === undefined) {
      console.log("      skipped: the history of the repository is not here (a package, or a shallow clone)");
      this.skip();
    }
    scratch = await mkdtemp(join(tmpdir(), "consilium-upgrade-"));
    place = join(scratch, "run");
    await oldTree(join(scratch, "old"));
    await oldFederation(join(scratch, "old"), place);
    chain = await startChain({ journal: at("chain.ndjson") });
  });
  after(async () => {
    await Promise.all(running.map((party) => party.stop()));
    await chain?.stop();
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  });

  /** As the operator edits it: the old version wrote everything else. */
  async function configure(name: string, changes: Readonly<Record<string, unknown>>): Promise<string> {
    const config = await readJson(name, "config.json");
    config.chain.endpoints = [chain!.url];
    await writeFile(at(name, "config.json"), JSON.stringify({ ...config, ...changes }));
    return at(name, "config.json");
  }

  it("refuses the old contract by name, whether its federation file is given or its content", async () => {
    const { version, abiDigest, predecessor, ...content } = await readJson("federation.json");
    expect([version, abiDigest.length, predecessor]).to.deep.equal([1, 66, null]);
    for (const federation of ["../federation.json", content]) {
      const { code, stderr } = await consilium("node", "--config", await configure("hospital-1", { federation }));
      expect(code).to.equal(1);
      expect(stderr).to.include("FEDERATION_ABI_MISMATCH").and.to.include("--predecessor");
    }
  });

  it("continues the federation under a successor, from its last model, with the old stores", async () => {
    const { contract } = await readJson("federation.json");
    const rpc = ["--rpc", chain!.url];
    const plan = (await succeeds("plan", "digest", at("plan.json"))).trim();
    const addressOf = async (name: string) => `0x${(await readJson(name, "keystore.json")).address}`;
    const founding = [
      ...["deploy", ...rpc, "--chain-id", "31337", "--confirmations", "1", "--out", at("successor.json"), "--json"],
      ...["--keystore", at("admin", "keystore.json"), "--password-file", at("admin", "password")],
      ...["--predecessor", contract, "--plan", plan, "--aggregator", await addressOf("aggregator")],
      ...["--hospital", ...(await Promise.all(hospitals.map(addressOf)))],
    ];
    const wrong = await consilium(...founding, "--genesis", plan);
    expect(wrong.stdout + wrong.stderr).to.include("GENESIS_NOT_LAST_MODEL");
    expect(JSON.parse(await succeeds(...founding)).predecessor).to.equal(contract);

    const successor = ["--federation", at("successor.json"), ...rpc];
    const genesis = at("last-model.safetensors");
    const exporting = ["model", "export", ...successor, "--store", at("hospital-1", "store"), "--round", "0"];
    const exported = JSON.parse(await succeeds(...exporting, "--out", genesis, "--json"));
    expect(blobDigest(await readFile(genesis))).to.equal(exported.model);

    const events: { readonly event: string; readonly round?: number; readonly hospital?: string }[] = [];
    let wake = () => {};
    for (const name of ["aggregator", ...hospitals]) {
      const isHospital = name !== "aggregator";
      const changes = {
        federation: "../successor.json",
        ...(isHospital ? {} : { genesis: "../last-model.safetensors" }),
      };
      const config = await configure(name, changes);
      const identity = { name } as Parameters<typeof startParty>[0]["identity"];
      const party = await startParty({
        ...{ identity, command: isHospital ? "node" : "aggregator", config, logFile: at(`${name}.log`) },
        onEvent(event) {
          events.push(event as (typeof events)[number]);
          wake();
        },
      });
      running.push(party);
      void party.ended.then(() => wake());
    }
    const isOver = () => hospitals.length === events.filter((e) => e.event === "finished" && e.hospital).length;
    while (!isOver()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      for (const { ended } of running) expect(await Promise.race([ended, "runs"])).to.equal("runs");
    }
    for (const round of [1, 2]) {
      expect(events.filter((e) => e.event === "adopted" && e.round === round)).to.have.length(hospitals.length);
    }
    for (const name of hospitals) expect(await readFile(at(`${name}.log`), "utf8")).to.include('"store-continued"');

    const stores = hospitals.flatMap((name) => ["--store", at(name, "store")]);
    const report = JSON.parse(await succeeds("audit", ...successor, ...stores, "--json")) as AuditReport;
    expect([report.verdict, report.counts.models]).to.deep.equal(["verified", 2]);
    expect(report.rounds[0]!.base).to.equal(exported.model);
  });
});
