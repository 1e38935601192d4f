import { activeHospitals, isOver } from "../../../protocol/contract/state.ts";
import { type Digest, type HospitalAddress, zeroDigest } from "../../../protocol/format/digest.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import type { Plan } from "../../../protocol/format/plan.ts";
import { leastUpdates } from "../../../protocol/judge/included.ts";
import { FakeStore } from "../../fakes/network.ts";
import type { Chain } from "../federation.ts";
import { accounts, RealContract, spareAccounts } from "../real-contract.ts";
import { makeCommitment, makeGenesis } from "./objects.ts";
import type { KnownModel, ObjectState, PlayedHistory, PlayedProposal, PlayedRound } from "./played.ts";
import { PlayedChain } from "./played-chain.ts";
import { type HeldUpdate, inclusionOf, makeProposedModel } from "./proposed-model.ts";
import type { HistoryScript, HospitalScript, PlanKind, ProposalScript, RoundScript } from "./script.ts";
import { bytesOfPlan, planOf, stateOfGenesis } from "./script-objects.ts";
import { makeStatement } from "./statements.ts";

const terms = {
  commitPeriod: 100,
  proposePeriod: 60,
  attestPeriod: 50,
  minUpdates: 2,
  maxExpired: 2,
  sampleCap: 1000,
  earlyShare: 0,
  gracePeriod: 0,
};
const [owner] = accounts as [HospitalAddress];
const aggregator = accounts[6]!;

export async function playHistory(chain: Chain, script: HistoryScript): Promise<PlayedHistory> {
  const player = await Player.found(chain, script);
  for (const round of script.rounds) if (!(await player.playRound(round))) break;
  return player.played();
}

class Player {
  readonly #chain: PlayedChain;
  readonly #store = new FakeStore();
  readonly #models = new Map<Digest, KnownModel>();
  readonly #plans = new Map<Digest, { readonly plan: Plan; readonly state: ObjectState }>();
  readonly #earlierManifests = new Map<number, Digest>();
  #rounds: readonly PlayedRound[] = [];
  #bases: readonly Digest[] = [];
  #spare = 0;
  #plansMade = 0;

  private constructor(real: RealContract) {
    this.#chain = new PlayedChain(real);
  }

