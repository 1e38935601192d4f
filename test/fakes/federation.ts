// A federation in memory: the real hospital and aggregator code over fake ports. Parties can be killed and restarted, and
// any of their ports can be replaced.
import { type AggregatorPorts, aggregateRounds } from "../../aggregator/aggregate-rounds.ts";
import type { AggregatorEvent } from "../../aggregator/events.ts";
import type { HospitalEvent } from "../../node/events.ts";
import { type HospitalPorts, takePart } from "../../node/hospital.ts";
import type { RoundTerms } from "../../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import { encodePlan, type Plan } from "../../protocol/format/plan.ts";
import { foundingSums } from "../../protocol/format/privacy-spec.ts";
import { FakeChain } from "./chain.ts";
import { killablePorts, type ProcessState } from "./crash.ts";
import { FakeLearner, genesisModel } from "./learner.ts";
import { FakeNetwork, FakeStore } from "./network.ts";
import { FakeJournal, FakeLog, FakeSecrets, fakeSignatures, secretOf } from "./party-ports.ts";
import { VirtualTime } from "./virtual-time.ts";

export const exampleTerms: RoundTerms = {
  commitPeriod: 60,
  proposePeriod: 40,
  attestPeriod: 40,
  minUpdates: 2,
  maxExpired: 8,
  sampleCap: 1000,
  earlyShare: 0,
  gracePeriod: 0,
};

export function examplePlan(changes: Partial<Plan> = {}): Plan {
  return {
    version: 1,
    model: {
      preset: "compact",
      input: { slices: 4, height: 16, width: 16, channels: 1 },
      routing: { iterations: 3, variant: "sabour" },
      normalisation: "group",
      reconstruction: false,
    },
    seed: 7,
    training: {
      localEpochs: 1,
      batchSize: 1,
      optimiser: { name: "sgd", learningRate: 0.01, momentum: 0.9, nesterov: true },
      schedule: "constant",
      classWeights: false,
      augmentation: false,
      proximalMu: 0,
    },
    update: { type: "I16", clipNorm: 8, topFraction: 1, localTensors: [] },
    strategy: { name: "fedavg", maxSharePermille: 1000, maxStaleness: 0 },
    sampleCap: 1000,
    minUpdates: 2,
    rounds: 3,
    evaluation: { split: "by-patient-stratified", validation: 0.1, test: 0.2 },
    software: "consilium 0.1.0",
    ...changes,
  };
}

export function addressOf(index: number): HospitalAddress {
  return `0x${(index + 1).toString(16).padStart(2, "0").repeat(20)}` as HospitalAddress;
}

/** A member's disk and devices, which outlive its process, and its current process. */
export interface Site {
  readonly address: HospitalAddress;
  readonly store: FakeStore;
  readonly journal: FakeJournal;
  readonly secrets: FakeSecrets;
  readonly learner: FakeLearner;
  readonly log: FakeLog;
  /** Called at every port call of processes that start from now on; may kill the site. */
  onCall: ProcessState["onCall"];
  /** Replaces ports of processes that start from now on. */
  tamper: (ports: HospitalPorts) => Partial<HospitalPorts>;
  leave: () => void;
  /** The only plan that the hospital accepts; undefined: any that is agreed on chain. */
  plan: Digest | undefined;
  scoresEvery: number | undefined;
  /** Without gas: other members send what the hospital signs. */
  relayed: boolean;
  process: { done: Promise<void>; readonly controller: AbortController; life: ProcessState } | undefined;
}

export class FakeFederation {
  readonly time = new VirtualTime();
  readonly chain: FakeChain;
  readonly network = new FakeNetwork();
  readonly hospitals: Site[] = [];
  readonly aggregators: Site[] = [];
  readonly events: (HospitalEvent | AggregatorEvent)[] = [];
  /** Most gas that each party spends in a round on hospitals without gas. */
  relayGas = 3_000_000;
  #secrets = 0;
  readonly plan: Plan;
  readonly planDigest: Digest;
  readonly genesis: Digest;

  private constructor(plan: Plan, terms: RoundTerms, digests: { plan: Digest; genesis: Digest }) {
    this.plan = plan;
    this.chain = new FakeChain(this.time, terms, foundingSums(plan));
    this.planDigest = digests.plan;
    this.genesis = digests.genesis;
  }

