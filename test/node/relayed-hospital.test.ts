// A hospital without gas takes part whole: it signs, other members send.
import { expect } from "chai";
import { encodeSignedWrite, nameOfWrite } from "../../protocol/format/signed-write.ts";
import { type CrashPoint, killAt, relayCalls } from "../fakes/crash.ts";
import { FakeFederation, type Site } from "../fakes/federation.ts";

const allAdopted = (federation: FakeFederation, round: number) => () =>
  federation.hospitals.every(({ journal }) => {
    const note = journal.entries.get("adopted");
    return note !== undefined && (JSON.parse(new TextDecoder().decode(note)) as { round: number }).round === round;
  });

/** A federation of which the last hospitals have no gas, run until all have adopted the last model. */
async function run({
  hospitals = 4,
  gasless = 1,
  prepare = () => {},
}: {
  hospitals?: number;
  gasless?: number;
  prepare?: (federation: FakeFederation) => void;
} = {}): Promise<FakeFederation> {
  const federation = await FakeFederation.create({ hospitals, plan: { rounds: 2 } });
  for (const site of federation.hospitals.slice(hospitals - gasless)) federation.makeGasless(site);
  prepare(federation);
  federation.start();
  await federation.runUntil(allAdopted(federation, 2), { withinSeconds: 3000 });
  return federation;
}

const writesNamed = ({ chain }: FakeFederation, ...names: string[]) =>
  chain.writes.filter(({ name }) => names.includes(name));
const votersOf = ({ chain }: FakeFederation) =>
  chain.rounds.map(({ proposals }) => proposals.at(-1)!.attestations.map(({ member }) => member));
const isDeaf = (site: Site) => {
  site.tamper = () => ({ signedWrites: { publish: async () => {}, subscribe: () => () => {} } });
};

