import { expect } from "chai";
import { keccak256 } from "ethers";
import { isTrainingRoundsCode } from "../../../io/chain/contract-code.ts";
import type { OpenLedger } from "../../../io/chain/ledger.ts";
import { walletSignatures } from "../../../io/chain/signatures.ts";
import { deployedCode } from "../../../io/chain/training-rounds.ts";
import { attestationTypedData } from "../../../protocol/contract/attestation.ts";
import { commitmentTypedData } from "../../../protocol/contract/commitment.ts";
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import { type HospitalAddress, type RoundId, zeroDigest } from "../../../protocol/format/digest.ts";
import { startHardhat, type TestChain } from "./chain.ts";
import { codeOf, digestOf, foundFederation, type TestFederation, terms } from "./federation.ts";

const plan = digestOf("plan");
const base = digestOf("base");
const one = 1 as RoundId;

describe("the ledger on a chain", () => {
  let chain: TestChain;
  let federation: TestFederation;
  let hospitals: readonly OpenLedger[];
  let aggregator: OpenLedger;
  let addresses: HospitalAddress[];

  before(async () => {
    chain = await startHardhat();
  });
  after(() => chain.stop());
  beforeEach(async () => {
    federation = await foundFederation(chain);
    ({ hospitals, aggregator } = federation);
    addresses = hospitals.map(({ self }) => self as HospitalAddress);
  });
  afterEach(() => federation.close());

  const openAndCommit = async () => {
    const round = await aggregator.openRound({ plan, base });
    for (const [i, hospital] of hospitals.entries()) {
      await hospital.commitUpdate({ round, manifest: digestOf(`manifest ${i}`), sampleCount: 10 + i });
    }
    return round;
  };

  it("takes a round from opening to the final model, as every party reads it", async () => {
    const round = await openAndCommit();
    const model = digestOf("model");
    await aggregator.proposeModel({ round, model, included: addresses });
    for (const hospital of hospitals) {
      await hospital.attest({ round, proposal: 1, agree: true, scores: digestOf(`scores ${hospital.self}`) });
    }
    const auditor = await federation.open();
    const state = await auditor.round(round);
    expect(state).to.deep.include({
      id: 1,
      status: "final",
      plan,
      base,
      model,
      members: addresses,
      opener: aggregator.self,
    });
    expect(state.commitments.map(({ member, sampleCount }) => [member, sampleCount])).to.deep.equal(
      addresses.map((address, i) => [address, 10 + i]),
    );
    expect(state.proposals).to.have.length(1);
    expect(state.proposals[0]).to.deep.include({
      number: 1,
      status: "accepted",
      included: addresses,
      proposer: aggregator.self,
    });
    expect(state.proposals[0]?.attestations).to.have.length(3);
    expect(await auditor.latestRound()).to.equal(1);
    expect(await hospitals[0]?.round(round)).to.deep.equal(state);
  });

  it("takes a round with private sums through its seal, as every party reads it", async () => {
    const sums = await foundFederation(chain, {
      hospitals: 4,
      privateSums: { mechanism: digestOf("mechanism"), maxSeals: 5 },
    });
    try {
      const members = sums.hospitals.map(({ self }) => self as HospitalAddress);
      const round = await sums.aggregator.openRound({ plan, base });
      for (const [i, hospital] of sums.hospitals.entries()) {
        await hospital.commitUpdate({ round, manifest: digestOf(`manifest ${i}`), sampleCount: 10 + i });
      }
      const included = members.slice(0, 3);
      const proposal = { round, model: digestOf("model"), included };
      expect(await codeOf(sums.aggregator.proposeModel(proposal))).to.equal("ROUND_STATUS");
      expect(await codeOf(sums.hospitals[0]!.sealRound({ round, included }))).to.equal("SEAL_RESERVED");
      await sums.aggregator.sealRound({ round, included });
      const { status, seal } = await sums.hospitals[1]!.round(round);
      expect([status, seal?.by, seal?.included]).to.deep.equal(["sealed", sums.aggregator.self, included]);
      const whole = sums.aggregator.proposeModel({ ...proposal, included: members });
      expect(await codeOf(whole)).to.equal("PROPOSAL_NOT_SEALED");
      await sums.aggregator.proposeModel(proposal);
      const kinds: string[] = [];
      for await (const { kind } of (await sums.open()).history()) kinds.push(kind);
      expect(kinds).to.include.members(["private-sums-founded", "round-sealed", "model-proposed"]);
    } finally {
      sums.close();
    }
  });

  it("gives the history in chain order, with block times and places", async () => {
    const round = await openAndCommit();
    const events: LedgerEvent[] = [];
    for await (const event of aggregator.history()) events.push(event);
    expect(events.map(({ kind }) => kind)).to.deep.equal([
      ...[
        "terms-set",
        "federation-founded",
        "plan-agreed",
        "member-admitted",
        "member-admitted",
        "member-admitted",
        "member-admitted",
      ],
      ...["round-opened", "update-committed", "update-committed", "update-committed"],
    ]);
    const opened = events.find((event) => event.kind === "round-opened");
    const state = await aggregator.round(round);
    expect(opened).to.deep.include({ round, commitBy: state.commitBy, proposeBy: state.proposeBy });
    expect(state.commitBy).to.equal((opened?.time ?? 0) + terms.commitPeriod);
    for (const [i, event] of events.entries()) {
      const before = events[i - 1];
      if (!before) continue;
      const isLater = event.block > before.block || (event.block === before.block && event.logIndex > before.logIndex);
      expect(isLater, `${before.block}.${before.logIndex} before ${event.block}.${event.logIndex}`).to.equal(true);
    }
  });

  it("sends the commitments that hospitals signed, in one transaction", async () => {
    const round = await aggregator.openRound({ plan, base });
    const signed = await Promise.all(
      federation.wallets.map(async (wallet, i) => {
        const commitment = { round, manifest: digestOf(`m${i}`), sampleCount: 5 };
        const data = commitmentTypedData(aggregator.federation, commitment);
        const signature = await walletSignatures(wallet).sign(data);
        expect(walletSignatures(wallet).recover(data, signature)).to.equal(addresses[i]);
        return { member: addresses[i] as HospitalAddress, manifest: commitment.manifest, sampleCount: 5, signature };
      }),
    );
    const forged = { ...signed[0]!, sampleCount: 6 };
    expect(await aggregator.commitUpdates(round, [forged, ...signed])).to.equal(3);
    expect((await aggregator.round(round)).commitments.map(({ member }) => member)).to.deep.equal(addresses);
    const sentBefore = await chain.rpc("eth_getTransactionCount", [aggregator.self, "latest"]);
    expect(await hospitals[0]!.commitUpdates(round, signed)).to.equal(0);
    expect(await aggregator.commitUpdates(round, [forged])).to.equal(0);
    expect(await chain.rpc("eth_getTransactionCount", [aggregator.self, "latest"])).to.equal(sentBefore);
  });

  it("sends the votes that hospitals signed, in any order and with forged ones among them, in one transaction", async () => {
    const round = await openAndCommit();
    const model = digestOf("model");
    await aggregator.proposeModel({ round, model, included: addresses });
    const signed = await Promise.all(
      federation.wallets.map(async (wallet, i) => {
        const vote = { round, proposal: 1, model, agree: true, scores: digestOf(`scores ${i}`) };
        const signature = await walletSignatures(wallet).sign(attestationTypedData(aggregator.federation, vote));
        return { member: addresses[i] as HospitalAddress, agree: vote.agree, scores: vote.scores, signature };
      }),
    );
    const forged = { ...signed[0]!, agree: false };
    const votes = { round, proposal: 1, signed: [forged, ...signed.toReversed()] };
    expect(await aggregator.attestFor(votes)).to.equal(3);
    const { proposals, status } = await aggregator.round(round);
    expect(status).to.equal("final");
    expect(proposals[0]?.attestations.map(({ member, agree, scores }) => [member, agree, scores])).to.deep.equal(
      addresses.map((address, i) => [address, true, digestOf(`scores ${i}`)]),
    );
    expect(await hospitals[0]!.attestFor(votes)).to.equal(0);
  });

  it("recovers no signer from a malformed signature", () => {
    const data = commitmentTypedData(aggregator.federation, { round: one, manifest: plan, sampleCount: 1 });
    expect(walletSignatures(federation.wallets[0]!).recover(data, "0x1234")).to.equal(undefined);
  });

  it("gives the contract's reasons as codes with their facts", async () => {
    const round = await openAndCommit();
    expect(await codeOf(aggregator.openRound({ plan, base }))).to.equal("ROUND_RUNNING");
    expect(await codeOf(aggregator.commitUpdate({ round, manifest: plan, sampleCount: 1 }))).to.equal(
      "MEMBER_NOT_HOSPITAL",
    );
    const again = hospitals[0]!.commitUpdate({ round, manifest: plan, sampleCount: 1 });
    await again.then(
      () => expect.fail("committed twice"),
      ({ code, facts }) =>
        expect({ code, facts }).to.deep.equal({ code: "COMMITMENT_DUPLICATE", facts: { member: addresses[0] } }),
    );
    expect(await codeOf(hospitals[1]!.proposeModel({ round, model: plan, included: addresses }))).to.equal(
      "PROPOSAL_RESERVED",
    );
    expect(await codeOf(hospitals[1]!.attest({ round, proposal: 1, agree: true, scores: zeroDigest }))).to.equal(
      "PROPOSAL_UNKNOWN",
    );
    expect(await codeOf((await federation.open()).openRound({ plan, base }))).to.equal("LEDGER_READ_ONLY");
    expect(await codeOf(aggregator.round(7 as RoundId))).to.equal("ROUND_UNKNOWN");
  });

  it("shows a refused proposal, then another member's, then the final model", async () => {
    const round = await openAndCommit();
    await aggregator.proposeModel({ round, model: digestOf("wrong"), included: addresses });
    await hospitals[0]!.attest({ round, proposal: 1, agree: false, scores: zeroDigest });
    const refused = await aggregator.round(round);
    expect(refused.status).to.equal("proposing");
    expect(refused.proposals[0]?.status).to.equal("refused");
    expect(await codeOf(aggregator.proposeModel({ round, model: plan, included: addresses }))).to.equal(
      "PROPOSER_REFUSED",
    );
    await hospitals[1]!.proposeModel({ round, model: digestOf("right"), included: addresses });
    for (const hospital of hospitals) await hospital.attest({ round, proposal: 2, agree: true, scores: zeroDigest });
    const state = await aggregator.round(round);
    expect([state.status, state.model, state.proposals[1]?.proposer]).to.deep.equal([
      "final",
      digestOf("right"),
      addresses[1],
    ]);
  });

  it("expires a round after its deadline, and not before", async () => {
    const round = await aggregator.openRound({ plan, base });
    await hospitals[0]!.expire(round);
    expect((await aggregator.round(round)).status).to.equal("committing");
    await chain.passTime(terms.commitPeriod + 1);
    await hospitals[0]!.expire(round);
    expect((await aggregator.round(round)).status).to.equal("abandoned");
    expect(await hospitals[0]!.openRound({ plan, base })).to.equal(2);
  });

  it("opens a round on the agreed plan and the last model only", async () => {
    expect(await codeOf(aggregator.openRound({ plan: digestOf("other"), base }))).to.equal("PLAN_NOT_AGREED");
    expect(await codeOf(aggregator.openRound({ plan, base: digestOf("other") }))).to.equal("BASE_NOT_LAST_MODEL");
  });

  it("reads old rounds from the chain again", async function () {
    this.timeout(60_000);
    for (let i = 0; i < 70; i++) {
      const opener = i % 2 === 0 ? hospitals[0]! : hospitals[1]!;
      const round = await opener.openRound({ plan, base });
      await hospitals[2]!.commitUpdate({ round, manifest: digestOf(`m${i}`), sampleCount: 1 });
      await chain.passTime(terms.commitPeriod + 1);
      await opener.expire(round);
    }
    const auditor = await federation.open();
    expect(await auditor.latestRound()).to.equal(70);
    for (const id of [1, 2, 5, 69]) {
      const state = await auditor.round(id as RoundId);
      expect([state.id, state.plan, state.status, state.members]).to.deep.equal([id, plan, "abandoned", addresses]);
      expect(state.commitments[0]?.manifest).to.equal(digestOf(`m${id - 1}`));
    }
  });

  it("yields at every new block, and stops when its signal aborts", async () => {
    const stop = new AbortController();
    let wakes = 0;
    const watching = (async () => {
      for await (const _ of aggregator.changes({ signal: stop.signal })) {
        wakes++;
        if (wakes === 1) await chain.rpc("evm_mine");
        else stop.abort(new Error("enough"));
      }
    })();
    expect(await codeOf(watching)).to.match(/enough/);
    expect(wakes).to.equal(2);
  });

  it("aborts a waiting write when the ledger closes", async () => {
    const slow = await federation.open(federation.wallets[0], { confirmations: 50 });
    const waiting = slow.bindPeer({ publicKey: new Uint8Array(32).fill(1), sign: () => new Uint8Array(64) });
    slow.close();
    expect(await codeOf(waiting)).to.equal("ABORTED");
  });

  it("knows its own contract's code with any immutables, and no other code", async () => {
    const { contract } = federation.options.federation;
    expect(aggregator.isKnownCode).to.equal(true);
    const code = Buffer.from(String(await chain.rpc("eth_getCode", [contract, "latest"])).slice(2), "hex");
    const changed = (at: number) =>
      `0x${Buffer.from(code)
        .fill((code[at] ?? 0) ^ 1, at, at + 1)
        .toString("hex")}`;
    const [immutable] = deployedCode.immutables;
    expect(isTrainingRoundsCode(changed(immutable?.start ?? 0))).to.equal(true);
    for (const at of [0, 1000, code.length - 1]) expect(isTrainingRoundsCode(changed(at)), `${at}`).to.equal(false);
    expect(isTrainingRoundsCode(`0x${code.subarray(1).toString("hex")}`)).to.equal(false);
    await chain.rpc("hardhat_setCode", [contract, changed(1000)]);
    const auditor = await federation.open(undefined, { codeDigest: keccak256(changed(1000)) });
    expect(auditor.isKnownCode).to.equal(false);
  });

  it("refuses a chain, a contract or a code that is not the federation's", async () => {
    const { federation: id } = federation.options;
    expect(await codeOf(federation.open(undefined, { federation: { ...id, chainId: 1 } }))).to.equal(
      "LEDGER_CHAIN_MISMATCH",
    );
    const elsewhere = { ...id, contract: addresses[0]! };
    expect(await codeOf(federation.open(undefined, { federation: elsewhere }))).to.equal("LEDGER_CODE_MISSING");
    expect(await codeOf(federation.open(undefined, { codeDigest: zeroDigest }))).to.equal("LEDGER_CODE_MISMATCH");
  });
});
