import { expect } from "chai";
import { readInput } from "../../node/private-input.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import type { PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { decodePrivateManifest } from "../../protocol/format/private-manifest.ts";
import type { BlobStore } from "../../protocol/ports.ts";
import { makeContribution } from "../../protocol/private/contribution.ts";
import { decodeDeal } from "../../protocol/private/deal.ts";
import { decodeSumOpening, openingTypedData } from "../../protocol/private/opening.ts";
import { aggregateSum } from "../../protocol/strategy/aggregate-sum.ts";
import { memorySink, memorySource } from "../../protocol/update/byte-source.ts";
import { fakeFederation } from "../fakes/chain.ts";
import { useFastCommitments } from "../fakes/fast-commitments.ts";
import { FakeFederation, type Site } from "../fakes/federation.ts";
import { kindOf } from "../fakes/object-kind.ts";
import { fakeSignatures } from "../fakes/party-ports.ts";

const privacy: PrivacySpec = { mode: "sum", unitWeight: 16, largest: 2047, maxSeals: 20 };
const finished = (federation: FakeFederation) => () =>
  federation.events.some((event) => event.event === "finished" && "aggregator" in event);

interface Options {
  readonly hospitals?: number;
  readonly rounds?: number;
}

async function started(prepare: (federation: FakeFederation) => void, { hospitals = 4, rounds = 1 }: Options = {}) {
  const federation = await FakeFederation.create({ hospitals, plan: { rounds, minUpdates: 3, privacy } });
  prepare(federation);
  federation.start();
  return federation;
}

async function run(prepare: (federation: FakeFederation) => void = () => {}, options: Options = {}) {
  const federation = await started(prepare, options);
  await federation.runUntil(finished(federation), { withinSeconds: 3000 });
  return federation;
}

/** Kills a hospital for good at the first event of a kind that it, or anyone, tells. */
function dyingAt(federation: FakeFederation, site: Site, event: string, own = true): void {
  const { events } = federation;
  const push = events.push.bind(events);
  events.push = (...told) => {
    const isIt = told.some(
      (each) => each.event === event && (!own || ("hospital" in each && each.hospital === site.address)),
    );
    if (isIt) federation.kill(site);
    return push(...told);
  };
}