describe("a hospital without gas", () => {
  let undisturbed: FakeFederation["finals"];
  before(async () => {
    undisturbed = (await run({ gasless: 0 })).finals;
  });

  it("commits and votes through other members, in one batch each, and the models are the same", async () => {
    const federation = await run({ gasless: 2 });
    const gasless = federation.hospitals.slice(2).map(({ address }) => address);
    expect(federation.finals).to.deep.equal(undisturbed);
    expect(federation.chain.writes.filter(({ by }) => gasless.includes(by))).to.deep.equal([]);
    for (const round of federation.chain.rounds) expect(round.proposals.at(-1)?.included).to.include.members(gasless);
    for (const voters of votersOf(federation)) expect(voters).to.include.members(gasless);
    expect(writesNamed(federation, "commitUpdates")).to.have.length(2);
    expect(writesNamed(federation, "attestFor")).to.have.length(2);
  });

  it("says what it has published, and what of it is on chain", async () => {
    const federation = await run();
    const [address] = federation.hospitals.slice(-1).map((site) => site.address);
    const own = federation.events.filter((event) => "hospital" in event && event.hospital === address);
    const told = own.map(({ event }) => event).filter((event) => /published|committed|attested/.test(event));
    const round = ["published", "committed", "published", "attested"];
    expect(told).to.deep.equal([...round, ...round]);
  });

  it("does not stop rounds in which it would open, propose or expire: other members do", async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 5 } });
    for (const site of federation.hospitals.slice(0, 3)) federation.makeGasless(site);
    federation.start();
    await federation.time.runUntil(() => federation.chain.rounds.length === 1);
    federation.kill(federation.aggregators[0]!);
    await federation.runUntil(() => federation.finals.length === 5, { withinSeconds: 5000 });
    const paying = federation.hospitals[3]!.address;
    expect(new Set(federation.chain.writes.slice(1).map(({ by }) => by))).to.deep.equal(new Set([paying]));
    for (const { members, proposals } of federation.chain.rounds) {
      expect(proposals.at(-1)?.included).to.have.length(members.length);
    }
  });

  it("is sent for by the next member when the one in turn does not", async () => {
    const federation = await run({ gasless: 2, prepare: ({ aggregators }) => isDeaf(aggregators[0]!) });
    expect(federation.finals).to.deep.equal(undisturbed);
    const batches = writesNamed(federation, "commitUpdates", "attestFor");
    expect(batches).to.have.length(4);
    for (const { by } of batches) expect(federation.aggregators.some(({ address }) => address === by)).to.equal(false);
  });

  it("that is left out by all sends its own in time if it has gas, and if not the others go on without it", async () => {
    const deaf = ({ aggregators, hospitals }: FakeFederation) => {
      for (const site of [...aggregators, ...hospitals.filter(({ relayed }) => !relayed)]) isDeaf(site);
    };
    const withGas = await run({
      gasless: 2,
      prepare(federation) {
        deaf(federation);
        federation.chain.gasless.clear();
      },
    });
    expect(withGas.finals).to.deep.equal(undisturbed);
    // Without one of the two no proposal has a quorum.
    for (const voters of votersOf(withGas)) expect(voters.length).to.be.at.least(3);

    const without = await run({ prepare: deaf });
    for (const { commitments, proposals } of without.chain.rounds) {
      expect(commitments).to.have.length(3);
      expect(proposals.at(-1)?.included).to.have.length(3);
    }
    const lines = without.hospitals[3]!.log.lines.filter(({ event }) => event === "not-relayed-yet");
    expect(lines.length).to.be.greaterThan(0);
  });

  it("costs a member no more gas than it gives", async () => {
    const federation = await run({
      hospitals: 6,
      gasless: 3,
      // Two commitments or votes fit: the others come from other members.
      prepare: (each) => {
        each.relayGas = 90_000;
      },
    });
    for (const round of [1, 2]) {
      const paid = writesNamed(federation, "commitUpdates", "attestFor").filter((write) => write.round === round);
      const senders = paid.map(({ by }) => by);
      expect(new Set(senders).size).to.equal(senders.length);
    }
  });

  for (const [role, call] of [
    ["hospital", "journal.write"],
    ["hospital", "signedWrites.publish"],
    ["aggregator", "ledger.commitUpdates"],
    ["aggregator", "ledger.attestFor"],
  ] as const) {
    for (const when of ["before", "after"] as const) {
      it(`or the member that sends, killed ${when} ${call}: same models, nothing twice, one signature each`, async () => {
        let kills = 0;
        for (const count of [1, 2, 3, 4, 5, 6]) {
          const signed = new Map<string, Set<string>>();
          let crash = { happened: false };
          const federation = await run({
            prepare(each) {
              recordSigned(each, signed);
              const site = role === "hospital" ? each.hospitals[3]! : each.aggregators[0]!;
              crash = dieOnce(each, site, { call, when, count });
            },
          });
          if (!crash.happened) continue;
          kills++;
          expect(federation.finals, `killed at ${call} ${count}`).to.deep.equal(undisturbed);
          const made = federation.chain.rounds.flatMap(({ commitments, proposals }) => [...commitments, ...proposals]);
          expect(made).to.have.length(2 * (4 + 1));
          for (const [name, writes] of signed) expect(writes.size, name).to.equal(1);
          expect(signed.size).to.equal(4);
        }
        expect(kills).to.be.greaterThan(1);
        expect([...relayCalls, "journal.write"]).to.include(call);
      });
    }
  }
});

/** Every write that is published, by name. */
function recordSigned({ network }: FakeFederation, signed: Map<string, Set<string>>): void {
  network.writeListeners.add((write) => {
    const name = nameOfWrite(write);
    signed.set(name, (signed.get(name) ?? new Set()).add(Buffer.from(encodeSignedWrite(write)).toString()));
  });
}

function dieOnce(federation: FakeFederation, site: Site, point: CrashPoint): { happened: boolean } {
  const crash = { happened: false };
  site.onCall = killAt(point, () => {
    if (crash.happened) return;
    crash.happened = true;
    federation.kill(site);
    federation.time.at(federation.time.now() + 3000, () => federation.start());
  });
  return crash;
}
