import { expect } from "chai";
import { RoundWatch } from "../../party/round-watch.ts";
import type { Proposal, RoundState } from "../../protocol/contract/round.ts";
import type { Announcement } from "../../protocol/format/announcement.ts";
import type { Digest, RoundId } from "../../protocol/format/digest.ts";
import { addressOf } from "../fakes/federation.ts";
import { FakeStore } from "../fakes/network.ts";
import { fakeSignatures } from "../fakes/party-ports.ts";

const aggregator = addressOf(100);
const digest = (byte: string) => `0x${byte.repeat(32)}` as Digest;
const [first, second, never] = ["a1", "b2", "c3"].map(digest) as [Digest, Digest, Digest];

function roundWith(...models: readonly Digest[]): RoundState {
  const proposals = models.map((model, at) => ({ number: at + 1, proposer: aggregator, model }) as Proposal);
  return { id: 1, plan: digest("01"), base: digest("02"), status: "proposed", commitments: [], proposals } as never;
}

const announce = (watch: RoundWatch, model: Digest) =>
  watch.receive({ kind: "proposal", round: 1 as RoundId, hospital: aggregator, digest: model } as Announcement);

describe("a party's watch of a round", () => {
  let watch: RoundWatch;
  const other = (round: RoundState) => watch.otherAnnounced(round, round.proposals.at(-1)!);

  beforeEach(() => {
    const exchange = { fetch: async () => {} };
    const ledger = { privateSums: async () => undefined };
    const ports = { ledger, blobs: new FakeStore(), exchange, signatures: fakeSignatures(aggregator) };
    watch = new RoundWatch(ports, { maxModelBytes: 1 });
    watch.follow(roundWith(), 1);
  });

  it("finds a model that a proposer announced and did not propose", () => {
    watch.follow(roundWith(first), 2);
    announce(watch, never);
    announce(watch, first);
    expect(other(roundWith(first))).to.equal(never);
  });

  it("finds it also where the announcement came before the proposal", () => {
    announce(watch, never);
    watch.follow(roundWith(first), 2);
    expect(other(roundWith(first))).to.equal(never);
  });

  it("takes no offence at a proposal that a reorganisation took away, after its proposer has made another", () => {
    watch.follow(roundWith(first), 2);
    announce(watch, first);
    watch.follow(roundWith(), 3);
    watch.follow(roundWith(second), 4);
    announce(watch, second);
    expect(other(roundWith(second))).to.equal(undefined);
  });

  it("nor at one that it saw replaced at once, or only heard of before a reorganisation", () => {
    watch.follow(roundWith(first), 2);
    announce(watch, first);
    watch.follow(roundWith(second), 3);
    expect(other(roundWith(second))).to.equal(undefined);
    announce(watch, never);
    expect(other(roundWith(second))).to.equal(never);
    watch.follow(roundWith(), 4);
    watch.follow(roundWith(first), 5);
    expect(other(roundWith(first))).to.equal(undefined);
  });

  it("nor at the earlier one of a proposer that proposes again after its time was over", () => {
    announce(watch, first);
    watch.follow(roundWith(first), 2);
    announce(watch, second);
    watch.follow(roundWith(first, second), 3);
    expect(other(roundWith(first, second))).to.equal(undefined);
  });

  it("dates the newest proposal by when it saw it, also where it replaced another of the same number", () => {
    watch.follow(roundWith(first), 2);
    watch.follow(roundWith(second), 9);
    expect(watch.observations().proposalSeenAt).to.equal(9);
  });

  it("names hospitals that are late once, when committing has ended without them", () => {
    const [here, absent] = [addressOf(1), addressOf(2)];
    const commitments = [{ member: here }];
    const committing = {
      ...roundWith(),
      id: 2,
      status: "committing",
      members: [here, absent],
      commitBy: 50,
      commitments,
    };
    const round = committing as unknown as RoundState;
    expect(watch.follow(round, 49).late).to.deep.equal([]);
    expect(watch.follow(round, 51).late).to.deep.equal([absent]);
    expect(watch.follow({ ...round, status: "proposed" }, 52).late).to.deep.equal([]);
    const next = { ...round, id: 3 as RoundId, commitBy: 150, commitments: [] };
    expect(watch.follow(next, 151).late).to.deep.equal([here, absent]);
  });

  it("names nobody late in a round that is over when the process starts", () => {
    const over = { ...roundWith(first), id: 2, status: "final", members: [addressOf(1)], commitBy: 50 };
    expect(watch.follow(over as unknown as RoundState, 51).late).to.deep.equal([]);
  });
});
