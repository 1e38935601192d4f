// One simulated life of a federation: the real hospital and aggregator code over ports that misbehave as the seed says,
// its rules checked after every step, and in the end calm, in which it must get on.
import { aggregateRounds } from "../../aggregator/aggregate-rounds.ts";
import { type HospitalPorts, runHospital } from "../../node/hospital.ts";
import type { RoundTerms } from "../../protocol/contract/round.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { encodePlan, type Plan } from "../../protocol/format/plan.ts";
import { type Life, mortalPorts } from "../fakes/crash.ts";
import { addressOf, examplePlan } from "../fakes/federation.ts";
import { genesisModel } from "../fakes/learner.ts";
import { fakeSignatures } from "../fakes/party-ports.ts";
import { VirtualTime } from "../fakes/virtual-time.ts";
import { Dice } from "./dice.ts";
import { drawWeather, type Weather } from "./faults.ts";
import { aggregatorLies, hospitalLies } from "./liars.ts";
import { hasGotOn } from "./liveness.ts";
import type { Mutant } from "./mutants.ts";
import { Oracle } from "./oracle.ts";
import { Safety } from "./safety.ts";
import { SimulatedChain } from "./simulated-chain.ts";
import { simulatedLedger } from "./simulated-ledger.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { openSite, type Process, type Site } from "./site.ts";
import { tapPorts } from "./tap.ts";
import { Trail } from "./trail.ts";
import { Violation } from "./violation.ts";

const terms: RoundTerms = {
  commitPeriod: 24,
  proposePeriod: 24,
  attestPeriod: 24,
  minUpdates: 2,
  maxProposals: 4,
  sampleCap: 1000,
};
const maxModelBytes = 1 << 20;
/** Virtual seconds that a round in calm may take to become final. */
const calmSeconds = 1500;
/** After the faults have ended, what they left over has settled: partitions are forgotten, backlogs worked off. */
const settlingSeconds = 15;

export class Simulation {
  readonly seed: number;
  readonly weather: Weather;
  readonly time = new VirtualTime();
  readonly chain: SimulatedChain;
  readonly network: SimulatedNetwork;
  readonly sites: readonly Site[];
  readonly safety: Safety;
  readonly trail = new Trail();
  steps = 0;
  crashes = 0;
  readonly #mutant: Mutant | undefined;
  readonly #dice: Dice;
  readonly #oracle: Oracle;
  readonly #plan: Plan;
  readonly #planDigest: Digest;
  readonly #genesis: Digest;
  #calm = false;

  static async prepare(seed: number, mutant?: Mutant): Promise<Simulation> {
    const dice = new Dice(seed);
    const weather = { ...drawWeather(dice), ...mutant?.weather };
    const strategy = { name: "fedavg", maxSharePermille: 1000, maxStaleness: weather.maxStaleness } as const;
    const plan = examplePlan({ rounds: 1000, strategy });
    const oracle = new Oracle(plan);
    const digests = { plan: await oracle.depot.put(encodePlan(plan)), genesis: await oracle.depot.put(genesisModel()) };
    return new Simulation(seed, { dice, weather, mutant, plan, oracle, digests });
  }

