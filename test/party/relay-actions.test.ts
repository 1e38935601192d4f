import { expect } from "chai";
import { HeldWrites } from "../../party/held-writes.ts";
import { type RelayView, relayActions } from "../../party/relay-actions.ts";
import type { Attestation, Commitment, Proposal, RoundState } from "../../protocol/contract/round.ts";
import { type HospitalAddress, parseDigest, parseRoundId } from "../../protocol/format/digest.ts";
import type { SignedWrite } from "../../protocol/format/signed-write.ts";
import { addressOf } from "../fakes/federation.ts";

const members = [0, 1, 2, 3, 4].map(addressOf);
const aggregator = addressOf(100);
const id = parseRoundId(5);
const digest = parseDigest(`0x${"11".repeat(32)}`);
const common = {
  version: 1,
  chainId: 1,
  contract: addressOf(50),
  round: id,
  signature: `0x${"13".repeat(65)}`,
} as const;
const commitmentBy = (hospital: HospitalAddress): SignedWrite => ({
  ...common,
  kind: "commitment",
  hospital,
  manifest: digest,
  sampleCount: 3,
});
const voteBy = (hospital: HospitalAddress, proposal = 1): SignedWrite => ({
  ...common,
  kind: "vote",
  hospital,
  proposal,
  model: digest,
  agree: true,
  scores: digest,
});
const committed = (...by: HospitalAddress[]): Commitment[] =>
  by.map((member) => ({ member, signer: member, manifest: digest, sampleCount: 1 }));

/** Committing from 1000 to 5000, opened by the aggregator; the first three hospitals have committed themselves. */
const committing: RoundState = {
  id,
  status: "committing",
  opener: aggregator,
  plan: digest,
  base: digest,
  members,
  commitBy: 5000,
  proposeBy: 6000,
  attestBy: 0,
  deadline: 7000,
  openerFailed: false,
  commitments: committed(...members.slice(0, 3)),
  proposals: [],
  model: undefined,
};
const proposal = (attestations: Attestation[]): Proposal => ({
  number: 1,
  proposer: aggregator,
  model: digest,
  included: members,
  attestations,
  hasWaited: false,
  status: "open",
});
const voting = (...voted: HospitalAddress[]): RoundState => ({
  ...committing,
  status: "proposed",
  attestBy: 5000,
  proposals: [proposal(voted.map((member) => ({ member, signer: member, agree: true, scores: digest })))],
});

const view = (now: number, writes: readonly SignedWrite[], changes: Partial<RelayView> = {}): RelayView => ({
  self: aggregator,
  now,
  held: writes.map((write) => ({ write, since: 1000 })),
  heldChangedAt: 1000,
  relayGas: 3_000_000,
  ...changes,
});
const sent = (given: RelayView, round = committing) =>
  relayActions(given, round).map(({ name, writes }) => [name, writes.map(({ hospital }) => hospital)]);

/** The first chain time at which a member sends. */
function firstTime(self: HospitalAddress, writes: readonly SignedWrite[], round = committing): number {
  for (let now = 1000; now <= 5000; now++) if (sent(view(now, writes, { self }), round).length > 0) return now;
  return Number.POSITIVE_INFINITY;
}

