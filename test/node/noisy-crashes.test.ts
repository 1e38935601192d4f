// A hospital of a federation with differential privacy is killed at each outward act from its coins to its commitment. Coins or noise
// that were drawn again would let a reader of both results average the noise away, or see the difference of two inputs.
import { expect } from "chai";
import type { HospitalPorts } from "../../node/hospital.ts";
import type { PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { decodeDeal } from "../../protocol/private/deal.ts";
import { useFastCommitments } from "../fakes/fast-commitments.ts";
import { FakeFederation, type Site } from "../fakes/federation.ts";
import { kindOf } from "../fakes/object-kind.ts";
import { secretOf } from "../fakes/party-ports.ts";

const patient = { samplingRate: 0.5, clipNorm: 0.1, integerNorm: 64, noiseMultiplier: 2, delta: 1e-5 };
const privacy: PrivacySpec = { mode: "sum", unitWeight: 1, largest: 2047, maxSeals: 40, patient };

/** Every act between the drawing of coins and the commitment, in their order. */
const acts = [
  "secrets.write coins",
  "learner.sumPatients",
  "secrets.write input",
  "journal.write prepared",
  "secrets.write mask",
  "blobs.put box",
  "blobs.put masked",
  "blobs.put deal",
  "journal.write manifest",
  "ledger.commitUpdate",
] as const;
/** After an act is before the next one. */
const points = [...acts.map((act) => `before ${act}`), "after ledger.commitUpdate"];

/** What the hospital drew and made in each round. */
class Drawn {
  readonly coins = new Map<number, Set<string>>();
  readonly masked = new Map<number, Set<string>>();
  readonly dealt = new Map<number, Set<string>>();
  readonly inputs = new Map<string, Set<number>>();
  /** Points at which the hospital was killed. */
  readonly kills: string[] = [];
}

function add<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  map.set(key, (map.get(key) ?? new Set()).add(value));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const never = () => new Promise<never>(() => {});

/** Kills a hospital in each round at one more point, and restarts it. */
function dyingEverywhere(federation: FakeFederation, site: Site, drawn: Drawn) {
  const { time, chain } = federation;
  let [secrets, trainings] = [0, 0];
  const at = async <T>(act: string, work: () => Promise<T>): Promise<T> => {
    const dies = (when: string) => {
      if (points[chain.rounds.length - 1] !== `${when} ${act}` || drawn.kills.length >= chain.rounds.length)
        return false;
      drawn.kills.push(`${when} ${act}`);
      federation.kill(site);
      time.at(time.now() + 3000, () => federation.startHospital(site));
      return true;
    };
    if (dies("before")) return never();
    const result = await work();
    return dies("after") ? never() : result;
  };
  const watched = <Port extends object>(port: Port, changes: Partial<Port>): Port =>
    new Proxy(port, {
      get(target, name) {
        const own: unknown = Reflect.get(changes, name);
        if (own) return own;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  return ({ secrets: files, journal, blobs, learner, ledger }: HospitalPorts): Partial<HospitalPorts> => ({
    randomSecret: () => secretOf(`drawn ${secrets++}`),
    secrets: watched(files, {
      write: (name, bytes) => {
        const [kind, round] = name.split("/");
        if (kind === "mask") add(drawn.inputs, JSON.parse(Buffer.from(bytes).toString()).input, Number(round));
        return at(`secrets.write ${kind}`, () => files.write(name, bytes));
      },
    }),
    journal: watched(journal, {
      write: (entries) => {
        const [key = ""] = Object.keys(entries);
        return at(`journal.write ${key.split("/")[0]}`, () => journal.write(entries));
      },
    }),
    learner: watched(learner, {
      sumPatients: (request, options) =>
        at("learner.sumPatients", async () => {
          const { secret, context } = request.coins;
          add(drawn.coins, context.round, hex(secret));
          const done = await learner.sumPatients(request, options);
          // Training on another machine, or with other threads, may round otherwise.
          trainings++;
          return { ...done, integers: done.integers.map((value, index) => (index === 0 ? trainings : value)) };
        }),
    }),
    blobs: watched(blobs, {
      put: (bytes) => {
        const round = chain.rounds.length;
        const isMasked = Buffer.from(bytes.subarray(0, 256)).includes('"61441":');
        const kind = bytes.byteLength === 14_288 ? "box" : isMasked ? "masked" : kindOf(bytes);
        if (kind === "masked") add(drawn.masked, round, hex(bytes));
        if (kind === "deal") add(drawn.dealt, round, decodeDeal(bytes).commitments.join());
        return at(`blobs.put ${kind}`, () => blobs.put(bytes));
      },
    }),
    ledger: watched(ledger, {
      commitUpdate: (...call) => at("ledger.commitUpdate", () => ledger.commitUpdate(...call)),
    }),
  });
}

describe("a hospital killed between its coins and its commitment", function () {
  this.timeout(120_000);
  const drawn = new Drawn();
  let federation: FakeFederation;
  before(async () => {
    const commitments = useFastCommitments();
    const rounds = points.length;
    federation = await FakeFederation.create({ plan: { rounds, minUpdates: 3, sampleCap: 1, privacy } });
    const [site] = federation.hospitals;
    site!.tamper = dyingEverywhere(federation, site!, drawn);
    federation.start();
    await federation.runUntil(() => federation.finals.length === rounds, { withinSeconds: 10_000 });
    commitments.restore();
  });

  it("was killed before and after every act, and is in the sum of every round", () => {
    expect(drawn.kills).to.deep.equal(points);
    const { address } = federation.hospitals[0]!;
    for (const { seal } of federation.chain.rounds) expect(seal!.included).to.include(address);
  });

  it("draws the coins of a round's patients once", () => {
    expect(drawn.coins.size).to.equal(points.length);
    for (const [round, secrets] of drawn.coins) expect(secrets.size, `round ${round}`).to.equal(1);
  });

  it("masks one input with one noise and deals one key a round, though its training came out otherwise the second time", () => {
    for (const made of [drawn.masked, drawn.dealt]) {
      expect(made.size).to.equal(points.length);
      for (const [round, objects] of made) expect(objects.size, `round ${round}`).to.equal(1);
    }
  });

  it("puts no input in two rounds, and other coins in every round", () => {
    for (const rounds of drawn.inputs.values()) expect(rounds.size).to.equal(1);
    expect(new Set([...drawn.coins.values()].flatMap((each) => [...each])).size).to.equal(points.length);
  });
});
