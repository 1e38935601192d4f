import { expect } from "chai";
import { lineageOf, openLineage, withModel } from "../../../protocol/contract/lineage.ts";
import type { RoundState } from "../../../protocol/contract/round.ts";
import type { Digest, RoundId } from "../../../protocol/format/digest.ts";

const digest = (name: number) => `0x${name.toString(16).padStart(2, "0").repeat(32)}` as Digest;

/** Rounds of which each starts from the model of the one before, 0 for the genesis. */
function roundsOf(...models: readonly (number | undefined)[]): RoundState[] {
  let base = digest(0);
  return models.map((each, at) => {
    const model = each === undefined ? undefined : digest(each);
    const status = model === undefined ? "abandoned" : "final";
    const round = { id: at + 1, status, base, model } as RoundState;
    base = model ?? base;
    return round;
  });
}

/** A chain whose rounds a test may replace. */
function chainOf(first: readonly RoundState[]) {
  const chain = { rounds: first, reads: 0 };
  const read = openLineage({
    latestRound: async () => chain.rounds.length as RoundId,
    round: async (id) => {
      chain.reads++;
      return chain.rounds[id - 1]!;
    },
  });
  const models = async () => (await read({})).finals.map(({ model }) => model);
  return { chain, read, models };
}

describe("the lineage of models", () => {
  it("reads a round that a later one has followed only once", async () => {
    const { chain, models } = chainOf(roundsOf(1, 2, 3));
    expect(await models()).to.deep.equal([1, 2, 3].map(digest));
    await models();
    expect(chain.reads).to.equal(4);
  });

  it("reads only once also a round that made no model", async () => {
    const { chain, models } = chainOf(roundsOf(1, undefined, 2));
    expect(await models()).to.deep.equal([1, 2].map(digest));
    await models();
    expect(chain.reads).to.equal(4);
  });

  it("forgets the rounds that a deep reorganisation replaced", async () => {
    const { chain, models } = chainOf(roundsOf(1, 2, 3, 4));
    await models();
    chain.rounds = roundsOf(1, 7, 8, 9);
    expect(await models()).to.deep.equal([1, 7, 8, 9].map(digest));
  });

  it("forgets the rounds that a deep reorganisation took away, also once others have come", async () => {
    const { chain, models } = chainOf(roundsOf(1, 2, 3, 4));
    await models();
    chain.rounds = roundsOf(1);
    expect(await models()).to.deep.equal([1].map(digest));
    chain.rounds = roundsOf(1, 7, undefined, 9);
    expect(await models()).to.deep.equal([1, 7, 9].map(digest));
  });

  it("reads the newest round again each time, also if the first is the newest, or none is left", async () => {
    const { chain, models } = chainOf(roundsOf(1, 2, 3));
    await models();
    chain.rounds = roundsOf(7);
    expect(await models()).to.deep.equal([digest(7)]);
    chain.rounds = [];
    expect(await models()).to.deep.equal([]);
    chain.rounds = roundsOf(undefined);
    expect(await models()).to.deep.equal([]);
    chain.rounds = roundsOf(8);
    expect(await models()).to.deep.equal([digest(8)]);
  });

  it("counts a model once that equals its base", () => {
    const { bases } = lineageOf(roundsOf(1, 1, 2));
    expect(bases).to.deep.equal([2, 1, 0].map(digest));
    expect(withModel(bases, digest(2))).to.deep.equal(bases);
  });
});