  private constructor(
    seed: number,
    given: {
      dice: Dice;
      weather: Weather;
      mutant: Mutant | undefined;
      plan: Plan;
      oracle: Oracle;
      digests: { plan: Digest; genesis: Digest };
    },
  ) {
    const { dice, weather, oracle, digests } = given;
    const { time } = this;
    this.seed = seed;
    this.weather = weather;
    this.#dice = dice;
    this.#oracle = oracle;
    this.#plan = given.plan;
    this.#mutant = given.mutant;
    this.#planDigest = digests.plan;
    this.#genesis = digests.genesis;
    this.network = new SimulatedNetwork(time, dice);
    this.sites = this.#openSites();
    this.chain = new SimulatedChain(
      { time, dice },
      {
        ...{ terms, confirmations: weather.confirmations, blockMs: weather.blockMs },
        found: (genesis) => {
          for (const { address, role } of this.sites) genesis.admit(address, role, 1_000_000);
        },
      },
    );
    const deepReorganisations = weather.deepestReorganisation > weather.confirmations;
    const world = { time, chain: this.chain, oracle, sites: this.sites, genesis: digests.genesis };
    this.safety = new Safety({ ...world, deepReorganisations });
    this.chain.listeners.add(() => this.#note("block", this.chain.head.number));
  }

  /** @throws Violation */
  async run(): Promise<void> {
    for (const site of this.sites) this.#start(site);
    this.#weatherTick();
    if (this.weather.revokeAfter > 0) this.time.at(this.weather.revokeAfter * 1000, () => this.#revokeOne());
    const end = this.weather.calmAfter + settlingSeconds + calmSeconds;
    try {
      await this.time.runUntil(
        async () => {
          this.steps++;
          await this.safety.check();
          return this.#hasGotOn() || this.time.now() > end * 1000;
        },
        { withinSeconds: end + 10 },
      );
      if (!this.#hasGotOn()) throw new Violation("stood-still", { finals: this.safety.finals.size });
    } finally {
      for (const site of this.sites) this.#bury(site);
    }
  }

  #openSites(): Site[] {
    const { weather } = this;
    const dice = this.#dice;
    const open = (index: number, role: Site["role"], liar: boolean) => {
      const lies = role === "hospital" ? hospitalLies : aggregatorLies;
      const planted = this.#mutant?.[role];
      const site = openSite(
        { time: this.time, dice, pause: () => this.#pause() },
        {
          ...{ address: addressOf(index), role, liar },
          tamper: liar ? (this.#mutant?.lie ?? dice.pick(lies)) : (planted ?? (() => ({}))),
          trainScans: 10 + index,
          drift: (weather.drift * dice.between(-100, 100)) / 100,
        },
      );
      const { blobs } = this.#oracle.depot;
      site.store.onPut = (digest, bytes) => blobs.set(digest, bytes);
      if (role === "aggregator") for (const [digest, bytes] of blobs) site.store.blobs.set(digest, bytes);
      if (!liar) this.#mutant?.site?.(site);
      return site;
    };
    const hospitals = Array.from({ length: weather.hospitals }, (_, i) => open(i, "hospital", i < weather.liars));
    const aggregators = Array.from({ length: weather.aggregators }, (_, i) =>
      open(100 + i, "aggregator", i === 0 && weather.lyingAggregator),
    );
    const sites = [...hospitals, ...aggregators];
    this.#keepToThemselves(hospitals.filter(({ liar }) => liar));
    return sites;
  }

  /** Some liars serve few of the others, or none. */
  #keepToThemselves(liars: readonly Site[]): void {
    const serves = new Map(liars.map(({ address }) => [address, this.#dice.pick([1, 1, 0.4, 0])]));
    const decided = new Map<string, boolean>();
    this.network.serves = ({ from, to, digest }) => {
      const share = serves.get(from) ?? 1;
      const key = `${from} ${to} ${digest}`;
      if (!decided.has(key)) decided.set(key, share === 1 || this.#dice.chance(share));
      return decided.get(key) as boolean;
    };
  }

  #start(site: Site): void {
    const { address, store, journal, learner, log, clock, endpoint, role } = site;
    const life: Life = { dead: false, passing: (act, when) => this.#passing(site, act, when) };
    const process: Process = { life, controller: new AbortController(), startedAt: this.time.now(), read: [] };
    const { exchange, gossip, leave } = this.network.join(address, store);
    const ledger = simulatedLedger(address, {
      ...{ chain: this.chain, endpoint, pause: (waiting) => this.#pause(waiting), dead: () => life.dead },
      onRead: (block) => {
        if (process.read.at(-1)?.block !== block) process.read.push({ at: this.time.now(), block });
      },
    });
    const signatures = fakeSignatures(address);
    const own: HospitalPorts = {
      ...{ ledger, blobs: store, exchange, gossip, journal, learner, log, signatures, clock },
    };
    const mortal = mortalPorts(own, life);
    const tapped = site.liar ? mortal : tapPorts(mortal, { site, safety: this.safety });
    const ports = { ...tapped, ...site.tamper(tapped) };
    site.process = process;
    site.leave = leave;
    const { signal } = process.controller;
    const options = { maxModelBytes, signal };
    const running =
      role === "hospital"
        ? runHospital(ports, { maxModelBytes, software: this.#plan.software }, { signal, onEvent: () => {} })
        : aggregateRounds(
            ports,
            { ...options, plan: this.#planDigest, genesis: this.#genesis, rounds: this.#plan.rounds, settleSeconds: 5 },
            { signal, onEvent: () => {} },
          );
    running.catch((error) => log.error("party-ended", { error: String(error?.stack ?? error) }));
  }

  #bury(site: Site): void {
    if (!site.process) return;
    site.process.life.dead = true;
    site.process = undefined;
    site.leave();
    site.unsynced.store.crash();
    site.unsynced.journal.crash();
  }

  #crash(site: Site): void {
    this.crashes++;
    this.#note("crash", site.address);
    this.#bury(site);
    const backAfter = this.#calm ? 0 : this.#dice.between(500, 15_000);
    this.time.at(this.time.now() + backAfter, () => this.#start(site));
  }

  /** Every answer of the outside world takes a moment, or none. */
  async #pause(waiting?: { signal?: AbortSignal }): Promise<void> {
    const longest = this.#calm ? 50 : Math.min(400, this.weather.longestMs);
    if (this.#dice.chance(0.15)) await this.time.sleep(this.#dice.between(1, longest), waiting);
  }

  #passing(site: Site, act: string, when: "before" | "after"): void {
    this.#note(site.address.slice(2, 6), act, when);
    if (!this.#calm && act !== "clock.now" && this.#dice.chance(this.weather.crashPerAct)) this.#crash(site);
  }

  #note(what: string, which: string | number = "", when = ""): void {
    this.trail.note(this.steps, this.time.now(), what, which, when);
  }

  /** Once a virtual second something may go wrong, until calm. */
  #weatherTick(): void {
    const { weather, network, time } = this;
    const dice = this.#dice;
    if (time.now() >= weather.calmAfter * 1000) {
      this.#becomeCalm();
      return;
    }
    network.loss = weather.loss;
    network.longestMs = weather.longestMs;
    const site = dice.pick(this.sites);
    const soon = (undo: () => void) => time.at(time.now() + dice.between(2000, 40_000), undo);
    if (dice.chance(weather.crashPerSecond) && site.process) this.#crash(site);
    if (weather.deepestReorganisation > 0 && dice.chance(weather.reorganisationPerSecond)) {
      this.chain.reorganise(dice.between(1, weather.deepestReorganisation));
    }
    if (dice.chance(weather.partitionPerSecond)) {
      for (const { address } of this.sites) network.parts.set(address, dice.between(0, 1));
      soon(() => network.parts.clear());
    }
    if (dice.chance(weather.endpointDownPerSecond)) {
      site.endpoint.down = true;
      soon(() => {
        site.endpoint.down = false;
      });
    }
    if (dice.chance(weather.lagPerSecond)) site.endpoint.lag = dice.between(0, 3);
    time.at(time.now() + 1000, () => this.#weatherTick());
  }

  #becomeCalm(): void {
    this.#calm = true;
    this.#note("calm");
    this.network.loss = 0;
    this.network.longestMs = 200;
    this.network.parts.clear();
    for (const { endpoint } of this.sites) {
      endpoint.down = false;
      endpoint.lag = 0;
    }
  }

  #hasGotOn(): boolean {
    const calmFrom = 1_000_000 + this.weather.calmAfter + settlingSeconds;
    return this.#calm && hasGotOn(this.chain.confirmed.contract, this.sites, calmFrom + terms.commitPeriod);
  }

  #revokeOne(): void {
    const hospitals = this.sites.filter(({ role }) => role === "hospital");
    this.chain.revoke(this.#dice.pick(hospitals).address);
  }
}