  static async found(chain: Chain, script: HistoryScript): Promise<Player> {
    const { bytes, isServed } = makeGenesis(script.genesis);
    const genesis = blobDigest(bytes);
    const plan = planOf(script);
    const early = script.earlyShare ? { earlyShare: 60, gracePeriod: 20 } : {};
    const planBytes = bytesOfPlan(script.plan, plan);
    const agreed = { plan: blobDigest(planBytes), genesis };
    const { real, logs } = await RealContract.deploy(chain, { ...terms, ...early }, agreed);
    const player = new Player(real);
    const block = (await real.rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
    player.#chain.time = Number(block.timestamp);
    player.#chain.follow(logs);
    await player.#putPlan(script.plan, plan, planBytes);
    if (isServed) await player.#store.put(bytes);
    player.#models.set(genesis, { digest: genesis, bytes, state: stateOfGenesis(script) });
    for (let at = 1; at <= script.hospitals; at++) {
      await player.#chain.send(owner, { name: "admit", args: { member: accounts[at]!, role: "hospital" } });
    }
    await player.#chain.send(owner, { name: "admit", args: { member: aggregator, role: "aggregator" } });
    return player;
  }

  played(): PlayedHistory {
    const { federation } = this.#chain.real;
    return {
      federation,
      real: this.#chain.real,
      events: this.#chain.events,
      store: this.#store,
      rounds: this.#rounds,
      seen: this.#chain.seen,
    };
  }

  /** @returns false where no further round can be opened */
  async playRound(script: RoundScript): Promise<boolean> {
    if (script.isRehearsed) await this.#rehearse(script);
    return this.#round(script);
  }

  /** Plays the round with members who do something else, and takes all blocks of it back. */
  async #rehearse(script: RoundScript): Promise<void> {
    const snapshot = await this.#chain.real.rpc("evm_snapshot");
    const kept = [
      this.#chain.history.clone(),
      this.#chain.events,
      this.#rounds,
      this.#bases,
      this.#chain.time,
      this.#spare,
    ] as const;
    const manifests = [...this.#earlierManifests];
    const hospitals = script.hospitals.map((each) => ({ ...each, update: "honest", rotates: "never" }) as const);
    await this.#round({ ...script, hospitals, interlude: "nothing" });
    await this.#chain.real.rpc("evm_revert", [snapshot]);
    this.#chain.count("branch reorganised away");
    [this.#chain.history, this.#chain.events, this.#rounds, this.#bases, this.#chain.time, this.#spare] = kept;
    this.#earlierManifests.clear();
    for (const [member, manifest] of manifests) this.#earlierManifests.set(member, manifest);
  }

  async #round(script: RoundScript): Promise<boolean> {
    const before = this.#chain.state.round;
    // An opener that failed has to wait until others had their time.
    this.#chain.time = Math.max(this.#chain.time, before?.deadline ?? 0, this.#chain.state.pausedUntil) + 1;
    if (!(await this.#chain.send(aggregator, { name: "openRound", args: this.#chain.opening() }))) return false;
    const { id, plan, base } = this.#chain.newest();
    this.#bases = this.#bases[0] === base ? this.#bases : [base, ...this.#bases];
    const known = this.#plans.get(plan)!;
    const round: PlayedRound = {
      ...{ id, plan: known.state, base: this.#models.get(base)!.state, leastUpdates: leastUpdates(known.plan) },
      ...{ commitments: [], proposals: [] },
    };
    this.#rounds = [...this.#rounds, round];
    const held = new Map<number, HeldUpdate>();
    for (const member of this.#chain.newest().members)
      await this.#commit(round, member, script.hospitals[member]!, held);
    await this.#interlude(script.interlude);
    for (const proposal of script.proposals) {
      if (isOver(this.#chain.newest())) break;
      await this.#propose(round, proposal, script, held);
      await this.#expireIf(() => this.#chain.newest().status === "proposed");
    }
    await this.#expireIf(() => !isOver(this.#chain.newest()));
    await this.#expireIf(() => !isOver(this.#chain.newest()));
    const { model } = this.#chain.newest();
    if (model) this.#bases = this.#bases[0] === model ? this.#bases : [model, ...this.#bases];
    return true;
  }

  async #commit(
    round: PlayedRound,
    member: number,
    script: HospitalScript,
    held: Map<number, HeldUpdate>,
  ): Promise<void> {
    if (script.update === "silent") return;
    if (script.rotates === "before committing") await this.#rotate(member);
    const { plan: planDigest, id, commitments } = this.#chain.newest();
    const { plan } = this.#plans.get(planDigest)!;
    const bases = this.#bases.slice(0, 1 + plan.strategy.maxStaleness).map((digest) => {
      return this.#models.get(digest)!;
    });
    const hospital = this.#chain.keyOf(member);
    const maker = {
      ...{ federation: this.#chain.real.federation, plan, planDigest, bases, round: id, hospital },
      ...{ earlier: this.#earlierManifests.get(member), others: commitments[0]?.manifest, stranger: owner },
    };
    const { manifest, sampleCount, update, age, state } = await makeCommitment(script.update, maker, this.#store);
    const args = { round: id, manifest, sampleCount };
    const isTaken =
      script.update === "relayed"
        ? await this.#chain.send(owner, {
            name: "commitUpdates",
            args: { round: id, signed: [{ member: hospital, manifest, sampleCount }] },
          })
        : await this.#chain.send(hospital, { name: "commitUpdate", args });
    if (!isTaken) return;
    this.#chain.count(`committed ${script.update}`);
    this.#earlierManifests.set(member, manifest);
    round.commitments.push({ member, update: state });
    if (state === "good") held.set(member, { member, sampleCount, age, bytes: update });
  }

  async #interlude(kind: RoundScript["interlude"]): Promise<void> {
    switch (kind) {
      case "revocation": {
        const [gone] = activeHospitals(this.#chain.state);
        if (gone) await this.#chain.send(owner, { name: "revoke", args: { member: gone.key } });
        return;
      }
      case "opener rotates":
        return this.#rotate(this.#chain.newest().opener.index!);
      case "pause": {
        const until = this.#chain.time + 6;
        if (await this.#chain.send(owner, { name: "pauseUntil", args: { until } })) this.#chain.time = until;
        return;
      }
      case "new plan":
      case "bad plan": {
        const { plan } = this.#plans.get(this.#chain.newest().plan)!;
        const changed = { ...plan, seed: plan.seed + 1, rounds: plan.rounds + 1 };
        const state =
          kind === "new plan" ? "good" : (["garbage", "missing", "lone surrogate"] as const)[this.#plansMade++ % 3]!;
        const bytes = bytesOfPlan(state, changed);
        await this.#putPlan(state, changed, bytes);
        await this.#chain.send(owner, { name: "agreePlan", args: { plan: blobDigest(bytes), genesis: zeroDigest } });
        return;
      }
      case "nothing":
    }
  }

  async #propose(
    round: PlayedRound,
    script: ProposalScript,
    { hospitals }: RoundScript,
    held: ReadonlyMap<number, HeldUpdate>,
  ): Promise<void> {
    const { status, commitBy, proposeBy, opener, members, commitments, proposingSince } = this.#chain.newest();
    const half = Math.ceil((proposeBy - commitBy) / 2);
    if (commitments.length < members.length) this.#chain.time = Math.max(this.#chain.time, commitBy);
    if (script.hasWaited) this.#chain.time = Math.max(this.#chain.time, proposingSince + half);
    if (status === "committing" && !script.byOpener) this.#chain.time = Math.max(this.#chain.time, proposeBy);
    const included = inclusionOf(script.included, round, held);
    const { plan: planDigest, base, id, proposals } = this.#chain.newest();
    const made = await makeProposedModel(script.model, {
      plan: this.#plans.get(planDigest)!.plan,
      base: this.#models.get(base)!,
      older: this.#models.get(this.#bases[1] ?? zeroDigest),
      ...{ members, included, held },
      seed: `model ${id} ${proposals.length} ${this.#rounds.length}`,
    });
    if (script.model !== "missing") await this.#store.put(made.bytes);
    const model = blobDigest(made.bytes);
    const proposer = script.byOpener ? opener.index! : members.find((index) => this.#chain.isActive(index))!;
    const args = { round: round.id, model, included: included.map((index) => this.#chain.keyOf(index)) };
    if (!(await this.#chain.send(this.#chain.keyOf(proposer), { name: "proposeModel", args }))) return;
    this.#chain.count(`proposed ${script.model}, ${script.included}`);
    const isRight = made.isRight;
    const isServed = await this.#store.has(model);
    if (!this.#models.has(model)) {
      const state = !isServed ? "missing" : made.isModel ? "good" : "bad";
      this.#models.set(model, { digest: model, bytes: made.bytes, state });
    }
    const hasWaited = this.#chain.time > proposingSince + half;
    const proposal: PlayedProposal = { proposer, included, isRight, isServed, hasWaited, votes: [], isAccepted: false };
    round.proposals.push(proposal);
    await this.#vote(round, proposal, { model, votes: script.votes, hospitals });
    proposal.isAccepted = this.#chain.newest().status === "final";
  }

  async #vote(
    { id, proposals, commitments, leastUpdates: least }: PlayedRound,
    proposal: PlayedProposal,
    {
      model,
      votes,
      hospitals,
    }: { model: Digest; votes: ProposalScript["votes"]; hospitals: readonly HospitalScript[] },
  ): Promise<void> {
    const number = proposals.length;
    const isDropped = commitments.some(
      ({ member, update }) => update === "good" && !proposal.included.includes(member),
    );
    const isRight = proposal.isRight && proposal.included.length >= least && (!isDropped || proposal.hasWaited);
    const agree = votes === "all agree" || votes === "too few" || (votes === "honest" && isRight);
    const { members } = this.#chain.newest();
    for (const member of votes === "too few" ? members.slice(0, 1) : members) {
      const { scores, rotates } = hospitals[member]!;
      if (rotates === "before voting" && number === 1) await this.#rotate(member);
      const hospital = this.#chain.keyOf(member);
      const made = makeStatement(scores, {
        agree,
        round: id,
        proposal: number,
        model,
        hospital,
        proposer: this.#chain.keyOf(proposal.proposer),
        stranger: owner,
      });
      if (made.isServed) await this.#store.put(made.bytes);
      const digest = made.state === "none" ? zeroDigest : blobDigest(made.bytes);
      const before = this.#chain.newest().status;
      if (
        !(await this.#chain.send(hospital, {
          name: "attest",
          args: { round: id, proposal: number, agree, scores: digest },
        }))
      )
        continue;
      this.#chain.count(before === "final" ? "voted late" : `voted ${agree}`);
      proposal.votes.push({ member, statement: made.state === "none" ? "good" : made.state });
    }
  }

  async #putPlan(kind: PlanKind, plan: Plan, bytes: Uint8Array): Promise<void> {
    if (kind !== "missing") await this.#store.put(bytes);
    const state = kind === "good" ? "good" : kind === "missing" ? "missing" : "bad";
    this.#plans.set(blobDigest(bytes), { plan, state });
  }

  async #rotate(member: number): Promise<void> {
    const to = spareAccounts[this.#spare];
    if (!to || !this.#chain.isActive(member)) return;
    if (await this.#chain.send(this.#chain.keyOf(member), { name: "rotateKey", args: { to } })) this.#spare++;
  }

  async #expireIf(isDue: () => boolean): Promise<void> {
    if (!isDue()) return;
    this.#chain.time = Math.max(this.#chain.time, this.#chain.newest().deadline);
    await this.#chain.send(owner, { name: "expire", args: { round: this.#chain.newest().id } });
  }
}
