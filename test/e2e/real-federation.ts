// A federation of real processes on a real chain, for tests that kill them or make them lie. Training is a random walk unless
// a test asks for real training.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { deployFederation } from "../../io/chain/deploy-federation.ts";
import { writeFederationFile } from "../../io/chain/federation-file.ts";
import { type OpenLedger, openLedger } from "../../io/chain/ledger.ts";
import { recoverSigner } from "../../io/chain/signatures.ts";
import { abiDigest } from "../../io/chain/training-rounds.ts";
import { openObjectFiles } from "../../io/store/object-files.ts";
import { auditFederation } from "../../protocol/audit/audit-federation.ts";
import { checkedBlobs } from "../../protocol/audit/checked-blobs.ts";
import type { AuditReport } from "../../protocol/audit/report.ts";
import { openLineage } from "../../protocol/contract/lineage.ts";
import type { RoundState, RoundTerms } from "../../protocol/contract/round.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan, type Plan } from "../../protocol/format/plan.ts";
import { foundingSums } from "../../protocol/format/privacy-spec.ts";
import { openTarget } from "../../scripts/audit/sources.ts";
import { readTarget } from "../../scripts/audit/target.ts";
import { type Chain, startChain } from "../../scripts/simulate/chain.ts";
import { fundParties } from "../../scripts/simulate/found.ts";
import { ensureIdentity, hospitalName, type Identity, simulationWallet } from "../../scripts/simulate/identities.ts";
import { type ConfiguredParty, configureParties } from "../../scripts/simulate/party-configs.ts";
import { openRunDirectory } from "../../scripts/simulate/run-directory.ts";
import { parseSettings } from "../../scripts/simulate/settings.ts";
import { startOf } from "./start.ts";

const seed = 11;
const place = (name: string) => fileURLToPath(new URL(`./processes/${name}.ts`, import.meta.url));

export type Event = { readonly event: string } & Record<string, unknown>;

type ConfigChanges = { readonly chain?: object; readonly network?: object } & Record<string, unknown>;

export class RealFederation {
  readonly events: Event[] = [];
  readonly hospitals: readonly Identity[];
  readonly aggregator: Identity;
  readonly ledger: OpenLedger;
  readonly #dir: string;
  readonly #hospitalProcess: string;
  readonly #trainMs: number;
  readonly #chain: Chain;
  readonly #parties: readonly ConfiguredParty[];
  readonly #processes = new Map<string, ChildProcess>();
  /** What a party's process is started with, such as a command that enters a network namespace. */
  readonly prefixes = new Map<string, readonly string[]>();
  #wake = () => {};

  private constructor(fields: {
    dir: string;
    hospitalProcess: string;
    trainMs: number;
    chain: Chain;
    ledger: OpenLedger;
    parties: readonly ConfiguredParty[];
    hospitals: readonly Identity[];
    aggregator: Identity;
  }) {
    this.#dir = fields.dir;
    this.#hospitalProcess = fields.hospitalProcess;
    this.#trainMs = fields.trainMs;
    this.#chain = fields.chain;
    this.#parties = fields.parties;
    this.ledger = fields.ledger;
    this.hospitals = fields.hospitals;
    this.aggregator = fields.aggregator;
  }

