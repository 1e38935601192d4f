import { expect } from "chai";
import { type CrashPoint, killAt, outwardCalls } from "../fakes/crash.ts";
import { FakeFederation, type Site } from "../fakes/federation.ts";

const setting = { hospitals: 3, plan: { rounds: 2 } };

async function run(prepare: (federation: FakeFederation) => void) {
  const federation = await FakeFederation.create(setting);
  prepare(federation);
  federation.start();
  const done = () => federation.hospitals.every(({ journal }) => adoptedRound(journal.entries.get("adopted")) === 2);
  await federation.runUntil(done, { withinSeconds: 3000 });
  return federation;
}

function adoptedRound(note: Uint8Array | undefined): number {
  return note ? (JSON.parse(new TextDecoder().decode(note)) as { round: number }).round : 0;
}

/** Kills a party once at a point, and restarts it. */
function dieOnce(
  federation: FakeFederation,
  site: Site,
  restart: () => void,
  point: CrashPoint,
): { happened: boolean } {
  const crash = { happened: false };
  site.onCall = killAt(point, () => {
    if (crash.happened) return;
    crash.happened = true;
    federation.kill(site);
    federation.time.at(federation.time.now() + 3000, restart);
  });
  return crash;
}

function expectNothingTwice(federation: FakeFederation): void {
  const calls = federation.chain.writes.filter(({ name }) => name !== "proposeModel" && name !== "expire");
  const names = calls.map(({ by, name, round }) => `${name} ${round} ${name === "openRound" ? "" : by}`);
  expect(new Set(names).size).to.equal(names.length);
  for (const { proposals } of federation.chain.rounds) expect(proposals).to.have.length(1);
}

describe("a party killed at any outward call", () => {
  let undisturbed: FakeFederation["finals"];
  before(async () => {
    undisturbed = (await run(() => {})).finals;
  });

  for (const role of ["hospital", "aggregator"] as const) {
    for (const call of outwardCalls) {
      for (const when of ["before", "after"] as const) {
        it(`continues (${role}, ${when} ${call}): same models, nothing twice on chain`, async () => {
          let kills = 0;
          for (const count of [1, 2, 3]) {
            let crash = { happened: false };
            const federation = await run((each) => {
              const site = (role === "hospital" ? each.hospitals[0] : each.aggregators[0]) as Site;
              const restart = () => (role === "hospital" ? each.startHospital(site) : each.startAggregator(site));
              crash = dieOnce(each, site, restart, { call, when, count });
            });
            if (!crash.happened) continue;
            kills++;
            expect(federation.finals, `killed at ${call} ${count}`).to.deep.equal(undisturbed);
            expectNothingTwice(federation);
          }
          const never =
            role === "hospital"
              ? ["ledger.openRound", "ledger.proposeModel"]
              : ["journal.write", "ledger.commitUpdate", "ledger.attest"];
          expect(kills > 0).to.equal(!never.includes(call));
        });
      }
    }
  }
});