  static async create(
    options: { hospitals?: number; aggregators?: number; plan?: Partial<Plan>; terms?: Partial<RoundTerms> } = {},
  ): Promise<FakeFederation> {
    const plan = examplePlan(options.plan);
    const objects = new FakeStore();
    const digests = { plan: await objects.put(encodePlan(plan)), genesis: await objects.put(genesisModel()) };
    const federation = new FakeFederation(plan, { ...exampleTerms, ...options.terms }, digests);
    const { hospitals = 4, aggregators = 1 } = options;
    for (let index = 0; index < hospitals; index++) federation.hospitals.push(federation.site(addressOf(index), index));
    for (let index = 0; index < aggregators; index++) {
      const site = federation.site(addressOf(100 + index), index);
      for (const [digest, bytes] of objects.blobs) site.store.blobs.set(digest, bytes);
      federation.aggregators.push(site);
    }
    for (const { address } of federation.hospitals) federation.chain.admit(address);
    for (const { address } of federation.aggregators) federation.chain.admit(address, "aggregator");
    return federation;
  }

  site(address: HospitalAddress, index: number): Site {
    const learner = new FakeLearner({ clock: this.time, trainScans: 10 + index, trainMs: 2000 + 100 * index });
    const [store, journal, log] = [new FakeStore(), new FakeJournal(), new FakeLog()];
    return {
      address,
      store,
      journal,
      secrets: new FakeSecrets(),
      learner,
      log,
      onCall: undefined,
      tamper: () => ({}),
      leave: () => {},
      plan: undefined,
      scoresEvery: undefined,
      relayed: false,
      process: undefined,
    };
  }

  /** Takes a hospital's gas away, and lets others send what it signs. */
  makeGasless(site: Site): void {
    site.relayed = true;
    this.chain.gasless.add(site.address);
  }

  /** Starts every party that is not running. */
  start(): void {
    for (const site of this.hospitals) if (!site.process) this.startHospital(site);
    for (const site of this.aggregators) if (!site.process) this.startAggregator(site);
  }

  startHospital(site: Site): void {
    const { controller, ports, life } = this.#open(site);
    const options = {
      maxModelBytes: 1 << 20,
      software: this.plan.software,
      plan: site.plan,
      scoresEvery: site.scoresEvery,
      relayed: site.relayed,
      relayGasPerRound: this.relayGas,
    };
    const process = { controller, done: Promise.resolve(), life };
    const onEvent = (event: HospitalEvent) => void (life.dead || this.events.push(event));
    process.done = takePart(ports, options, { signal: controller.signal, onEvent });
    site.process = process;
  }

  startAggregator(site: Site): void {
    const { controller, ports, life } = this.#open(site);
    const { planDigest: plan, genesis } = this;
    const options = {
      plan,
      genesis,
      rounds: this.plan.rounds,
      settleSeconds: 5,
      relayGasPerRound: this.relayGas,
      maxModelBytes: 1 << 20,
    };
    const process = { controller, done: Promise.resolve(), life };
    const onEvent = (event: AggregatorEvent) => void (life.dead || this.events.push(event));
    process.done = aggregateRounds(ports satisfies AggregatorPorts, options, { signal: controller.signal, onEvent });
    site.process = process;
  }

  /** Kills a site's process without waiting for it. */
  kill(site: Site): void {
    if (site.process) site.process.life.dead = true;
    site.process = undefined;
    site.leave();
  }

  async stop(): Promise<void> {
    const running = [...this.hospitals, ...this.aggregators].flatMap(({ process }) => process ?? []);
    for (const { controller } of running) controller.abort();
    await Promise.all(running.map(({ done }) => done));
  }

  /** Runs until the condition holds, then stops all parties. */
  async runUntil(condition: () => boolean, options: { withinSeconds?: number } = {}): Promise<void> {
    try {
      await this.time.runUntil(condition, options);
    } finally {
      await this.stop();
    }
  }

  get finals(): readonly (Digest | undefined)[] {
    return this.chain.rounds.filter(({ status }) => status === "final").map(({ model }) => model);
  }

  #open(site: Site) {
    const { address, store, journal, secrets, learner, log } = site;
    const { exchange, gossip, signedWrites, leave } = this.network.join(address, store);
    const own: HospitalPorts = {
      ledger: this.chain.ledger(address),
      blobs: store,
      exchange,
      gossip,
      signedWrites,
      journal,
      secrets,
      randomSecret: () => secretOf(`${address} ${this.#secrets++}`),
      learner,
      log,
      signatures: fakeSignatures(address),
      clock: this.time,
    };
    site.leave = leave;
    const life: ProcessState = { dead: false, onCall: site.onCall };
    const ports = killablePorts({ ...own, ...site.tamper(own) }, life);
    return { controller: new AbortController(), life, ports };
  }
}