describe("sending what hospitals without gas have signed", () => {
  const [, , , fourth, fifth] = members as [
    HospitalAddress,
    HospitalAddress,
    HospitalAddress,
    HospitalAddress,
    HospitalAddress,
  ];

  it("happens at once when nobody else is awaited, in one batch", () => {
    expect(sent(view(1000, [commitmentBy(fourth), commitmentBy(fifth)]))).to.deep.equal([
      ["relay commitments 5", [fourth, fifth]],
    ]);
    expect(sent(view(1000, [voteBy(fourth), voteBy(fifth)]), voting(...members.slice(0, 3)))).to.deep.equal([
      ["relay votes 5 1", [fourth, fifth]],
    ]);
  });

  it("waits for others, but no longer than a part of the time that is left", () => {
    expect(firstTime(aggregator, [commitmentBy(fourth)])).to.equal(1300);
    expect(firstTime(aggregator, [commitmentBy(fourth)], { ...committing, commitBy: 1040 })).to.equal(1010);
    expect(firstTime(aggregator, [voteBy(fourth)], voting(...members.slice(0, 3)))).to.equal(1030);
  });

  it("falls to one member after the other, the opener first, those without gas never", () => {
    const writes = [commitmentBy(fourth), commitmentBy(fifth)];
    const times = [aggregator, ...members.slice(0, 3)].map((self) => firstTime(self, writes));
    expect(times[0]).to.equal(1000);
    expect(new Set(times).size).to.equal(4);
    expect(Math.max(...times)).to.be.at.most(1000 + 4 * 15);
    expect(firstTime(addressOf(101), writes)).to.be.greaterThan(Math.max(...times));
  });

  it("lets a member's own commitment or vote go first, unless time runs out", () => {
    const [first] = members as [HospitalAddress];
    const round = { ...committing, commitments: committed(...members.slice(1, 3)) };
    expect(firstTime(first, [commitmentBy(fourth), commitmentBy(fifth)], round)).to.equal(4000);
    expect(firstTime(first, [voteBy(fourth)], voting(...members.slice(1, 3)))).to.equal(4000);
  });

  it("leaves out what the chain has, what is no member's of the round, and its own", () => {
    const stranger = addressOf(77);
    const round = { ...committing, commitments: committed(...members.slice(0, 4)) };
    const writes = [commitmentBy(fourth), commitmentBy(stranger)];
    expect(sent(view(4900, writes), round)).to.deep.equal([]);
    expect(sent(view(4900, [commitmentBy(fifth)], { self: fifth }))).to.deep.equal([]);
    expect(sent(view(4900, [voteBy(fourth, 2), commitmentBy(fourth)]), voting())).to.deep.equal([]);
  });

  it("ends with the time for it", () => {
    const writes = [commitmentBy(fourth), commitmentBy(fifth), voteBy(fourth), voteBy(fifth)];
    expect(sent(view(5001, writes))).to.deep.equal([]);
    expect(sent(view(5001, writes), voting())).to.deep.equal([]);
    expect(sent(view(4999, writes), { ...committing, status: "proposing" })).to.deep.equal([]);
    expect(sent(view(4999, writes), { ...voting(), status: "abandoned", attestBy: 0 })).to.deep.equal([]);
  });

  it("still brings late votes on a final model to the record", () => {
    const final: RoundState = { ...voting(...members.slice(0, 3)), status: "final", model: digest };
    const round = { ...final, proposals: final.proposals.map((each) => ({ ...each, status: "accepted" as const })) };
    expect(sent(view(1000, [voteBy(fourth), voteBy(fifth)]), round)).to.have.length(1);
  });

  it("keeps within the party's gas, the oldest first", () => {
    const held = [commitmentBy(fourth), commitmentBy(fifth)].map((write, at) => ({ write, since: 1000 - at }));
    expect(sent(view(1000, [], { held, relayGas: 75_000 }))).to.deep.equal([["relay commitments 5", [fifth]]]);
    expect(sent(view(1000, [], { held, relayGas: 74_999 }))).to.deep.equal([]);
  });
});

describe("held writes", () => {
  it("are the first of each name, and few for each hospital", () => {
    const writes = new HeldWrites();
    const [one, two] = members as [HospitalAddress, HospitalAddress];
    expect(writes.take(commitmentBy(one), 10)).to.equal(true);
    expect(
      writes.take({ ...commitmentBy(one), manifest: parseDigest(`0x${"22".repeat(32)}`) } as SignedWrite, 11),
    ).to.equal(false);
    expect(writes.of(id)).to.deep.equal([{ write: commitmentBy(one), since: 10 }]);
    for (let number = 1; number <= 200; number++) writes.take(voteBy(two, number), 12);
    expect(writes.of(id)).to.have.length(1 + 8);
    expect(writes.of(id).some(({ write }) => write.kind === "vote" && write.proposal === 200)).to.equal(true);
    writes.forgetBefore(parseRoundId(6));
    expect(writes.of(id)).to.deep.equal([]);
  });
});
