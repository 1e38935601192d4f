// The safety rules, checked after every step: on the chain, on the honest parties' disks, and on everything that honest
// parties send. Liars are not checked.

import { isFedError } from "../../foundation/errors.ts";
import type { RoundState } from "../../protocol/contract/round.ts";
import type { Announcement } from "../../protocol/format/announcement.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { manifestObjects } from "../../protocol/format/private-manifest.ts";
import type { TypedData } from "../../protocol/ports.ts";
import type { SecretCoins } from "../../protocol/private/patient-sum.ts";
import type { ContractCall, FakeContract } from "../fakes/contract.ts";
import type { VirtualTime } from "../fakes/virtual-time.ts";
import { isBudgetSpent } from "./liveness.ts";
import { NotesCheck } from "./notes-check.ts";
import type { Oracle } from "./oracle.ts";
import { PrivateSafety } from "./private-safety.ts";
import type { Block, SimulatedChain } from "./simulated-chain.ts";
import type { Site } from "./site.ts";
import { type Rule, Violation } from "./violation.ts";

/** A party must have reacted to a state or an object that it has had for this long; virtual milliseconds. */
const graceMs = 10_000;

export interface SafetyWorld {
  readonly time: VirtualTime;
  readonly chain: SimulatedChain;
  readonly oracle: Oracle;
  readonly sites: readonly Site[];
  readonly genesis: Digest;
  readonly plan: Plan;
  /** Whether reorganisations may remove confirmed blocks; parties are then not blamed for actions that followed them. */
  readonly deepReorganisations: boolean;
}

export class Safety {
  /** Final models in confirmed blocks, by round. */
  readonly finals = new Map<number, Digest>();
  readonly #world: SafetyWorld;
  readonly #notes = new Map<Site, NotesCheck>();
  readonly #signed = new Map<string, string>();
  readonly #done = new Set<string>();
  /** Updates that went into final models, with their rounds. */
  readonly #counted = new Map<Digest, number>();
  readonly #private: PrivateSafety | undefined;
  #violation: Violation | undefined;
  #checks: Promise<void>[] = [];

  constructor(world: SafetyWorld) {
    this.#world = world;
    for (const site of world.sites)
      if (!site.liar)
        this.#notes.set(site, new NotesCheck(site, { ...world, isPrivate: world.plan.privacy !== undefined }));
    const fail = (violation: Violation) => {
      this.#violation ??= violation;
    };
    this.#private = world.plan.privacy && new PrivateSafety({ ...world, fail });
    world.chain.listeners.add(() => this.#readChain());
  }

  /** Waits for the checks that this step began. @throws Violation */
  async check(): Promise<void> {
    for (const [site, notes] of this.#notes) {
      if (notes.changed) this.#later(() => notes.check(this.finals));
      const broken = site.log.lines.find(({ level }) => level === "error");
      if (broken) this.#fail("unexpected-error", { site: site.address, ...broken.facts });
      const spoilt = this.#private?.spoiltSum(site);
      if (spoilt) this.#fail("sum-spoilt", { site: site.address, ...spoilt.facts });
    }
    if (this.#checks.length > 0) {
      await Promise.all(this.#checks);
      this.#checks = [];
    }
    if (this.#violation) throw this.#violation;
  }

  /** An honest party signs a manifest, a commitment or a vote. */
  signed(site: Site, data: TypedData): void {
    const { address } = site;
    const { types, message: statement } = data;
    this.#private?.signed(site, data);
    // A reorganisation may bring another model under a proposal's number: a vote on each is allowed.
    const names = ["round", "proposal", "model", "holder", "dealer", "deal", "reason"];
    const subject = [Object.keys(types), ...names.map((name) => statement[name])].join(" ");
    const key = `${address} ${subject}`;
    const text = JSON.stringify(statement);
    const before = this.#signed.get(key);
    if (before !== undefined && before !== text && !this.#world.deepReorganisations) {
      this.#fail("signed-twice", { by: address, round: statement["round"] });
    }
    this.#signed.set(key, text);
  }

  /** An honest hospital samples its patients for a round with noise. */
  sampled(site: Site, coins: SecretCoins): void {
    this.#private?.sampled(site, coins);
  }

  /** An honest hospital has masked its input. */
  masked(site: Site, round: number, object: Uint8Array): void {
    this.#private?.masked(site, round, object);
  }

  /** An honest party publishes an announcement. */
  announced(site: Site, announcement: Announcement): void {
    const { address } = site;
    const { kind, round, digest } = announcement;
    if (kind !== "manifest" && kind !== "proposal") {
      this.#later(async () => this.#private?.announced(site, announcement, this.#world.chain.head.contract.rounds));
      return;
    }
    if (!this.#done.has(`${kind} ${round} ${address} ${digest}`)) {
      this.#fail("announced-too-early", { by: address, kind, round });
    }
  }

  /** An honest party sends a transaction. */
  sent(site: Site, call: ContractCall): void {
    const { chain, deepReorganisations } = this.#world;
    const { contract } = chain.head;
    const seen = this.#seenLongAgo(site);
    if (seen && !deepReorganisations) this.#checkAgainstSeen(site, call, seen);
    if (call.name === "proposeModel") {
      const { round: id, model, included } = call.args;
      this.#later(() => this.#checkAverage("proposed-wrong", site, contract.rounds, { id, model, included }));
    }
    if (call.name === "attest" && call.args.agree) {
      const { round: id, proposal: number } = call.args;
      const proposal = contract.rounds[id - 1]?.proposals[number - 1];
      if (!proposal) return;
      const { model, included } = proposal;
      this.#later(() => this.#checkAverage("agreed-to-wrong", site, contract.rounds, { id, model, included }));
    }
  }

  #fail(rule: Rule, facts: Readonly<Record<string, unknown>>): void {
    this.#violation ??= new Violation(rule, facts);
  }

  #later(check: () => Promise<void>): void {
    this.#checks.push(
      check().catch((error) => {
        if (!(error instanceof Violation)) throw error;
        this.#violation ??= error;
      }),
    );
  }

