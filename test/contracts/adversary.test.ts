// Fewer than a third of the members are dishonest, and in every block their transactions come first. They open rounds and
// let them pass, propose wrong models, and vote against right ones. Rounds must go on becoming final.
import { expect } from "chai";
import { id, type Wallet, ZeroHash } from "ethers";
import { globalOptions } from "hardhat";
import { type Chain, connectChain, defaultTerms, deployFederation, type Federation } from "./federation.ts";
import { status } from "./on-federation.ts";

const { commitPeriod, proposePeriod, attestPeriod } = defaultTerms;
const step = 50;

/** Calls that need not be taken; whether one was. */
async function attempt(call: () => Promise<{ wait(): Promise<unknown> }>): Promise<boolean> {
  try {
    await (await call()).wait();
    return true;
  } catch {
    return false;
  }
}

class Battle {
  readonly #federation: Federation;
  readonly #dishonest: readonly Wallet[];
  readonly #honest: readonly Wallet[];
  /** Rounds that a dishonest member opened. */
  readonly seized: number[] = [];

  constructor(federation: Federation, dishonestCount: number) {
    this.#federation = federation;
    this.#dishonest = federation.hospitals.slice(0, dishonestCount);
    this.#honest = federation.hospitals.slice(dishonestCount);
  }

  /** One block's worth of moves: the dishonest members' first. */
  async step(): Promise<void> {
    for (const member of this.#dishonest) await this.#disturb(member);
    for (const hospital of this.#honest) await this.#playFair(hospital);
    await this.#federation.chain.networkHelpers.time.increase(step);
  }

  async #disturb(member: Wallet): Promise<void> {
    const own = this.#federation.as(member);
    if (await attempt(() => own.openRound())) {
      this.seized.push(Number((await this.#federation.rounds.latestRound()).id));
    }
    const round = await this.#federation.rounds.latestRound();
    await attempt(() => own.proposeModel(round.id, id(`junk of ${member.address}`), round.members & ~round.pending));
    await attempt(() => own.attest(round.id, round.proposedDigest, false, ZeroHash));
    await attempt(() => own.expire(round.id));
  }

  async #playFair(hospital: Wallet): Promise<void> {
    const { rounds } = this.#federation;
    const own = this.#federation.as(hospital);
    const round = await rounds.latestRound();
    const right = id(`right model of round ${round.id}`);
    if (round.status === 0n || round.status === status.final || round.status === status.abandoned) {
      await attempt(() => own.openRound());
    } else if (round.status === status.committing && (round.pending & (1n << BigInt(this.#indexOf(hospital)))) !== 0n) {
      await attempt(() => own.commitUpdate(round.id, id(hospital.address), 1));
    } else if (round.status === status.proposed) {
      await attempt(() => own.attest(round.id, round.proposedDigest, round.proposedDigest === right, ZeroHash));
    } else {
      await attempt(() => own.proposeModel(round.id, right, round.members & ~round.pending));
      await attempt(() => own.expire(round.id));
    }
  }

  #indexOf(hospital: Wallet): number {
    return this.#federation.hospitals.findIndex(({ address }) => address === hospital.address);
  }
}

describe("a federation whose dishonest members' transactions always come first", () => {
  let chain: Chain;
  before(async () => {
    chain = await connectChain();
  });
  after(() => chain.close());

  for (const [hospitals, dishonest] of [
    [4, 1],
    [7, 2],
  ] as const) {
    it(`continues with ${dishonest} of ${hospitals}, each of which delays it once in ${hospitals + 1} rounds`, async function () {
      if (globalOptions.coverage) this.skip();
      this.timeout(240_000);
      const federation = await deployFederation(chain, { hospitals });
      const battle = new Battle(federation, dishonest);
      const wanted = hospitals + 1;
      // A round in which every turn is wasted: committing, the opener's time, then each dishonest member's proposal.
      const slowest = commitPeriod + proposePeriod + (dishonest + 1) * (attestPeriod + step) + 4 * step;
      const count = async (event: string) => (await federation.rounds.queryFilter(event)).length;
      let finals = 0;
      for (let steps = 0; finals < wanted && steps < (wanted * slowest) / step; steps++) {
        await battle.step();
        finals = await count("RoundFinalised");
      }
      expect(finals).to.be.at.least(wanted);
      expect(await count("RoundAbandoned")).to.equal(0);
      const cycles = Math.ceil(finals / wanted);
      expect(battle.seized.length).to.be.within(dishonest, dishonest * cycles);
    });
  }
});
