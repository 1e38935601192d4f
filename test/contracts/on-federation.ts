// What every suite of the contract stands on: a fresh federation of four hospitals before each test, and the steps of a round.
import { expect } from "chai";
import { id, type Wallet, ZeroHash } from "ethers";
import { type Chain, connectChain, deployFederation, type Federation, firstMembers } from "./federation.ts";

export const status = { none: 0n, committing: 1n, proposed: 2n, proposing: 3n, final: 4n, abandoned: 5n, sealed: 6n };
export const model = id("model");

/**
 * Registers the hooks of the suite that calls it; what it returns is read within tests.
 * @param privateSums of the federation, where it has them
 */
export function onFederation(privateSums?: { readonly mechanism: string; readonly maxSeals: number }) {
  let chain: Chain;
  let federation: Federation;
  before(async () => {
    chain = await connectChain();
  });
  after(() => chain.close());
  beforeEach(async () => {
    federation = await chain.networkHelpers.loadFixture(fixture);
  });
  async function fixture() {
    return deployFederation(chain, privateSums);
  }
  const propose = (by: { getAddress(): Promise<string> }, digest = model, included = firstMembers(4), round = 1) =>
    federation.as(by as Wallet).proposeModel(round, digest, included);
  const seal = (by: { getAddress(): Promise<string> }, included = firstMembers(4), round = 1) =>
    federation.as(by as Wallet).sealRound(round, included);
  const attest = (by: Wallet, agree: boolean, digest = model, round = 1) =>
    federation.as(by).attest(round, digest, agree, ZeroHash);
  const hospitals = () => federation.hospitals as [Wallet, Wallet, Wallet, Wallet];
  return {
    get chain() {
      return chain;
    },
    get federation() {
      return federation;
    },
    get hospitals() {
      return hospitals();
    },
    addressOf: (hospital: number) => (federation.hospitals[hospital] as Wallet).address,
    pass: (seconds: number) => chain.networkHelpers.time.increase(seconds),
    state: () => federation.rounds.latestRound(),
    refused: (work: Promise<unknown>, error: string) =>
      expect(work).to.be.revertedWithCustomError(federation.rounds, error),
    propose,
    seal,
    attest,
    /** Proposes a model of all hospitals' updates, and lets three of them agree. */
    finish: async (round = 1, digest = model) => {
      await propose(federation.aggregator, digest, firstMembers(4), round);
      for (const hospital of hospitals().slice(0, 3)) await attest(hospital, true, digest, round);
    },
  };
}