  /** The newest state that this process read at least `graceMs` ago. */
  #seenLongAgo({ process }: Site): Block | undefined {
    const before = this.#world.time.now() - graceMs;
    return process?.read.findLast(({ at }) => at <= before)?.block;
  }

  #checkAgainstSeen({ address, process }: Site, call: ContractCall, { contract }: Block): void {
    const read = process?.read ?? [];
    if (contract.members.find((member) => member.address === address)?.active === false) {
      this.#fail("acted-while-revoked", { by: address, call: call.name });
    }
    if (call.name === "openRound") {
      if (isBudgetSpent(contract.state)) this.#fail("opened-beyond-budget", { by: address });
      return;
    }
    const id = call.args.round;
    const round = contract.rounds[id - 1];
    if (!round) return;
    const proposal = call.name === "attest" ? round.proposals[call.args.proposal - 1] : undefined;
    const done =
      call.name === "commitUpdate"
        ? round.commitments.some(({ member }) => member === address)
        : proposal?.attestations.some(({ member }) => member === address);
    if (done) this.#fail("repeated-write", { by: address, call: call.name, round: id });
    if (call.name !== "expire") return;
    const due = (state: FakeContract) => {
      try {
        state.clone().apply(address, call, this.#world.chain.head.time + 1);
        return true;
      } catch (error) {
        if (!isFedError(error)) throw error;
        return false;
      }
    };
    const known = read.filter(({ at }) => at > this.#world.time.now() - graceMs).map(({ block }) => block.contract);
    if (![contract, ...known, this.#world.chain.head.contract].some(due)) {
      this.#fail("expired-early", { by: address, round: id, status: round.status });
    }
  }

  async #checkAverage(
    rule: Rule,
    site: Site,
    rounds: readonly RoundState[],
    { id, model, included }: { id: number; model: Digest; included: readonly HospitalAddress[] },
  ): Promise<void> {
    const round = rounds[id - 1];
    if (!round || this.#world.deepReorganisations) return;
    const { oracle, time } = this.#world;
    const expected = await oracle.model(round, rounds, included);
    if (expected !== model) throw new Violation(rule, { by: site.address, round: id, expected, found: model });
    const before = time.now() - graceMs;
    if (!site.process || site.process.startedAt > before) return;
    const heldLong = (digest: Digest) => (site.store.heldSince.get(digest) ?? Number.POSITIVE_INFINITY) < before;
    // What a seal leaves out is decided before, and by more than the objects.
    if (round.seal) return;
    for (const commitment of round.commitments) {
      const { member, manifest } = commitment;
      if (included.includes(member) || !heldLong(manifest)) continue;
      const valid = await oracle.validUpdate(commitment, round, rounds);
      if (valid && heldLong(valid.manifest.update)) throw new Violation("left-out-held", { by: site.address, member });
    }
  }

  #readChain(): void {
    const { chain, oracle, deepReorganisations } = this.#world;
    const head = chain.head.contract;
    for (const round of head.rounds) this.#recordWrites(round);
    if (!deepReorganisations) this.#private?.read(chain.confirmed.contract.rounds);
    const { rounds } = chain.confirmed.contract;
    for (const [id, model] of this.finals) {
      if (rounds[id - 1]?.model === model) continue;
      if (!deepReorganisations) this.#fail("final-changed", { round: id, from: model, to: rounds[id - 1]?.model });
      this.finals.delete(id);
    }
    for (const round of rounds) {
      const { id, model } = round;
      if (model === undefined || this.finals.has(id)) continue;
      this.finals.set(id, model);
      const included = round.proposals.find(({ status }) => status === "accepted")?.included ?? [];
      this.#later(async () => {
        const expected = await oracle.model(round, rounds, included);
        if (expected !== model) throw new Violation("final-wrong", { round: id, expected, found: model });
        if (!deepReorganisations && !round.seal) await this.#countOnce(round, rounds);
      });
    }
  }

  async #countOnce(round: RoundState, rounds: readonly RoundState[]): Promise<void> {
    const included = round.proposals.find(({ status }) => status === "accepted")?.included ?? [];
    for (const commitment of round.commitments) {
      const { member } = commitment;
      const honest = this.#world.sites.some(({ address, liar }) => address === member && !liar);
      if (!honest || !included.includes(member)) continue;
      const update = (await this.#world.oracle.validUpdate(commitment, round, rounds))?.manifest.update as Digest;
      const before = this.#counted.get(update);
      if (before !== undefined) throw new Violation("counted-twice", { by: member, rounds: `${before}, ${round.id}` });
      this.#counted.set(update, round.id);
    }
  }

  #recordWrites({ id, commitments, proposals }: RoundState): void {
    for (const { member, manifest } of commitments) {
      const write = `manifest ${id} ${member} ${manifest}`;
      if (this.#done.has(write)) continue;
      this.#done.add(write);
      const site = this.#world.sites.find(({ address }) => address === member);
      if (site && !site.liar && !holdsUpdate(site, manifest))
        this.#fail("committed-without-object", { by: member, round: id });
    }
    for (const { proposer, model } of proposals) this.#done.add(`proposal ${id} ${proposer} ${model}`);
  }
}

function holdsUpdate({ store }: Site, manifest: Digest): boolean {
  const bytes = store.blobs.get(manifest);
  if (!bytes) return false;
  return manifestObjects(bytes).every((digest) => store.blobs.has(digest));
}