  /** Deploys the federation and starts its chain only. The same seed gives the same addresses, and so the same models. */
  static async found({
    hospitals: count = 4,
    rounds = 2,
    gasless = 0,
    trains = false,
    trainMs = 300,
    weights: length = 5000,
    genesisName = blobDigest,
    plan: changes = {},
    terms = {},
  }: {
    hospitals?: number;
    rounds?: number;
    /** So many of the last hospitals have no coin at all: other members send what they sign. */
    gasless?: number;
    trains?: boolean;
    /** Duration of a training that is a random walk. */
    trainMs?: number;
    weights?: number;
    /** By which the contract knows the genesis model. */
    genesisName?: (genesis: Uint8Array) => Digest;
    plan?: Partial<Plan>;
    terms?: Partial<RoundTerms>;
  } = {}): Promise<RealFederation> {
    const dir = await mkdtemp(join(tmpdir(), "consilium-real-"));
    const run = await openRunDirectory(join(dir, "run"), {
      kind: "new",
      settings: parseSettings({ hospitals: count, rounds, seed }),
      fresh: true,
    });
    const { plan, genesis } = startOf({ rounds, trains, length, changes });
    await mkdir(run.at("models"), { recursive: true });
    await writeFile(run.at("plan.json"), encodePlan(plan));
    await writeFile(run.at("models", "genesis.safetensors"), genesis);
    const admin = await ensureIdentity(run, "admin");
    const aggregator = await ensureIdentity(run, "aggregator");
    const hospitals = await Promise.all(
      Array.from({ length: count }, (_, index) => ensureIdentity(run, hospitalName(index))),
    );
    const chain = await startChain({ journal: run.at("chain.ndjson") });
    const unfunded = hospitals.slice(count - gasless);
    await fundParties(chain.url, [admin, aggregator, ...hospitals.slice(0, count - gasless)]);
    const { federation, fromBlock, codeDigest } = await deployFederation({
      endpoints: [chain.url],
      chainId: 31337,
      deployer: simulationWallet(seed, admin.name),
      terms: {
        commitPeriod: 60,
        proposePeriod: 12,
        attestPeriod: 20,
        minUpdates: 2,
        maxExpired: 8,
        sampleCap: 1000,
        earlyShare: 0,
        gracePeriod: 0,
        ...terms,
      },
      members: [
        ...hospitals.map(({ address }) => ({ address, role: "hospital" as const })),
        { address: aggregator.address, role: "aggregator" as const },
      ],
      plan: blobDigest(encodePlan(plan)),
      genesis: genesisName(genesis),
      privateSums: foundingSums(plan),
      pollMs: 20,
    });
    const record = { version: 1 as const, ...federation, fromBlock, codeDigest, abiDigest, predecessor: null };
    await writeFederationFile(run.at("federation.json"), record);
    const parties = await configureParties(
      { aggregator, hospitals },
      { federationFile: "../federation.json", rpc: chain.url, pollMs: 100 },
    );
    const aggregatorConfig = parties[0]?.config as string;
    const config = JSON.parse(await readFile(aggregatorConfig, "utf8")) as object;
    await writeFile(aggregatorConfig, JSON.stringify({ ...config, rounds }));
    for (const { config: path } of parties.filter(({ identity }) => unfunded.includes(identity))) {
      const own = JSON.parse(await readFile(path, "utf8")) as { chain: object };
      await writeFile(path, JSON.stringify({ ...own, chain: { ...own.chain, relayed: true } }));
    }
    const wallet = simulationWallet(seed, admin.name);
    const ledger = await openLedger({ federation, fromBlock, endpoints: [chain.url], pollMs: 100, wallet });
    const hospitalProcess = trains ? "training-hospital" : "hospital";
    return new RealFederation({ dir, hospitalProcess, trainMs, chain, ledger, parties, hospitals, aggregator });
  }

