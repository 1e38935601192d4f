// Hospitals without a coin take part whole, among others with gas: real processes, a real chain and a real network.
import { expect } from "chai";
import { bindPeerFor } from "../../scripts/members/bind-peer.ts";
import { accountOf, batchOf } from "./chain-calls.ts";
import { RealFederation } from "./real-federation.ts";

const rounds = 2;
const patience = { withinMs: 400_000 };

describe("a federation in which two of five hospitals have no gas", function () {
  this.timeout(900_000);
  let federation: RealFederation;
  beforeEach(async () => {
    federation = await RealFederation.found({
      hospitals: 5,
      rounds,
      gasless: 2,
      // Long, for a busy machine; committing ends as soon as all have committed.
      terms: { commitPeriod: 300, attestPeriod: 200, proposePeriod: 20, earlyShare: 100, gracePeriod: 1 },
    });
  });
  afterEach(() => federation.stop());

  /** Does what an operator does: binds the peer keys that hospitals without gas ask to be bound. */
  async function bindPeerKeys(count: number): Promise<void> {
    const asking = () => federation.events.filter(({ event }) => event === "waiting-for-peer-key");
    await federation.until(() => asking().length === count, patience);
    for (const { file } of asking()) await bindPeerFor(federation.ledger, String(file));
  }

  it("they commit, vote and adopt, though the sending member spoils its batches and is killed; the audit holds", async () => {
    const paying = federation.hospitals.slice(0, 3).map(({ name }) => name);
    for (const name of paying) await federation.configure(name, { chain: { relayGasPerRound: 0 } });
    await federation.start({ lie: "spoilingBatches" });
    await bindPeerKeys(2);
    const gasless = federation.hospitals.slice(3).map(({ address }) => address);
    const isOf = (each: { readonly [field: string]: unknown }) =>
      gasless.some((address) => each["hospital"] === address);
    const recorded = (event: string) => () => federation.events.filter((e) => e.event === event && isOf(e)).length >= 2;
    await federation.until(recorded("committed"), patience);
    // Only the aggregator could send these; now another member has to.
    await federation.kill("aggregator");
    const [substitute] = paying as [string];
    await federation.kill(substitute);
    await federation.configure(substitute, { chain: { relayGasPerRound: 3_000_000 } });
    await federation.startParty(substitute);
    await federation.untilAdopted(1, patience);
    await federation.untilAdopted(rounds, patience);

    for (const address of gasless) {
      expect(await accountOf(federation.rpc, address)).to.deep.equal({ wei: 0n, transactions: 0 });
    }
    for (const { members, proposals } of await federation.rounds()) {
      const accepted = proposals.find(({ status }) => status === "accepted");
      expect(accepted?.included).to.have.members([...members]);
    }
    const senders = new Set<string>();
    let spoiled = 0;
    const voters = new Set<string>();
    const transactions = new Set<string>();
    for await (const event of federation.ledger.history()) {
      if (event.kind === "attested-together") for (const { member } of event.votes) voters.add(member);
      const isRelayed = event.kind === "update-committed" && gasless.includes(event.member);
      if (isRelayed || event.kind === "attested-together") transactions.add(event.transaction);
    }
    for (const transaction of transactions) {
      const { from, entries } = await batchOf(federation.rpc, transaction);
      senders.add(from);
      if (from === federation.aggregator.address) spoiled += entries;
    }
    // The aggregator's batches had a bad entry for each good one.
    expect(spoiled).to.equal(2 * gasless.length);
    expect([...senders]).to.have.members([federation.aggregator.address, federation.hospitals[0]!.address]);
    expect([...voters]).to.include.members(gasless);
    const report = await federation.audit();
    expect(report.verdict, JSON.stringify(report.findings)).to.equal("verified");
  });
});
