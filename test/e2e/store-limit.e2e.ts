// What an audit finds after members have deleted objects, and when only one member serves: real processes, chain and network.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { until } from "../io/p2p/federation-of-peers.ts";
import { RealFederation } from "./real-federation.ts";

const patience = { withinMs: 400_000 };

/** Names of the objects above 64 KiB in a party's store. */
async function largeObjects(party: string): Promise<ReadonlySet<string>> {
  const dir = join(party, "store", "blobs", "objects");
  const names = await readdir(dir, { recursive: true });
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(dir, name)).catch(() => undefined))?.size ?? 0),
  );
  return new Set(names.filter((_, at) => sizes[at]! > 2 ** 16).map((name) => name.replaceAll("/", "")));
}

describe("a federation's objects", function () {
  this.timeout(900_000);
  let federation: RealFederation;
  afterEach(() => federation.stop());

  it("are all at three members or more after nodes with a limit have deleted older ones, and the audit holds", async () => {
    // A model of 160 kB, so that a store of 1.5 MiB is above its limit after two rounds.
    const rounds = 7;
    federation = await RealFederation.found({ hospitals: 5, rounds, weights: 40_000 });
    const limited = federation.hospitals.map(({ name }) => name);
    for (const name of limited) await federation.configure(name, { maxStoreGiB: 4 / 1024 });
    await federation.start();
    await federation.untilAdopted(rounds, patience);
    const hasDeleted = async () =>
      (await Promise.all(limited.map((name) => federation.log(name)))).some((log) => log.includes("objects-deleted"));
    await until(hasDeleted, patience);
    const held = await Promise.all(
      [federation.aggregator, ...federation.hospitals].map(({ dir }) => largeObjects(dir)),
    );
    const models = (await federation.models()).map((model) => model!.slice(2));
    const updates = federation.events.flatMap((each) => (each.event === "committed" ? [String(each["update"])] : []));
    const named = [...models, ...updates.map((update) => update.slice(2))];
    expect(named.length).to.be.at.least(rounds + rounds * 4);
    for (const name of named) expect(held.filter((names) => names.has(name)).length, name).to.be.at.least(3);
    expect(Math.min(...held.map(({ size }) => size))).to.be.below(named.length);
    expect((await federation.audit()).verdict).to.equal("verified");
  });

  it("are all found by an audit that reaches one hospital only", async () => {
    const rounds = 2;
    federation = await RealFederation.found({ hospitals: 3, rounds });
    await federation.start();
    await federation.untilAdopted(rounds, patience);
    const [last, ...others] = [...federation.hospitals, federation.aggregator].reverse().slice(1);
    const scores = (await federation.rounds())
      .flatMap(({ proposals }) => proposals)
      .flatMap(({ attestations }) => attestations);
    const objects = join(last!.dir, "store", "blobs", "objects");
    const isHere = async () => {
      const names = new Set((await readdir(objects, { recursive: true })).map((name) => name.replaceAll("/", "")));
      return scores.every(({ scores: digest }) => names.has(digest.slice(2)));
    };
    await until(isHere, patience);
    for (const { name } of [...others, federation.aggregator]) await federation.kill(name);
    const ready = federation.events.find((each) => each.event === "ready" && each["hospital"] === last!.address);
    const peer = (ready!["listen"] as readonly string[])[0]!;
    expect((await federation.audit({ peer: [peer] })).verdict).to.equal("verified");
  });
});
