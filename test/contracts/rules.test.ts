// Holds the rules in TypeScript (protocol/contract/apply.ts), and the fake contract that uses them, against the real
// contract on Hardhat's EVM: random calls, and the same state after each of them.
import { expect } from "chai";
import fc from "fast-check";
import { globalOptions } from "hardhat";
import { type ErrorCode, FedError, isFedError } from "../../foundation/errors.ts";
import type { PrivateSums } from "../../protocol/contract/round.ts";
import { RoundHistory } from "../../protocol/contract/round-history.ts";
import { tally } from "../../protocol/contract/rules/attesting.ts";
import { type ContractState, expiredCount } from "../../protocol/contract/state.ts";
import { type Digest, zeroDigest } from "../../protocol/format/digest.ts";
import { type AnyCall, FakeContract } from "../fakes/contract.ts";
import { type Chain, connectChain } from "./federation.ts";
import { callOf, choices, type TimedCall, terms } from "./random-calls.ts";
import { accounts, RealContract, type Sent } from "./real-contract.ts";

const plan = `0x${"70".repeat(32)}` as Digest;
const genesis = `0x${"67".repeat(32)}` as Digest;
const statuses = ["none", "committing", "proposed", "proposing", "final", "abandoned", "sealed"];

const foundFirst: readonly ErrorCode[] = ["PROPOSAL_UNKNOWN", "ATTESTATION_MODEL_MISMATCH"];

/** The three tellings of one contract. */
interface Trio {
  readonly real: RealContract;
  readonly history: RoundHistory;
  readonly fake: FakeContract;
}

describe("the contract's rules in TypeScript", () => {
  let chain: Chain;

  before(async () => {
    chain = await connectChain();
  });
  after(() => chain.close());

  it("say of random calls what the real contract says, and the fake takes exactly those that it takes", async function () {
    // What counts the coverage slows every call down, and the other tests reach all lines.
    if (globalOptions.coverage) this.skip();
    this.timeout(120_000);
    const seen = await playRandomCalls(await found(chain), { seed: 14, numRuns: 60 });
    // A test that never came to the rarer calls would show little.
    for (const each of [
      "proposeModel taken",
      "attest taken",
      "attestFor taken",
      "agreePlan taken",
      "expire taken",
      "rotateKey taken",
      "revoke taken",
    ]) {
      expect(seen.get(each), each).to.be.greaterThan(30);
    }
  });

  it("say the same of a federation with private sums, until its budget is spent", async function () {
    if (globalOptions.coverage) this.skip();
    this.timeout(120_000);
    const privateSums = { mechanism: `0x${"6d".repeat(32)}` as Digest, maxSeals: 1, seals: 0 };
    const seen = await playRandomCalls(await found(chain, privateSums), { seed: 18, numRuns: 40 });
    expect(Object.fromEntries(seen)).to.include.keys(
      ...["sealRound SEAL_RESERVED", "sealRound SEAL_EARLY", "sealRound ROUND_STATUS", "sealRound MEMBER_UNKNOWN"],
      ...["sealRound SEAL_NOT_COMMITTED", "sealRound SEAL_TOO_FEW_UPDATES", "openRound SEALS_EXHAUSTED"],
      ...["proposeModel PROPOSAL_NOT_SEALED", "proposeModel ROUND_STATUS", "openRound ROUND_TOO_FEW_HOSPITALS"],
    );
    for (const each of ["sealRound taken", "proposeModel taken", "expire taken"]) {
      expect(seen.get(each), each).to.be.greaterThan(15);
    }
  });
});

