import { expect } from "chai";
import { Replay } from "../../../protocol/audit/replay.ts";
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import { type Digest, type HospitalAddress, type RoundId, zeroDigest } from "../../../protocol/format/digest.ts";
import { FakeContract } from "../../fakes/contract.ts";
import { addressOf, exampleTerms } from "../../fakes/federation.ts";

const [plan, base, model] = [1, 2, 3].map((byte) => `0x${`0${byte}`.repeat(32)}` as Digest) as [Digest, Digest, Digest];
const aggregator = addressOf(100);
const renewed = addressOf(61);
const round = 1 as RoundId;

/** Four hospitals that have committed in a round that the aggregator opened at second 100. */
function afterCommitments(hospitals = [0, 1, 2, 3].map(addressOf)): FakeContract {
  const contract = new FakeContract(exampleTerms);
  for (const hospital of hospitals) contract.admit(hospital, "hospital", 1);
  contract.admit(aggregator, "aggregator", 1);
  contract.apply(aggregator, { name: "openRound", args: { plan, base } }, 100);
  for (const hospital of hospitals) {
    contract.apply(hospital, { name: "commitUpdate", args: { round, manifest: plan, sampleCount: 10 } }, 110);
  }
  return contract;
}

const rotate = (contract: FakeContract, from: HospitalAddress, time: number) =>
  contract.apply(from, { name: "rotateKey", args: { to: renewed } }, time);

function propose(contract: FakeContract, by: HospitalAddress, time: number): void {
  const included = contract.members.filter(({ role }) => role === "hospital").map(({ address }) => address);
  contract.apply(by, { name: "proposeModel", args: { round, model, included } }, time);
}

function attest(contract: FakeContract, by: HospitalAddress, time: number, agree = true): void {
  contract.apply(by, { name: "attest", args: { round, proposal: 1, agree, scores: zeroDigest } }, time);
}

/** Of all rounds, and of none. */
function codesOf(events: readonly LedgerEvent[]): readonly string[] {
  const replay = new Replay();
  const rounds = [...events.flatMap((event) => replay.apply(event) ?? []), replay.end()];
  return [...replay.findings, ...rounds.flatMap((each) => each?.findings ?? [])].map(({ code }) => code);
}

describe("an audit's replay of a history in which members change their keys", () => {
  it("lets an opener propose in its own time under its new key", () => {
    const contract = afterCommitments();
    rotate(contract, aggregator, 120);
    propose(contract, renewed, 121);
    expect(codesOf(contract.events)).to.deep.equal([]);
  });

  it("takes back the vote of a hospital that was revoked under another key than it voted with", () => {
    const contract = afterCommitments();
    propose(contract, aggregator, 120);
    for (const hospital of [0, 1]) attest(contract, addressOf(hospital), 121);
    rotate(contract, addressOf(0), 122);
    contract.revoke(renewed, 123);
    attest(contract, addressOf(2), 124);
    expect(contract.rounds[0]?.status).to.equal("proposed");
    contract.apply(addressOf(1), { name: "expire", args: { round } }, 161);
    expect(codesOf(contract.events)).to.deep.equal([]);
    expect(contract.rounds[0]?.proposals[0]?.attestations.map(({ member }) => member)).to.deep.equal(
      [1, 2].map(addressOf),
    );
  });

  it("counts one vote of a hospital, even under two keys", () => {
    const contract = afterCommitments();
    propose(contract, aggregator, 120);
    attest(contract, addressOf(0), 121);
    rotate(contract, addressOf(0), 122);
    expect(() => attest(contract, renewed, 123)).to.throw("ATTESTATION_DUPLICATE");
    const [vote] = contract.events.filter(({ kind }) => kind === "attested");
    const forged = { ...vote, member: renewed, time: 123 } as LedgerEvent;
    expect(codesOf([...contract.events, forged])).to.deep.equal(["ATTESTATION_DUPLICATE"]);
  });

  it("names a refused proposer that proposes again under a new key", () => {
    const contract = afterCommitments();
    propose(contract, aggregator, 120);
    for (const hospital of [0, 1]) attest(contract, addressOf(hospital), 121, false);
    rotate(contract, aggregator, 122);
    expect(() => propose(contract, renewed, 123)).to.throw("PROPOSER_REFUSED");
    const [proposed] = contract.events.filter(({ kind }) => kind === "model-proposed");
    const time = 123;
    const again = { ...proposed, proposer: renewed, number: 2, time, attestBy: time + exampleTerms.attestPeriod };
    expect(codesOf([...contract.events, again as LedgerEvent])).to.deep.equal(["PROPOSER_REFUSED"]);
  });

  it("lets no other member propose in the time of the opener, even under another key", () => {
    const contract = afterCommitments();
    rotate(contract, addressOf(0), 120);
    expect(() => propose(contract, renewed, 121)).to.throw("PROPOSAL_RESERVED");
  });

  it("names hospitals by the key that they committed with, and knows that both keys are one member's", () => {
    const contract = afterCommitments();
    rotate(contract, addressOf(0), 120);
    const replay = new Replay();
    for (const event of contract.events) replay.apply(event);
    const audited = replay.end();
    expect(audited?.state.members).to.deep.equal([0, 1, 2, 3].map(addressOf));
    expect(contract.rounds[0]?.members).to.deep.equal([renewed, ...[1, 2, 3].map(addressOf)]);
    expect(audited?.isSameMember(addressOf(0), renewed)).to.equal(true);
    expect(audited?.isSameMember(addressOf(1), renewed)).to.equal(false);
  });
});

describe("an audit's replay of a history with a hole or a shifted time", () => {
  const untilFinal = () => {
    const contract = afterCommitments();
    propose(contract, aggregator, 120);
    for (const hospital of [0, 1, 2]) attest(contract, addressOf(hospital), 121);
    return contract.events;
  };

  it("misses the event that the contract emits together with the last one", () => {
    expect(codesOf(untilFinal().slice(0, -1))).to.deep.equal(["FINALITY_MISSING"]);
    const contract = afterCommitments();
    propose(contract, aggregator, 120);
    attest(contract, addressOf(0), 121);
    contract.revoke(addressOf(0), 122);
    expect(codesOf(contract.events)).to.deep.equal([]);
    expect(codesOf(contract.events.slice(0, -1))).to.deep.equal(["WITHDRAWAL_MISSING"]);
  });

  it("compares deadlines with the block times that they follow from", () => {
    const shift = (kind: LedgerEvent["kind"]) =>
      untilFinal().map((event) => (event.kind === kind ? { ...event, time: event.time - 5 } : event));
    expect(codesOf(shift("round-opened"))).to.deep.equal(["ROUND_DEADLINES"]);
    expect(codesOf(shift("model-proposed"))).to.deep.equal(["PROPOSAL_DEADLINE"]);
  });
});