  /** Starts every party. @param lie name of the aggregator's lie in test/fakes/liars.ts */
  async start({ lie }: { lie?: string } = {}): Promise<void> {
    await Promise.all(this.#parties.map(({ identity: { name } }) => this.startParty(name, lie)));
  }

  /** Address of the chain's RPC endpoint. */
  get rpc(): string {
    return this.#chain.url;
  }

  /** Paths of the federation file and of the plan. */
  get files(): { readonly federation: string; readonly plan: string } {
    return { federation: join(this.#dir, "run", "federation.json"), plan: join(this.#dir, "run", "plan.json") };
  }

  /** Path of a party's configuration file. */
  configOf(name: string): string {
    return this.#partyOf(name).config;
  }

  /** Changes a party's configuration before its next start; `chain` and `network` field by field. */
  async configure(name: string, { chain, network, ...changes }: ConfigChanges): Promise<void> {
    const path = this.configOf(name);
    const config = JSON.parse(await readFile(path, "utf8")) as { chain: object; network: object };
    const parts = { chain: { ...config.chain, ...chain }, network: { ...config.network, ...network } };
    await writeFile(path, JSON.stringify({ ...config, ...changes, ...parts }));
  }

  /** @param config instead of the party's own */
  async startParty(name: string, lie?: string, config = this.configOf(name)): Promise<void> {
    const { command } = this.#partyOf(name);
    const log = await open(join(this.#dir, `${name}.log`), "a");
    const args =
      command === "node"
        ? [place(this.#hospitalProcess), config, String(this.#trainMs)]
        : [place("aggregator"), config, ...(lie ? [lie] : [])];
    const whole = [
      ...(this.prefixes.get(name) ?? []),
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      ...args,
    ];
    const child = spawn(whole[0]!, whole.slice(1), {
      stdio: ["ignore", "pipe", log.fd, "ipc"],
    });
    await log.close();
    createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on("line", (line) => {
      this.events.push(JSON.parse(line) as Event);
      this.#wake();
    });
    this.#processes.set(name, child);
  }

  #partyOf(name: string): ConfiguredParty {
    return this.#parties.find(({ identity }) => identity.name === name)!;
  }

  /** The processes that were started. */
  processes(): readonly { name: string; pid: number }[] {
    return [...this.#processes].map(([name, { pid }]) => ({ name, pid: pid! }));
  }

  /** Kills with SIGKILL and waits for the end. */
  async kill(name: string): Promise<void> {
    const child = this.#processes.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  log(name: string): Promise<string> {
    return readFile(join(this.#dir, `${name}.log`), "utf8");
  }

  /** Resolves when the condition holds; checks it at every event. */
  async until(condition: () => boolean, { withinMs = 120_000 } = {}): Promise<void> {
    const end = performance.now() + withinMs;
    while (!condition()) {
      const left = end - performance.now();
      if (left <= 0)
        throw new Error(`not within ${withinMs} ms; last events: ${JSON.stringify(this.events.slice(-5))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Every hospital has adopted the model of that round. */
  untilAdopted(round: number, options: { withinMs?: number } = {}): Promise<void> {
    const adopted = () =>
      new Set(
        this.events.filter((each) => each.event === "adopted" && each["round"] === round).map((e) => e["hospital"]),
      );
    return this.until(() => adopted().size === this.hospitals.length, options);
  }

  async rounds(): Promise<readonly RoundState[]> {
    const latest = await this.ledger.latestRound();
    return Promise.all(Array.from({ length: latest }, (_, index) => this.ledger.round((index + 1) as typeof latest)));
  }

  async models(): Promise<readonly (Digest | undefined)[]> {
    return (await openLineage(this.ledger)({})).finals.map(({ model }) => model);
  }

  /** The files of the final models, oldest first. */
  async modelFiles(): Promise<readonly Uint8Array[]> {
    const { blobs } = checkedBlobs(openObjectFiles(join(this.aggregator.dir, "store", "blobs")));
    const digests = (await this.models()).filter((digest) => digest !== undefined);
    return Promise.all(digests.map((digest) => blobs.get(digest, { maxBytes: 2 ** 28 })));
  }

  /** Folder of a party's store. */
  storeOf(name: string): string {
    return join([this.aggregator, ...this.hospitals].find((each) => each.name === name)!.dir, "store");
  }

  /** What an auditor finds who has the chain, and asks these peers or else has the stores of all parties. */
  async audit(from: { readonly peer?: string[] } = {}): Promise<AuditReport> {
    const { signal } = new AbortController();
    const all = [this.aggregator, ...this.hospitals].map(({ dir }) => join(dir, "store"));
    const stores = { store: all.filter((dir) => existsSync(dir)) }; // a party that never ran has none
    const federation = join(this.#dir, "run", "federation.json");
    const sources = from.peer ? from : stores;
    const options = { federation, rpc: [this.#chain.url], confirmations: "0", fromBlock: "0", ...sources };
    const opened = await openTarget(await readTarget(options, true), signal);
    try {
      const signatures = { recover: recoverSigner };
      const work = auditFederation({ ...opened, signatures }, { maxModelBytes: 2 ** 28, signal });
      let step = await work.next();
      while (!step.done) step = await work.next();
      return step.value;
    } finally {
      await opened.close();
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((name) => this.kill(name)));
    this.ledger.close();
    await this.#chain.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