/** A store that keeps other bytes in the place of some objects. */
function puttingInstead(blobs: BlobStore, change: (bytes: Uint8Array) => Promise<Uint8Array>): BlobStore {
  return new Proxy(blobs, {
    get: (target, name) => {
      if (name === "put") return async (bytes: Uint8Array) => blobs.put(await change(bytes));
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** A hospital that stores other bytes in the place of its objects of a kind. */
function altering(kind: string, change: (bytes: Uint8Array, site: Site) => Promise<Uint8Array>) {
  return (site: Site) => {
    site.tamper = ({ blobs }) => ({
      blobs: puttingInstead(blobs, async (bytes) => (kindOf(bytes) === kind ? change(bytes, site) : bytes)),
    });
  };
}

const boxesOf = (federation: FakeFederation, site: Site) => {
  const manifests = federation.chain.rounds.flatMap(({ commitments }) =>
    commitments.filter(({ member }) => member === site.address),
  );
  return manifests.flatMap(({ manifest }) => {
    const bytes = federation.aggregators[0]!.store.blobs.get(manifest)!;
    return decodeDeal(federation.aggregators[0]!.store.blobs.get(decodePrivateManifest(bytes).deal)!).boxes;
  });
};
const included = ({ chain }: FakeFederation) => chain.rounds.at(-1)!.proposals.at(-1)!.included;
const told = ({ events }: FakeFederation, event: string) => events.filter((each) => each.event === event);

describe("a federation with private sums", function () {
  this.timeout(120_000);
  let commitments: ReturnType<typeof useFastCommitments>;
  before(() => {
    commitments = useFastCommitments();
  });
  after(() => commitments.restore());

  it("opens only the sum of each round, every hospital agrees, and nothing secret stays on a disk", async () => {
    const federation = await run(() => {}, { rounds: 2 });
    expect(federation.finals).to.have.length(2);
    const { writes, rounds } = federation.chain;
    const count = (act: string) => writes.filter(({ name }) => name === act).length;
    expect(["commitUpdate", "sealRound", "proposeModel", "attest"].map(count)).to.deep.equal([8, 2, 2, 8]);
    for (const { proposals } of rounds) {
      const named = new Set(proposals[0]!.attestations.map(({ scores }) => scores));
      expect(named.size).to.equal(1);
      expect(kindOf(federation.hospitals[0]!.store.blobs.get([...named][0]!)!)).to.equal("key");
    }
    for (const site of federation.hospitals) {
      expect([...site.secrets.files.keys()].filter((name) => name.endsWith("/1"))).to.deep.equal([]);
      const [first] = rounds;
      for (const dealer of federation.hospitals) {
        for (const box of boxesOf(federation, dealer).slice(0, first!.members.length)) {
          expect(site.store.blobs.has(box)).to.equal(false);
        }
      }
    }
  });

  it("finishes a round without a hospital that is away before it commits", async () => {
    const federation = await run((each) => dyingAt(each, each.hospitals[1]!, "training"));
    expect(included(federation)).to.have.length(3).and.not.include(federation.hospitals[1]!.address);
  });

  it("finishes a round without a hospital that is away once it has committed", async () => {
    const federation = await run((each) => dyingAt(each, each.hospitals[1]!, "committed"));
    expect(federation.finals).to.have.length(1);
  });

  it("finishes a round without a hospital that is away once the sum is sealed, and its update is in", async () => {
    const federation = await run((each) => dyingAt(each, each.hospitals[1]!, "sealed", false));
    expect(included(federation)).to.have.length(4);
    expect(told(federation, "opened-sum")).to.have.length(3);
  });

  it("leaves out a dealer whose shares do not fit, and names it", async () => {
    const other = async (bytes: Uint8Array) => {
      const deal = decodeDeal(bytes);
      return canonicalBytes({ ...deal, commitments: [deal.commitments[1], deal.commitments[0], deal.commitments[2]] });
    };
    const federation = await run((each) => altering("deal", other)(each.hospitals[2]!));
    const liar = federation.hospitals[2]!.address;
    expect(included(federation)).to.have.length(3).and.not.include(liar);
    expect(told(federation, "left-out")).to.have.length(1);
    expect(told(federation, "left-out")[0]).to.include({ member: liar });
    expect(told(federation, "complained").map((each) => "reason" in each && each.reason)).to.include("wrong");
  });

  it("keeps a dealer in whose box one holder does not get: the dealer answers, and the holder opens with the answer", async () => {
    const federation = await run((each) => {
      const [dealer, , , holder] = each.hospitals;
      each.network.serves = ({ from, to, digest }) => {
        const bytes = dealer!.store.blobs.get(digest);
        const isBox = bytes !== undefined && bytes.byteLength === 14_288;
        return !(isBox && from === dealer!.address && to === holder!.address);
      };
    });
    expect(included(federation)).to.have.length(4);
    expect(told(federation, "complained")).to.have.length(1);
    expect(told(federation, "opened-sum")).to.have.length(4);
  });

  it("finishes without a holder that signs a wrong opening, and names it", async () => {
    const wrong = async (bytes: Uint8Array, { address }: Site) => {
      const { signature: _, ...opening } = decodeSumOpening(bytes);
      const scalars = `0x01${opening.scalars.slice(4)}` as const;
      const statement = { ...opening, scalars };
      const signature = await fakeSignatures(address).sign(openingTypedData(statement));
      return canonicalBytes({ ...statement, signature });
    };
    const federation = await run((each) => altering("opening", wrong)(each.hospitals[0]!));
    expect(federation.finals).to.have.length(1);
    const found = told(federation, "invalid-object");
    expect(found.length).to.be.greaterThan(0);
    for (const each of found) {
      expect(each).to.include({ member: federation.hospitals[0]!.address, code: "OPENING_WRONG" });
    }
  });

  it("gives no honest opening to a seal that leaves out a valid update, and names nobody as opened", async () => {
    const federation = await started((each) => {
      const [aggregator] = each.aggregators;
      aggregator!.tamper = ({ ledger }) => ({
        ledger: {
          ...ledger,
          sealRound: ({ round, included }, waiting) =>
            ledger.sealRound({ round, included: included.slice(1) }, waiting),
        },
      });
    });
    await federation.runUntil(() => federation.chain.rounds[0]?.status === "abandoned", { withinSeconds: 3000 });
    expect(federation.chain.rounds[0]!.seal!.included).to.have.length(3);
    // The hospital that was left out has shares too: nobody of the four opens.
    expect(told(federation, "opened-sum")).to.have.length(0);
  });

  it("makes no model of a round in which a hospital masked garbage", async () => {
    const federation = await started((each) => {
      const [liar] = each.hospitals;
      liar!.tamper = ({ blobs }) => ({
        blobs: puttingInstead(blobs, async (bytes) => {
          if (kindOf(bytes) !== undefined || !Buffer.from(bytes).includes("61441")) return bytes;
          const garbage = bytes.slice();
          // Low bytes of residues: each stays below its prime.
          for (let at = garbage.length - 4096; at < garbage.length; at += 2) garbage[at] = 7 * at;
          return garbage;
        }),
      });
    });
    await federation.runUntil(() => federation.chain.rounds[0]?.status === "abandoned", { withinSeconds: 3000 });
    expect(federation.chain.rounds[0]!.seal!.included).to.have.length(4);
    expect(federation.chain.rounds[0]!.proposals).to.have.length(0);
  });

  it("makes the model that the plain sum of the same integers makes, to the bit", async () => {
    const kept = new Map<string, Map<string, Uint8Array>>();
    const federation = await run((each) => {
      for (const { address, secrets } of each.hospitals) {
        const files = new Map<string, Uint8Array>();
        kept.set(address, files);
        const write = secrets.write.bind(secrets);
        secrets.write = (name, bytes) => {
          files.set(name, bytes);
          return write(name, bytes);
        };
      }
    });
    const [round] = federation.chain.rounds;
    const base = federation.aggregators[0]!.store.blobs.get(round!.base)!;
    const { plan } = federation;
    const named = { ...fakeFederation, round: round!.id };
    let integers: Int32Array | undefined;
    let totalWeight = 0;
    for (const { member, sampleCount } of round!.commitments) {
      const files = kept.get(member)!;
      const note = JSON.parse(new TextDecoder().decode(files.get("mask/1"))) as { secret: string; input: Digest };
      const secrets = { read: async (name: string) => files.get(name) };
      const { trained: local } = await readInput(secrets, { trainedIn: round!.id, update: note.input });
      const { unitWeight, largest } = privacy;
      const secret = Uint8Array.from(Buffer.from(note.secret, "hex"));
      const input = { base, local, plan, sampleCount, unitWeight, largest, secret, context: named };
      const made = makeContribution(input).integers;
      integers ??= new Int32Array(made.length);
      for (let at = 0; at < made.length; at++) integers[at]! += made[at]!;
      totalWeight += Math.min(sampleCount, unitWeight);
    }
    const sum = { integers: integers!, ...privacy, totalWeight, updates: 4, noiseStdDev: 0 };
    const sink = memorySink();
    await aggregateSum({ plan, base: memorySource(base), sum, memberCount: 4 }, sink);
    expect(blobDigest(sink.bytes())).to.equal(round!.model);
  });

  it("abandons a sealed round that too few open, and never masks what was sealed again", async () => {
    const inputs = new Map<string, Set<string>>();
    const federation = await started(
      (each) => {
        for (const site of each.hospitals) {
          const write = site.secrets.write.bind(site.secrets);
          site.secrets.write = async (name, bytes) => {
            if (name.startsWith("mask/")) {
              const { input } = JSON.parse(new TextDecoder().decode(bytes)) as { input: string };
              inputs.set(site.address, (inputs.get(site.address) ?? new Set()).add(input));
            }
            await write(name, bytes);
          };
        }
        const away = each.hospitals.slice(0, 2);
        for (const site of away) dyingAt(each, site, "sealed", false);
      },
      { rounds: 1 },
    );
    await federation.time.runUntil(() => federation.chain.rounds[0]?.status === "abandoned", { withinSeconds: 3000 });
    federation.events.push = Array.prototype.push;
    federation.start();
    await federation.runUntil(finished(federation), { withinSeconds: 3000 });
    expect(federation.finals).to.have.length(1);
    const last = federation.chain.rounds.at(-1)!.id;
    for (const { address } of federation.hospitals) expect(inputs.get(address)?.size).to.equal(last);
  });

  it("adds noise for patients, publishes neither scans nor scores, and stops in plain words when the budget is spent", async () => {
    const patient = { samplingRate: 0.5, clipNorm: 0.1, integerNorm: 64, noiseMultiplier: 2, delta: 1e-5 };
    const noisy: PrivacySpec = { ...privacy, unitWeight: 1, maxSeals: 2, patient };
    const plan = { rounds: 3, minUpdates: 3, sampleCap: 1, privacy: noisy };
    const federation = await FakeFederation.create({ plan });
    federation.start();
    // Long after every member would have had its turn to open a third round.
    await federation.runUntil(() => federation.time.now() > 900_000, { withinSeconds: 3000 });
    expect(federation.finals).to.have.length(2);
    expect(told(federation, "budget-spent")).to.have.length(5);
    for (const each of told(federation, "budget-spent")) expect(each).to.include({ seals: 2, maxSeals: 2 });
    const lines = [...federation.hospitals, ...federation.aggregators].flatMap(({ log }) => log.lines);
    expect(lines.filter(({ event }) => event === "action-failed")).to.deep.equal([]);
    expect(federation.chain.rounds).to.have.length(2);
    expect(
      federation.chain.rounds.flatMap(({ commitments }) => commitments.map((each) => each.sampleCount)),
    ).to.deep.equal(new Array(8).fill(1));
    for (const site of federation.hospitals) {
      expect([...site.secrets.files.keys()].filter((name) => name.endsWith("/1"))).to.deep.equal([]);
    }
  });
});
