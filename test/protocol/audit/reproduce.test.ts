import { expect } from "chai";
import { keysOf, type Reproduction, reproduceUpdate } from "../../../protocol/audit/reproduce.ts";
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import type { RoundId } from "../../../protocol/format/digest.ts";
import type { Learner } from "../../../protocol/learner.ts";
import { addressOf, FakeFederation, type Site } from "../../fakes/federation.ts";
import { FakeLearner } from "../../fakes/learner.ts";
import { alteringModel } from "../../fakes/liars.ts";

/** Trains as the site does, in no time. */
function learnerOf(trainScans: number): Learner {
  return new FakeLearner({ clock: { now: () => 0, sleep: async () => {} }, trainScans });
}

async function finished(
  options: Parameters<typeof FakeFederation.create>[0] = {},
  prepare?: (site: Site, federation: FakeFederation) => void,
) {
  const federation = await FakeFederation.create({ ...options, plan: { rounds: 3, ...options?.plan } });
  const site = federation.hospitals[0] as Site;
  prepare?.(site, federation);
  federation.start();
  await federation.runUntil(() => federation.finals.length === 3, { withinSeconds: 4000 });
  return { federation, site };
}

async function reproduce(
  { federation, site }: Awaited<ReturnType<typeof finished>>,
  round: number,
  learner: Learner = learnerOf(10),
): Promise<Reproduction[]> {
  const ports = { ledger: federation.chain.ledger(undefined), blobs: site.store, learner };
  const subject = { keys: [addressOf(70), site.address], round: round as RoundId };
  const all: Reproduction[] = [];
  for await (const each of reproduceUpdate(ports, subject, { maxModelBytes: 1 << 20 })) all.push(each);
  return all;
}

describe("reproducing a hospital's update", () => {
  it("comes to the very update of a later round, through what rounding left over in those before", async () => {
    const all = await reproduce(await finished(), 3);
    expect(all.map(({ round, same }) => [round, same])).to.deep.equal([
      [1, true],
      [2, true],
      [3, true],
    ]);
    expect(new Set(all.map(({ found }) => found)).size).to.equal(3);
  });

  it("takes over what rounding left, also where other proposals of the round were refused", async () => {
    const done = await finished({}, (_, { aggregators: [liar] }) => {
      if (liar) liar.tamper = alteringModel;
    });
    const [round] = done.federation.chain.rounds;
    expect(round?.proposals.map(({ status }) => status)).to.deep.equal(["refused", "accepted"]);
    expect((await reproduce(done, 3)).map(({ same }) => same)).to.deep.equal([true, true, true]);
  });

  it("comes to a late update, whichever of its rounds is asked for", async () => {
    const strategy = { name: "fedavg", maxSharePermille: 1000, maxStaleness: 1 } as const;
    const late = await finished({ plan: { strategy }, terms: { commitPeriod: 20 } }, (site) => {
      site.learner.trainMs = 30_000;
    });
    const all = await reproduce(late, 2);
    expect(all.map(({ round, trainedIn, same }) => [round, trainedIn, same])).to.deep.equal([[2, 1, true]]);
  });

  it("finds training that comes out otherwise", async () => {
    const honest = learnerOf(10);
    const other: Learner = {
      shard: () => honest.shard(),
      predict: (request) => honest.predict(request),
      train: (request) => honest.train({ ...request, seed: request.seed + 1 }),
      sumPatients: (request) => honest.sumPatients(request),
    };
    const [first] = await reproduce(await finished(), 1, other);
    expect(first).to.include({ same: false, sameShard: true });
    expect(first?.found).not.to.equal(first?.expected);
  });

  it("finds another shard, and another number of scans in it", async () => {
    const done = await finished();
    const honest = learnerOf(10);
    const root = `0x${"99".repeat(32)}` as const;
    const other = { ...(await honest.shard()), root } as Awaited<ReturnType<Learner["shard"]>>;
    const learner: Learner = {
      shard: async () => other,
      predict: (request) => honest.predict(request),
      train: (request) => honest.train(request),
      sumPatients: (request) => honest.sumPatients(request),
    };
    expect((await reproduce(done, 1, learner))[0]).to.include({ same: false, sameShard: false });
    expect((await reproduce(done, 1, learnerOf(9)))[0]).to.include({ same: false, sameShard: false });
  });

  it("knows a hospital by all chain keys that it has had", async () => {
    const rotation = (from: number, to: number) =>
      ({ kind: "member-rotated", from: addressOf(from), to: addressOf(to), index: 0 }) as LedgerEvent;
    const ledger = {
      async *history() {
        yield* [rotation(1, 2), rotation(5, 6), rotation(2, 3)];
      },
    };
    expect(await keysOf(ledger, addressOf(3))).to.deep.equal([1, 2, 3].map(addressOf));
    expect(await keysOf(ledger, addressOf(9))).to.deep.equal([addressOf(9)]);
  });

  it("refuses a round that the hospital did not commit in", async () => {
    const done = await finished();
    const error = await reproduce(done, 9).catch((reason: unknown) => reason);
    expect(error).to.include({ code: "UPDATE_NOT_COMMITTED" });
  });
});
