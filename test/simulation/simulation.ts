// One simulated run of a federation: the real hospital and aggregator code over ports with faults drawn from the seed.
// All rules are checked after every step. Then all faults stop, and the federation must make progress.
import { aggregateRounds } from "../../aggregator/aggregate-rounds.ts";
import { type HospitalPorts, takePart } from "../../node/hospital.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { encodePlan, type Plan } from "../../protocol/format/plan.ts";
import { foundingSums } from "../../protocol/format/privacy-spec.ts";
import { killablePorts, type ProcessState } from "../fakes/crash.ts";
import { addressOf } from "../fakes/federation.ts";
import { genesisModel } from "../fakes/learner.ts";
import { fakeSignatures } from "../fakes/party-ports.ts";
import { VirtualTime } from "../fakes/virtual-time.ts";
import { checkedPorts } from "./checked-ports.ts";
import { drawFaults, type Faults, faultsOf, type RoundKind } from "./faults.ts";
import { aggregatorLies, hospitalLies } from "./liars.ts";
import { hasProgressed, hasStopped, isBudgetSpent } from "./liveness.ts";
import type { Mutant } from "./mutants.ts";
import { Oracle } from "./oracle.ts";
import { bucketLies, privateLies } from "./private-liars.ts";
import { Safety } from "./safety.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedChain } from "./simulated-chain.ts";
import { simulatedLedger } from "./simulated-ledger.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { openSite, type Process, type Site } from "./site.ts";
import { fewHospitals, planFor, termsFor } from "./terms.ts";
import { Trace } from "./trace.ts";
import { Violation } from "./violation.ts";

const maxModelBytes = 1 << 20;
const relayGasPerRound = 3_000_000;
/** Virtual seconds for a round to become final after the faults. */
const progressSeconds = 1500;
/** Virtual seconds for the effects of the faults to end: pending transfers, retry pauses. */
const settlingSeconds = 15;

export class Simulation {
  readonly seed: number;
  readonly faults: Faults;
  readonly time = new VirtualTime();
  readonly chain: SimulatedChain;
  readonly network: SimulatedNetwork;
  readonly sites: readonly Site[];
  readonly safety: Safety;
  readonly trace = new Trace();
  steps = 0;
  crashes = 0;
  readonly #mutant: Mutant | undefined;
  readonly #random: SeededRandom;
  readonly #oracle: Oracle;
  readonly #plan: Plan;
  readonly #planDigest: Digest;
  readonly #genesis: Digest;
  #faultFree = false;

  static async prepare(seed: number, mutant: Mutant | undefined, kind: RoundKind): Promise<Simulation> {
    const random = new SeededRandom(seed);
    const faults = faultsOf({ ...drawFaults(random), ...mutant?.faults, ...kind });
    const plan = planFor(faults);
    const oracle = new Oracle(plan);
    const digests = {
      plan: await oracle.objects.put(encodePlan(plan)),
      genesis: await oracle.objects.put(genesisModel()),
    };
    return new Simulation(seed, { random, faults, mutant, plan, oracle, digests });
  }

