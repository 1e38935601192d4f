// A hospital changes its key in a round in which it has committed, or a reorganisation replaces its commitment: its
// earlier signature stays valid, and its update counts once.
import { expect } from "chai";
import { uncollected } from "../../party/round-actions.ts";
import { RoundWatch } from "../../party/round-watch.ts";
import { lineageOf } from "../../protocol/contract/lineage.ts";
import type { Commitment, RoundState } from "../../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import { collectUpdate } from "../../protocol/judge/collect.ts";
import { openRoundContext } from "../../protocol/judge/round-context.ts";
import { fakeFederation } from "../fakes/chain.ts";
import { addressOf, FakeFederation } from "../fakes/federation.ts";
import { fakeSignatures } from "../fakes/party-ports.ts";

const renewed = addressOf(61);

describe("a hospital whose address or commitment changes after it has committed", () => {
  let round: RoundState;
  let ports: ConstructorParameters<typeof RoundWatch>[0];
  const old = addressOf(0);
  const limits = { maxModelBytes: 2 ** 20 };

  before(async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 1 } });
    federation.start();
    await federation.runUntil(() => federation.events.some(({ event }) => event === "finished"));
    round = federation.chain.rounds[0] as RoundState;
    const { store: blobs } = federation.hospitals[0] as (typeof federation.hospitals)[number];
    const exchange = { fetch: async (digest: Digest) => void (await blobs.outline(digest)) };
    ports = { ledger: { privateSums: async () => undefined }, blobs, exchange, signatures: fakeSignatures(old) };
  });

  /** The round as the chain shows it after the change of key. */
  const rotated = (): RoundState => {
    const renamed = (address: HospitalAddress) => (address === old ? renewed : address);
    const commitments = round.commitments.map((each) => ({ ...each, member: renamed(each.member) }));
    return { ...round, members: round.members.map(renamed), commitments };
  };
  const commitmentOf = (state: RoundState, member: HospitalAddress) =>
    state.commitments.find((each) => each.member === member) as Commitment;
  const collect = async (state: RoundState, commitment: Commitment) => {
    const context = await openRoundContext(ports, state, lineageOf([state]), { federation: fakeFederation, ...limits });
    return collectUpdate(ports, { commitment, round: state, context }, limits);
  };

  it("is judged by the key that it committed with, after it has changed its key", async () => {
    const state = rotated();
    const found = await collect(state, commitmentOf(state, renewed));
    expect(found).to.include({ status: "valid", member: renewed });
  });

  it("cannot commit to another hospital's manifest under its new key", async () => {
    const state = rotated();
    const stolen = { ...commitmentOf(state, addressOf(1)), member: renewed, signer: renewed };
    expect(await collect(state, stolen)).to.include({ status: "invalid", code: "MANIFEST_MISMATCH" });
  });

  it("counts once for a party that had collected its update before", async () => {
    const watch = new RoundWatch(ports, limits);
    watch.follow({ ...round, status: "committing", proposals: [] }, 0);
    for (const commitment of round.commitments) {
      watch.collected.set(commitment.member, await collect(round, commitment));
    }
    const state: RoundState = { ...rotated(), status: "committing", proposals: [] };
    watch.follow(state, 1);
    expect([...watch.collected.keys()]).to.have.members(round.members.filter((member) => member !== old));
    expect(uncollected(state, watch.collected).map(({ member }) => member)).to.deep.equal([renewed]);
  });

  it("does not count an update that arrives after a reorganisation has replaced its commitment", async () => {
    let serve = () => {};
    const served = new Promise<void>((resolve) => {
      serve = resolve;
    });
    const exchange = { fetch: async () => served };
    const watch = new RoundWatch({ ...ports, exchange }, limits);
    const open: RoundState = { ...round, status: "committing", proposals: [] };
    watch.follow(open, 0);
    watch.context = {
      status: "ready",
      ...(await openRoundContext(ports, open, lineageOf([open]), { federation: fakeFederation, ...limits })),
    };
    const commitment = commitmentOf(open, old);
    const collecting = watch.collect({ round: open, commitment }, {});
    const other = commitmentOf(open, addressOf(1)).manifest;
    const commitments = open.commitments.map((each) => (each.member === old ? { ...each, manifest: other } : each));
    const replaced = { ...open, commitments };
    watch.follow(replaced, 1);
    serve();
    expect(await collecting).to.equal(undefined);
    expect(watch.collected.size).to.equal(0);
    expect(uncollected(replaced, watch.collected).map(({ member }) => member)).to.include(old);
  });
});
