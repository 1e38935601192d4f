// Rounds with private sums by real processes on a real chain: killed at each phase, and away after the seal. What must be
// gone is looked for in the files.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { openObjectFiles, storedObjects } from "../../io/store/object-files.ts";
import type { PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { boxBytes } from "../../protocol/private/box.ts";
import { decodeDeal } from "../../protocol/private/deal.ts";
import { decodeSumOpening } from "../../protocol/private/opening.ts";
import { rings } from "../../protocol/private/ring.ts";
import { kindOf } from "../fakes/object-kind.ts";
import { RealFederation } from "./real-federation.ts";

const privacy: PrivacySpec = { mode: "sum", unitWeight: 16, largest: 2047, maxSeals: 20 };
const plan = { privacy, minUpdates: 3 };
const terms = { commitPeriod: 120, proposePeriod: 60, attestPeriod: 60 };
/** After each of these a hospital is killed: events of its own, in the order of a round. */
const phases = ["round-opened", "trained", "committed", "collected", "opened-sum", "attested"] as const;
const withinMs = 600_000;

describe("a federation of real processes with private sums", function () {
  this.timeout(1_200_000);
  let federation: RealFederation;
  afterEach(() => federation.stop());

  const names = () => [federation.aggregator, ...federation.hospitals].map(({ name }) => name);
  const secretsOf = (name: string) => readdir(join(federation.storeOf(name), "secrets"));

  /** Every object in a party's store. */
  async function objectsOf(name: string): Promise<Uint8Array[]> {
    const dir = join(federation.storeOf(name), "blobs");
    const files = openObjectFiles(dir);
    const objects: Uint8Array[] = [];
    for await (const digest of storedObjects(dir)) {
      objects.push(await files.read(digest, 0, (await files.outline(digest)).size));
    }
    return objects;
  }

  it("ends verified, and leaves neither secrets nor boxes in any file", async () => {
    federation = await RealFederation.found({ rounds: 2, plan, terms });
    await federation.start();
    const secrets = new Set<string>();
    await federation.until(() => federation.events.some(({ event }) => event === "committed"), { withinMs });
    for (const { name } of federation.hospitals) {
      for (const file of await secretsOf(name)) {
        secrets.add((await readFile(join(federation.storeOf(name), "secrets", file))).toString("latin1"));
      }
    }
    expect(secrets.size).to.be.greaterThan(3);
    const finished = () =>
      new Set(federation.events.filter(({ event }) => event === "finished").map((e) => e["hospital"]));
    await federation.until(() => finished().size >= 4, { withinMs });
    const isErased = async () =>
      (await Promise.all(federation.hospitals.map(({ name }) => secretsOf(name)))).flat().length === 0;
    while (!(await isErased())) await new Promise((resolve) => setTimeout(resolve, 200));
    for (const name of names()) {
      for (const bytes of await objectsOf(name)) expect(bytes.byteLength).not.to.equal(boxBytes(rings.L16));
    }
    const report = await federation.audit();
    expect(report.verdict).to.equal("verified");
  });

  it("is finished by the others where a hospital is away once the sum is sealed", async () => {
    federation = await RealFederation.found({ rounds: 1, plan, terms });
    await federation.start();
    await federation.until(() => federation.events.some(({ event }) => event === "sealed"), { withinMs });
    const [away, ...others] = federation.hospitals;
    await federation.kill(away!.name);
    const adopted = (address: string) =>
      federation.events.some(({ event, hospital }) => event === "adopted" && hospital === address);
    await federation.until(() => others.every(({ address }) => adopted(address)), { withinMs });
    const [round] = await federation.rounds();
    expect(round!.seal!.included).to.include(away!.address);
    expect((await federation.audit()).verdict).to.equal("verified");
  });

  it("masks one update a round and opens one sum, with a hospital killed at each phase", async () => {
    federation = await RealFederation.found({ rounds: phases.length, plan, terms });
    await federation.start();
    const { name, address } = federation.hospitals[0]!;
    for (const phase of phases) {
      const seen = federation.events.length;
      const isIt = ({ event, hospital }: { event: string; hospital?: unknown }) =>
        event === phase && hospital === address;
      const hasFinished = () =>
        federation.events.some((each) => each.event === "finished" && each["hospital"] === address);
      await federation.until(() => federation.events.slice(seen).some(isIt) || hasFinished(), { withinMs });
      await federation.kill(name);
      await federation.startParty(name);
    }
    await federation.untilAdopted(phases.length, { withinMs });
    const rounds = await federation.rounds();
    for (const { commitments } of rounds) {
      expect(new Set(commitments.map(({ member }) => member)).size).to.equal(commitments.length);
    }
    const openings = new Map<string, Set<string>>();
    const deals = new Map<string, Set<string>>();
    for (const party of names()) {
      for (const bytes of await objectsOf(party)) {
        const kind = kindOf(bytes);
        if (kind === "opening") {
          const { holder, round, scalars } = decodeSumOpening(bytes);
          add(openings, `${holder} ${round}`, scalars);
        }
        if (kind === "deal") {
          const { hospital, round, commitments } = decodeDeal(bytes);
          add(deals, `${hospital} ${round}`, commitments.join());
        }
      }
    }
    for (const [who, made] of openings) expect(made.size, who).to.equal(1);
    for (const [who, made] of deals) expect(made.size, who).to.equal(1);
    const report = await federation.audit();
    expect(report.verdict).to.equal("verified");
  });
});

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  map.set(key, (map.get(key) ?? new Set()).add(value));
}