  private constructor(
    seed: number,
    given: {
      random: SeededRandom;
      faults: Faults;
      mutant: Mutant | undefined;
      plan: Plan;
      oracle: Oracle;
      digests: { plan: Digest; genesis: Digest };
    },
  ) {
    const { random, faults, oracle, digests } = given;
    const { time } = this;
    this.seed = seed;
    this.faults = faults;
    this.#random = random;
    this.#oracle = oracle;
    this.#plan = given.plan;
    this.#mutant = given.mutant;
    this.#planDigest = digests.plan;
    this.#genesis = digests.genesis;
    this.network = new SimulatedNetwork(time, random);
    this.sites = this.#openSites();
    this.chain = new SimulatedChain(
      { time, random },
      {
        terms: termsFor(this.faults),
        sums: foundingSums(given.plan),
        isCharged: !this.#mutant?.isUncharged,
        confirmations: faults.confirmations,
        blockMs: faults.blockMs,
        prepare: (genesis) => {
          for (const { address, role } of this.sites) genesis.admit(address, role, 1_000_000);
        },
      },
    );
    const deepReorganisations = faults.deepestReorganisation > faults.confirmations;
    const world = { time, chain: this.chain, oracle, sites: this.sites, genesis: digests.genesis, plan: given.plan };
    this.safety = new Safety({ ...world, deepReorganisations });
    this.chain.listeners.add(() => this.#note("block", this.chain.head.number));
  }

  /** @throws Violation */
  async run(): Promise<void> {
    for (const site of this.sites) this.#start(site);
    this.#injectFaults();
    if (this.faults.revokeAfter > 0) this.time.at(this.faults.revokeAfter * 1000, () => this.#revokeOne());
    const end = this.faults.faultFreeAfter + settlingSeconds + progressSeconds;
    try {
      await this.time.runUntil(
        async () => {
          this.steps++;
          await this.safety.check();
          return this.#hasProgressed() || this.time.now() > end * 1000;
        },
        { withinSeconds: end + 10 },
      );
      if (!this.#hasProgressed()) throw new Violation("no-progress", { finals: this.safety.finals.size });
    } finally {
      for (const site of this.sites) this.#kill(site);
    }
  }

  #openSites(): Site[] {
    const { faults } = this;
    const random = this.#random;
    const firstRelayed = faults.hospitals - faults.relayed;
    const open = (index: number, role: Site["role"], liar: boolean) => {
      const relayed = role === "hospital" && index >= firstRelayed;
      const ofHospitals = faults.isBucketed ? bucketLies : faults.isPrivate ? privateLies : hospitalLies;
      const lies = role === "hospital" ? ofHospitals : aggregatorLies;
      const planted = this.#mutant?.[role];
      const site = openSite(
        { time: this.time, random, pause: () => this.#pause() },
        {
          address: addressOf(index),
          role,
          liar,
          relayed,
          gasless: relayed && (index - firstRelayed) % 2 === 0,
          tamper: liar ? (this.#mutant?.lie ?? random.pick(lies)) : (planted ?? (() => ({}))),
          trainScans: 10 + index,
          drift: (faults.drift * random.between(-100, 100)) / 100,
        },
      );
      const { blobs } = this.#oracle.objects;
      site.store.onPut = (digest, bytes) => blobs.set(digest, bytes);
      if (role === "aggregator") for (const [digest, bytes] of blobs) site.store.blobs.set(digest, bytes);
      if (!liar) this.#mutant?.site?.(site);
      return site;
    };
    const hospitals = Array.from({ length: faults.hospitals }, (_, i) => open(i, "hospital", i < faults.liars));
    const aggregators = Array.from({ length: faults.aggregators }, (_, i) =>
      open(100 + i, "aggregator", i === 0 && faults.lyingAggregator),
    );
    const sites = [...hospitals, ...aggregators];
    this.#limitServing(hospitals.filter(({ liar }) => liar));
    return sites;
  }

  /** Some liars serve only some members, or none. */
  #limitServing(liars: readonly Site[]): void {
    const serves = new Map(liars.map(({ address }) => [address, this.#random.pick([1, 1, 0.4, 0])]));
    const decided = new Map<string, boolean>();
    this.network.serves = ({ from, to, digest }) => {
      const share = serves.get(from) ?? 1;
      const key = `${from} ${to} ${digest}`;
      if (!decided.has(key)) decided.set(key, share === 1 || this.#random.chance(share));
      return decided.get(key)!;
    };
  }

  #start(site: Site): void {
    const { address, store, journal, secrets, randomSecret, learner, log, clock, endpoint, role } = site;
    const life: ProcessState = { dead: false, onCall: (act, when) => this.#onCall(site, act, when) };
    const process: Process = { life, controller: new AbortController(), startedAt: this.time.now(), read: [] };
    const { exchange, gossip, signedWrites, leave } = this.network.join(address, store);
    const ledger = simulatedLedger(address, {
      chain: this.chain,
      endpoint,
      pause: (waiting) => this.#pause(waiting),
      dead: () => life.dead,
      gasless: site.gasless,
      onRead: (block) => {
        if (process.read.at(-1)?.block !== block) process.read.push({ at: this.time.now(), block });
      },
    });
    const signatures = fakeSignatures(address);
    const blobs = store;
    const network = { exchange, gossip, signedWrites };
    const disk = { blobs, journal, secrets, randomSecret };
    const own: HospitalPorts = { ...network, ...disk, ledger, learner, log, signatures, clock };
    const killable = killablePorts(own, life);
    const checked = site.liar ? killable : checkedPorts(killable, { site, safety: this.safety });
    const ports = { ...checked, ...site.tamper(checked) };
    site.process = process;
    site.leave = leave;
    const { signal } = process.controller;
    const rules = site.liar ? undefined : this.#mutant?.bucketRules;
    const options = { maxModelBytes, relayGasPerRound, bucketRules: rules ?? fewHospitals };
    const hospital = { ...options, software: this.#plan.software };
    const running =
      role === "hospital"
        ? takePart(ports, { ...hospital, relayed: site.relayed }, { signal, onEvent: () => {} })
        : aggregateRounds(
            ports,
            { ...options, plan: this.#planDigest, genesis: this.#genesis, rounds: this.#plan.rounds, settleSeconds: 5 },
            { signal, onEvent: () => {} },
          );
    running.catch((error) => log.error("party-ended", { error: String(error?.stack ?? error) }));
  }

  #kill(site: Site): void {
    if (!site.process) return;
    site.process.life.dead = true;
    site.process = undefined;
    site.leave();
    site.unsynced.store.crash();
    site.unsynced.journal.crash();
    site.unsynced.secrets.crash();
  }

  #crash(site: Site): void {
    this.crashes++;
    this.#note("crash", site.address);
    this.#kill(site);
    const restartAfter = this.#faultFree ? 0 : this.#random.between(500, 15_000);
    this.time.at(this.time.now() + restartAfter, () => this.#start(site));
  }

  /** Some answers of the outside world take time. */
  async #pause(waiting?: { signal?: AbortSignal }): Promise<void> {
    const longest = this.#faultFree ? 50 : Math.min(400, this.faults.longestDelayMs);
    if (this.#random.chance(0.15)) await this.time.sleep(this.#random.between(1, longest), waiting);
  }

  #onCall(site: Site, act: string, when: "before" | "after"): void {
    this.#note(site.address.slice(2, 6), act, when);
    if (!this.#faultFree && act !== "clock.now" && this.#random.chance(this.faults.crashPerCall)) this.#crash(site);
  }

  #note(what: string, which: string | number = "", when = ""): void {
    this.trace.note(this.steps, this.time.now(), what, which, when);
  }

  /** Once a virtual second, faults may begin, until all faults stop. */
  #injectFaults(): void {
    const { faults, network, time } = this;
    const random = this.#random;
    if (time.now() >= faults.faultFreeAfter * 1000) {
      this.#stopFaults();
      return;
    }
    network.loss = faults.loss;
    network.longestDelayMs = faults.longestDelayMs;
    const site = random.pick(this.sites);
    const undoLater = (undo: () => void) => time.at(time.now() + random.between(2000, 40_000), undo);
    if (random.chance(faults.crashPerSecond) && site.process) this.#crash(site);
    if (faults.deepestReorganisation > 0 && random.chance(faults.reorganisationPerSecond)) {
      this.chain.reorganise(random.between(1, faults.deepestReorganisation));
    }
    if (random.chance(faults.partitionPerSecond)) {
      for (const { address } of this.sites) network.partitions.set(address, random.between(0, 1));
      undoLater(() => network.partitions.clear());
    }
    if (random.chance(faults.endpointDownPerSecond)) {
      site.endpoint.down = true;
      undoLater(() => {
        site.endpoint.down = false;
      });
    }
    if (random.chance(faults.lagPerSecond)) site.endpoint.lag = random.between(0, 3);
    time.at(time.now() + 1000, () => this.#injectFaults());
  }

  #stopFaults(): void {
    this.#faultFree = true;
    this.#note("fault-free");
    this.network.loss = 0;
    this.network.longestDelayMs = 200;
    this.network.partitions.clear();
    for (const { endpoint } of this.sites) {
      endpoint.down = false;
      endpoint.lag = 0;
    }
  }

  #hasProgressed(): boolean {
    if (!this.#faultFree) return false;
    const { contract, time: now } = this.chain.confirmed;
    const { commitPeriod, proposePeriod } = termsFor(this.faults);
    if (isBudgetSpent(contract.state)) {
      return hasStopped(contract, this.sites, { now, after: 2 * (commitPeriod + proposePeriod) });
    }
    const faultFreeFrom = 1_000_000 + this.faults.faultFreeAfter + settlingSeconds;
    return hasProgressed(contract, this.sites, faultFreeFrom + commitPeriod);
  }

  #revokeOne(): void {
    const hospitals = this.sites.filter(({ role }) => role === "hospital");
    this.chain.revoke(this.#random.pick(hospitals).address);
  }
}
