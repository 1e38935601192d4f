// What the page derives from its state before it draws anything.
import { expect } from "chai";
import { contributionsOf, deadlinesOf, linksOf, nameOf, presenceOf, stepsOf } from "../../dashboard/page/findings.ts";
import { newsOf } from "../../dashboard/page/news.ts";
import { Rates } from "../../dashboard/page/rates.ts";
import { bytes, duration, epsilonSpent } from "../../dashboard/page/words.ts";
import { type DashboardState, emptyState, type PartySight, type RoundShown } from "../../dashboard/state/state.ts";

const about = { kind: "hospital", title: "x", software: "c", startedAt: 0, stage: "", hasSlices: false } as const;
const member = (address: string, role: "hospital" | "aggregator" = "hospital") => ({ address, role, active: true });
const sight = (party: string, changes: Partial<PartySight> = {}, at = 0) => ({
  ...{ party, links: [], strangers: 0, traffic: { sentBytes: 0, receivedBytes: 0 }, at },
  store: { objects: 0, objectBytes: 0, freeBytes: 1, totalBytes: 1 },
  ...changes,
});
const round = (changes: Partial<RoundShown> = {}): RoundShown => ({
  ...{
    round: 1,
    status: "committing",
    commitBy: 10,
    proposeBy: 20,
    attestBy: 0,
    proposals: 0,
    included: [],
    parts: [],
  },
  ...changes,
});
const state = (changes: Partial<DashboardState>): DashboardState => ({ ...emptyState(about), ...changes });

describe("what the page derives", () => {
  it("draws a link once, direct if one side has a direct connection", () => {
    const sights = [
      sight("a", {
        links: [
          { member: "b", relayed: true },
          { member: "c", relayed: true },
        ],
      }),
      sight("b", { links: [{ member: "a", relayed: false }] }),
    ];
    expect(linksOf({ sights })).to.deep.equal([
      { from: "a", to: "b", relayed: false },
      { from: "a", to: "c", relayed: true },
    ]);
  });

  it("tells who is here, relayed, away, or not known yet", () => {
    const members = ["me", "b", "c", "d"].map((address) => member(address));
    const links = [
      { member: "b", relayed: false },
      { member: "c", relayed: true },
    ];
    const seen = state({ about: { ...about, self: "me" }, members, sights: [sight("me", { links })] });
    expect(members.map((each) => presenceOf(seen, each))).to.deep.equal(["self", "connected", "relayed", "away"]);
    expect(presenceOf({ ...seen, sights: [] }, members[3]!)).to.equal("unknown");
    expect(presenceOf(seen, { ...members[1]!, active: false })).to.equal("revoked");
  });

  it("shows a hospital's steps, and what nobody has told", () => {
    const shown = state({ about: { ...about, self: "me" } });
    const marks = (part: RoundShown["parts"][number], status: RoundShown["status"] = "proposed") =>
      stepsOf(part, round({ status }), shown).map(({ mark }) => mark);
    const training = { step: 1, steps: 4, loss: 1 };
    expect(marks({ hospital: "me", fetchedBy: [], training })).to.deep.equal([
      "working",
      "none",
      "none",
      "none",
      "none",
    ]);
    expect(marks({ hospital: "b", fetchedBy: ["me"], samples: 3, vote: "refused" })).to.deep.equal([
      "good",
      "good",
      "good",
      "bad",
      "none",
    ]);
    expect(marks({ hospital: "b", fetchedBy: [], late: true })[1]).to.equal("late");
    expect(marks({ hospital: "b", fetchedBy: [], invalid: "X" })[2]).to.equal("bad");
    expect(stepsOf({ hospital: "b", fetchedBy: [] }, round({ status: "final" }), shown)[4]?.words).to.equal("not told");
    const trains = (hospital: string, status: RoundShown["status"]) =>
      stepsOf({ hospital, fetchedBy: [] }, round({ status }), shown)[0]?.words;
    expect([trains("me", "committing"), trains("b", "committing")]).to.deep.equal(["waits", "not told"]);
    expect(trains("b", "final")).to.equal("no");
  });

  it("counts contributions over final rounds", () => {
    const part = (share: number) => ({ hospital: "a", fetchedBy: [], samples: 4, share });
    const rounds = [
      round({ status: "final", included: ["a"], parts: [part(0.2)] }),
      round({ round: 2, status: "final", included: [], parts: [part(0.4)] }),
      round({ round: 3, status: "abandoned", parts: [part(0.9)] }),
    ];
    const gas = [{ account: "a", gas: 7, transactions: 2 }];
    const [own] = contributionsOf(state({ members: [member("a")], rounds, gas }));
    expect(own).to.deep.include({ inModels: 1, models: 2, samples: 8, gas: 7, transactions: 2 });
    expect(own?.meanShare).to.be.closeTo(0.3, 1e-12);
  });

  it("names the deadline that counts now", () => {
    const phases = (changes: Partial<RoundShown>) =>
      deadlinesOf(round(changes)).map(({ what, state: phase }) => `${what} ${phase}`);
    expect(phases({})).to.deep.equal(["updates now", "proposal next"]);
    expect(phases({ status: "proposed", attestBy: 30 })).to.deep.equal(["updates past", "proposal past", "votes now"]);
    expect(phases({ status: "final" })).to.deep.equal([]);
  });

  it("makes rates of counters, and none of a party that was started again", () => {
    const rates = new Rates();
    const at = (time: number, receivedBytes: number) =>
      rates.take([sight("a", { traffic: { sentBytes: 0, receivedBytes } }, time)]);
    at(1_000, 0);
    at(2_000, 500);
    expect(rates.of("a")).to.deep.equal({ received: 500, sent: 0 });
    at(2_000, 500); // the same look again
    expect(rates.moments).to.have.length(1);
    at(4_000, 100);
    expect(rates.of("a")?.received).to.equal(0);
  });

  it("tells a screen reader of rounds and not of training steps", () => {
    const before = state({ rounds: [round()] });
    const trained = state({
      rounds: [round({ parts: [{ hospital: "a", fetchedBy: [], training: { step: 1, steps: 2, loss: 1 } }] })],
    });
    expect(newsOf(before, trained)).to.deep.equal([]);
    expect(newsOf(undefined, before)).to.deep.equal([]);
    const final = state({ rounds: [round({ status: "final" }), round({ round: 2 })] });
    expect(newsOf(trained, final)).to.have.length(2);
  });

  it("never tells an epsilon that is spent too small", () => {
    expect(epsilonSpent({ epsilon: 6.5201, delta: 1e-5 })).to.match(/epsilon 6\.53 at delta 0\.00001 so far/);
    expect(epsilonSpent({ epsilon: 0, delta: 1e-5 })).to.include("epsilon 0.00 ");
  });

  it("writes names, sizes and times for people", () => {
    expect(nameOf({ members: [{ ...member("0x1234567890123456"), name: "<b>x" }] }, "0x1234567890123456")).to.equal(
      "<b>x",
    );
    expect(nameOf({ members: [] }, "0x1234567890123456")).to.equal("0x123456…3456");
    expect([bytes(0), bytes(1536), bytes(20 * 2 ** 20)]).to.deep.equal(["0 B", "1.5 KiB", "20 MiB"]);
    expect([duration(5), duration(80), duration(3 * 3600 + 60)]).to.deep.equal(["5 s", "1 min 20 s", "3 h 1 min"]);
  });
});