/** @returns how often each call was taken, or refused with each error */
async function playRandomCalls(
  founded: Trio & { readonly time: number },
  { seed, numRuns }: { readonly seed: number; readonly numRuns: number },
): Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>();
  let snapshot = await founded.real.rpc("evm_snapshot");
  const property = fc.asyncProperty(fc.array(choices, { minLength: 40, maxLength: 40 }), async (steps) => {
    const trio = { ...founded, history: founded.history.clone(), fake: founded.fake.clone() };
    let { time } = founded;
    try {
      for (const step of steps) {
        const { by, call, wait } = callOf(step, trio.history.state, { accounts, time });
        time += wait;
        const { error } = await play(trio, { by, call, wait }, time);
        const key = `${call.name} ${error ?? "taken"}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    } finally {
      await founded.real.rpc("evm_revert", [snapshot]);
      snapshot = await founded.real.rpc("evm_snapshot");
    }
  });
  await fc.assert(property, { seed, numRuns, endOnFailure: true });
  await founded.real.rpc("evm_revert", [snapshot]);
  return seen;
}

/** Four hospitals and an aggregator. */
async function found(chain: Chain, privateSums?: PrivateSums): Promise<Trio & { time: number }> {
  const { real, logs } = await RealContract.deploy(chain, terms, { plan, genesis, privateSums });
  const trio = {
    real,
    history: new RoundHistory({ keep: Number.POSITIVE_INFINITY }),
    fake: new FakeContract(terms, { plan, genesis }, privateSums),
  };
  const block = (await real.rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
  let time = Number(block.timestamp);
  follow(trio, logs, time);
  for (let at = 1; at <= 5; at++) {
    const role = at === 5 ? "aggregator" : "hospital";
    const call: AnyCall = { name: "admit", args: { member: accounts[at]!, role } };
    await play(trio, { by: accounts[0]!, call, wait: 1 }, ++time);
  }
  return { ...trio, time };
}

/** Makes a call on the real contract and on the fake, and compares the results. */
async function play(trio: Trio, { by, call }: TimedCall, time: number): Promise<Sent> {
  const { real, history, fake } = trio;
  const sent = await real.send({ by, call }, history.state, time);
  follow(trio, sent.logs, time);
  const told = JSON.stringify({ by, call, time, before: view(history.state) });
  let refusal: FedError | undefined;
  try {
    fake.apply(by, call, time);
  } catch (error) {
    if (!(error instanceof FedError)) throw error;
    refusal = error;
  }
  expect(refusal?.code === undefined, `${refusal} for ${sent.error}: ${told}`).to.equal(sent.error === undefined);
  // Before the first round the contract knows a round 0; a wrong proposal is found by the fake before any rule is.
  const isComparable = history.state.round !== undefined && !isFedError(refusal, ...foundFirst);
  if (refusal && sent.error && isComparable) expect(possibleErrors(refusal), told).to.include(sent.error);
  // A call that reverts changes nothing on chain, so that only the fake has to be looked at.
  const expected = JSON.stringify(sent.error === undefined ? await realView(trio) : view(history.state));
  if (JSON.stringify(view(history.state)) !== expected)
    expect(JSON.stringify(view(history.state)), told).to.equal(expected);
  if (JSON.stringify(view(fake.state)) !== expected) expect(JSON.stringify(view(fake.state)), told).to.equal(expected);
  return sent;
}

function follow({ real, history }: Trio, logs: Sent["logs"], time: number): void {
  for (const event of real.events(logs, time, () => history.members)) {
    expect(history.apply(event), event.kind).to.deep.equal([]);
  }
}

function possibleErrors({ code, facts }: FedError): readonly string[] {
  return [code, ...String(facts["errors"] ?? "").split(" ")];
}

/** What the contract shows, as the rules' state has it. */
function view(state: ContractState) {
  const { members, terms: set, nextTerms, plan: agreed, pausedUntil, round, latestModel, commitmentsHash } = state;
  const newest = round?.proposals.at(-1);
  const { agreeing, disagreeing } = newest ? tally(newest) : { agreeing: 0, disagreeing: 0 };
  const awaited = round?.seal?.included ?? round?.commitments.map(({ member }) => member);
  const committed = new Set(awaited);
  return {
    members: members.map(({ index, key, role, peerId, revokedAt, openFrom }) => [
      index,
      key,
      role,
      peerId !== undefined,
      revokedAt === undefined,
      openFrom,
    ]),
    terms: set,
    nextTerms: nextTerms ?? set,
    plan: agreed ?? zeroDigest,
    pausedUntil,
    latestModel: latestModel ?? zeroDigest,
    commitmentsHash,
    privateSums: state.privateSums ?? { mechanism: zeroDigest, maxSeals: 0, seals: 0 },
    round: round && {
      id: round.id,
      status: round.status,
      opener: round.opener.index,
      proposer: newest ? newest.proposer.index : 0,
      proposals: round.proposals.length,
      expired: expiredCount(round),
      closeAt: round.closeAt,
      hospitals: round.members.length,
      agreeing,
      disagreeing,
      commitBy: round.commitBy,
      deadline: round.deadline,
      members: round.members,
      pending: round.members.filter((index) => !committed.has(index)),
      proposed: newest?.model,
    },
  };
}

async function realView({ real, history }: Trio): Promise<ReturnType<typeof view>> {
  const count = history.state.members.length;
  const openFrom = await Promise.all(Array.from({ length: count }, (_, index) => real.read("opensFrom", [index])));
  const [round, set, next, agreed, pausedUntil, sums, members] = await Promise.all([
    real.read("latestRound", []),
    real.read("currentTerms", []),
    real.read("nextTerms", []),
    real.read("agreedPlan", []),
    real.read("pausedUntil", []),
    real.read("privateSums", []),
    real.read("membersBetween", [0, count]),
  ]);
  const id = Number(round.id);
  return {
    members: members.map(({ index, account, role, peerKey, active }) => [
      Number(index),
      account.toLowerCase() as `0x${string}`,
      role === 1n ? "hospital" : "aggregator",
      peerKey !== zeroDigest,
      active,
      Number(openFrom[Number(index)]),
    ]) as never,
    terms: numbers(set) as never,
    nextTerms: numbers(next) as never,
    plan: agreed as Digest,
    pausedUntil: Number(pausedUntil),
    latestModel: round.latestModel as Digest,
    commitmentsHash: round.commitmentsHash as Digest,
    privateSums: {
      mechanism: sums.mechanism as Digest,
      maxSeals: Number(sums.maxSeals),
      seals: Number(sums.seals),
    },
    round:
      id === 0
        ? undefined
        : ({
            id,
            status: statuses[Number(round.status)],
            opener: Number(round.opener),
            proposer: Number(round.proposer),
            proposals: Number(round.proposals),
            expired: Number(round.expired),
            closeAt: Number(round.closeAt),
            hospitals: Number(round.hospitals),
            agreeing: Number(round.agreeing),
            disagreeing: Number(round.disagreeing),
            commitBy: Number(round.commitBy),
            deadline: Number(round.deadline),
            members: bits(round.members),
            pending: bits(round.pending),
            proposed: round.proposals === 0n ? undefined : round.proposedDigest,
          } as never),
  };
}

function numbers(struct: Readonly<Record<string, bigint>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(struct).map(([name, value]) => [name, Number(value)]));
}

function bits(bitmap: bigint): readonly number[] {
  return Array.from({ length: 256 }, (_, index) => index).filter((index) => (bitmap >> BigInt(index)) & 1n);
}
