import { expect } from "chai";
import { FedError } from "../../../foundation/errors.ts";
import { abandonable } from "../../../foundation/pause.ts";
import { localExchange } from "../../../protocol/audit/local-objects.ts";
import type { AuditEvent, AuditReport } from "../../../protocol/audit/report.ts";
import type { Digest } from "../../../protocol/format/digest.ts";
import type { Plan } from "../../../protocol/format/plan.ts";
import type { BlobExchange } from "../../../protocol/ports.ts";
import { addressOf, FakeFederation } from "../../fakes/federation.ts";
import { alteringModel } from "../../fakes/liars.ts";
import { audit, copyOf, eventOf, type Finished, finish, jsonOf, leftBy } from "./finished-federation.ts";

const codes = ({ rounds }: AuditReport) => rounds.flatMap(({ findings }) => findings.map(({ code }) => code));

describe("an audit of a federation that nobody disturbed", () => {
  it("derives every model again, and reads every object that anybody left", async () => {
    const finished = await finish({ plan: { rounds: 3 } });
    const report = await audit(finished);
    expect(report.verdict).to.equal("verified");
    expect(report.first).to.equal(undefined);
    expect(report.rounds.map(({ verdict, derived }) => [verdict, derived])).to.deep.equal(
      Array.from({ length: 3 }, () => ["verified", true]),
    );
    expect(codes(report)).to.deep.equal([]);
    const bytes = [...finished.store.blobs.values()].reduce((sum, blob) => sum + blob.byteLength, 0);
    expect(report.counts).to.deep.equal({
      ...{ events: finished.events.length, rounds: 3, models: 3, updates: 12 },
      ...{ objects: finished.store.blobs.size, bytes },
    });
  });

  it("reports for each round who contributed what, from which base, and who agreed", async () => {
    const report = await audit(await finish());
    const [first, second] = report.rounds;
    expect(second?.base).to.equal(first?.model);
    expect(second?.hospitals.map(({ contribution }) => contribution)).to.deep.equal(Array(4).fill("included"));
    expect(second?.hospitals.map(({ sampleCount }) => sampleCount)).to.deep.equal([10, 11, 12, 13]);
    expect(second?.hospitals.map(({ share }) => share)).to.deep.equal([10, 11, 12, 13].map((count) => count / 46));
    expect(report.largestShare).to.deep.equal({ round: 1, hospital: addressOf(3), share: 13 / 46 });
    expect(second?.hospitals.map(({ base }) => base)).to.deep.equal(Array(4).fill(first?.model));
    expect(second?.proposals[0]?.attestations.map(({ agree }) => agree)).to.deep.equal(Array(4).fill(true));
    expect(second?.validation).to.include({ patients: 160, positives: 80 });
    const { low, high } = second?.validation?.auc ?? { low: Number.NaN, high: Number.NaN };
    expect(second?.validation?.isAtChance).to.equal(low <= 0.5 && high >= 0.5);
    const areas = report.rounds.map(({ validation }) => validation?.auc?.value ?? 0);
    expect(report.best?.auc.value).to.equal(Math.max(...areas));
    expect(report.best?.round).to.equal(1 + areas.indexOf(Math.max(...areas)));
    expect(report.best?.model).to.equal(report.rounds[(report.best?.round ?? 0) - 1]?.model);
    expect(report.members.map(({ role }) => role)).to.deep.equal([...Array(4).fill("hospital"), "aggregator"]);
  });

  it("reports its progress", async () => {
    const events: AuditEvent[] = [];
    await audit(await finish(), { onEvent: (event) => events.push(event) });
    const kinds = ["round-started", "update-checked", "round-audited"];
    expect(events.map(({ kind }) => kind)).to.deep.equal([...kinds, ...kinds]);
  });

  const strategies: readonly [string, Partial<Plan>][] = [
    ["server momentum", { strategy: strategyOf("fedavgm", { momentum: 0.9, serverLearningRate: 1 }) }],
    ["the coordinates' median", { strategy: strategyOf("median", {}) }],
    ["Krum", { strategy: strategyOf("krum", { byzantine: 1 }) }],
    ["sparse updates", { update: { type: "I8", clipNorm: 8, topFraction: 0.25, localTensors: [] } }],
  ];
  for (const [what, plan] of strategies) {
    it(`derives models made with ${what}`, async () => {
      const report = await audit(await finish({ hospitals: 5, plan: { ...plan, rounds: 3 } }));
      expect(report.first).to.equal(undefined);
      expect(report.verdict).to.equal("verified");
    });
  }

  it("derives a model that took a late update at less weight", async () => {
    const finished = await finish(
      { plan: { strategy: strategyOf("fedavg", { maxStaleness: 1 }) }, terms: { commitPeriod: 20 } },
      ({ hospitals: [slow] }) => {
        if (slow) slow.learner.trainMs = 30_000;
      },
    );
    const report = await audit(finished);
    expect(report.verdict).to.equal("verified");
    expect(report.rounds[1]?.hospitals[0]).to.include({ contribution: "included", age: 1 });
  });

  it("follows a revocation in the middle of the federation's life", async () => {
    const federation = await FakeFederation.create({ plan: { rounds: 3 } });
    const gone = addressOf(2);
    federation.start();
    await federation.time.runUntil(() => federation.finals.length === 1);
    federation.chain.revoke(gone);
    await federation.runUntil(() => federation.finals.length === 3, { withinSeconds: 4000 });
    const report = await audit(leftBy(federation));
    expect(report.verdict).to.equal("verified");
    expect(report.members[2]?.revokedAt).to.be.a("number");
    expect(report.rounds.at(-1)?.hospitals.map(({ hospital }) => hospital)).not.to.include(gone);
  });

  it("goes over an abandoned round, which made no model", async () => {
    const federation = await FakeFederation.create({
      ...{ hospitals: 3, terms: { minUpdates: 3, commitPeriod: 20 }, plan: { minUpdates: 3, rounds: 1 } },
    });
    const late = federation.hospitals[2];
    federation.start();
    if (late) federation.kill(late);
    await federation.time.runUntil(() => federation.chain.rounds[0]?.status === "abandoned");
    if (late) federation.startHospital(late);
    await federation.runUntil(() => federation.finals.length === 1, { withinSeconds: 4000 });
    const report = await audit(leftBy(federation));
    expect(report.rounds.map(({ verdict }) => verdict)).to.deep.equal(["none", "verified"]);
    expect(report.verdict).to.equal("verified");
  });

  it("calls a federation without a model empty, never verified", async () => {
    const federation = await FakeFederation.create();
    federation.start();
    await federation.runUntil(() => federation.chain.rounds[0]?.commitments.length === 1);
    const report = await audit(leftBy(federation));
    expect(report.rounds.map(({ verdict, status }) => [verdict, status])).to.deep.equal([["none", "committing"]]);
    expect(report.verdict).to.equal("empty");
  });

  it("reports a model above its own limit as unavailable", async () => {
    const report = await audit(await finish(), { maxModelBytes: 64 });
    expect(report.verdict).to.equal("unavailable");
    expect(report.first).to.include({ severity: "unavailable", code: "BLOB_TOO_LARGE", object: "model" });
  });

  it("names the last model's file if nobody serves it, though it derives", async () => {
    const finished = await finish();
    const { model } = eventOf(finished, "round-finalised", ({ round }) => round === 2);
    finished.store.blobs.delete(model);
    const report = await audit(finished);
    expect(report.verdict).to.equal("unavailable");
    expect(report.rounds[1]?.findings.map(({ code, object, digest }) => [code, object, digest])).to.deep.equal([
      ["OBJECT_UNAVAILABLE", "model", model],
    ]);
    expect(report.rounds[1]?.derived).to.equal(true);
  });

  it("ends with ABORTED if it is aborted while any object is fetched, and calls nothing broken", async () => {
    const finished = await finish({ plan: { rounds: 1 } });
    const local = localExchange(finished.store);
    let fetches = 0;
    const counting: BlobExchange = {
      fetch(...request) {
        fetches++;
        return local.fetch(...request);
      },
    };
    await audit(finished, { exchange: counting });
    expect(fetches).to.be.above(8);
    for (let last = 1; last <= fetches; last++) {
      const stop = new AbortController();
      let begun = 0;
      const hanging: BlobExchange = {
        fetch(digest, options) {
          if (++begun < last) return local.fetch(digest, options);
          setImmediate(() => stop.abort(new FedError("ABORTED", {})));
          return abandonable(new Promise<never>(() => {}), options);
        },
      };
      const events: string[] = [];
      const onEvent = ({ kind }: AuditEvent) => void events.push(kind);
      const reason = await audit(finished, { exchange: hanging, signal: stop.signal, onEvent }).catch((error) => error);
      expect(reason, `fetch ${last}`).to.have.property("code", "ABORTED");
      expect(events, `fetch ${last}`).not.to.include("finding");
    }
  });

  it("counts a model once that equals its base, where a later update is from before it", async () => {
    const still = 2;
    const strategy = strategyOf("fedavg", { maxStaleness: 1 });
    const finished = await finish(
      { plan: { strategy, rounds: 3 }, terms: { commitPeriod: 20 } },
      ({ hospitals: [slow, ...others] }) => {
        if (slow) slow.learner.trainMs = 62_000;
        for (const site of others) {
          // In one round nothing is learned, and nothing is left over from rounding in the one before.
          site.tamper = ({ learner, journal }) => ({
            journal: { ...methodsOf(journal), write: ({ residual: _, ...entries }) => journal.write(entries) },
            learner: {
              ...methodsOf(learner),
              train: async (request, options) => {
                const outcome = await learner.train(request, options);
                return request.round === still ? { ...outcome, weights: request.base } : outcome;
              },
            },
          });
        }
      },
    );
    const report = await audit(finished);
    const [, second] = report.rounds;
    expect(second?.model, "the still round").to.equal(second?.base);
    expect(report.rounds.map(({ hospitals }) => hospitals[0]?.age)).to.deep.equal([undefined, undefined, 1]);
    expect(report.first).to.equal(undefined);
    expect(report.verdict).to.equal("verified");
  });

  it("names a hospital that serves its update only once a proposal is there, and the proposal is accepted", async () => {
    const late = addressOf(0);
    const finished = await finish({}, ({ network, chain, planDigest, genesis }) => {
      network.serves = ({ from, digest }) =>
        from !== late || [planDigest, genesis].includes(digest) || chain.rounds.at(-1)?.proposals.length === 1;
    });
    const report = await audit(finished);
    expect(report.rounds.map(({ proposals }) => proposals.map(({ status }) => status))).to.deep.equal([
      ["accepted"],
      ["accepted"],
    ]);
    expect(report.rounds[0]?.findings.map(({ code, severity, hospital }) => [code, severity, hospital])).to.deep.equal([
      ["LATE_LEFT_OUT", "note", late],
    ]);
    expect(report.verdict).to.equal("verified");
  });

  it("only notes an update that was left out after the time for serving it", async () => {
    const finished = await finish({}, ({ network }) => {
      network.serves = ({ from }) => from !== addressOf(0);
    });
    const report = await audit(finished);
    expect(report.verdict).to.equal("verified");
    expect(report.rounds[0]?.findings.map(({ code, hospital }) => [code, hospital])).to.deep.equal([
      ["LATE_LEFT_OUT", addressOf(0)],
    ]);
  });

  it("needs an update that was left out only where the proposer did not wait, or it went into the model", async () => {
    const absent = addressOf(0);
    const found = async (finished: Finished) => {
      const { rounds, verdict } = await audit(finished);
      const of = rounds[0]!.findings.filter(({ hospital }) => hospital === absent);
      return { verdict, findings: of.map(({ code, severity }) => `${code} ${severity}`) };
    };
    const remove = (finished: Finished) => {
      const { manifest } = eventOf(finished, "update-committed", ({ member }) => member === absent);
      finished.store.blobs.delete(jsonOf(finished, manifest)["update"] as Digest);
      return finished;
    };
    const leftOut = await finish({}, ({ network }) => {
      network.serves = ({ from }) => from !== absent;
    });
    const waited = remove(copyOf(leftOut));
    expect(await found(waited)).to.deep.equal({ verdict: "verified", findings: ["OBJECT_UNAVAILABLE note"] });
    expect((await found(remove(await finish()))).findings).to.include("OBJECT_UNAVAILABLE unavailable");
    const early = remove(copyOf(leftOut));
    const proposed = early.events.findIndex(({ kind }) => kind === "model-proposed");
    const { time } = eventOf(early, "update-committed", ({ member }) => member === absent);
    early.events[proposed] = { ...early.events[proposed]!, time };
    expect((await found(early)).findings).to.include("OBJECT_UNAVAILABLE unavailable");
    const unfinished = remove(copyOf(leftOut));
    unfinished.events.splice(proposed);
    expect((await found(unfinished)).findings).to.deep.equal(["OBJECT_UNAVAILABLE note"]);
  });

  it("notes an invalid update that was left out as it must be, and says why it is invalid", async () => {
    const finished = await finish({}, ({ hospitals: [forger] }) => {
      if (!forger) return;
      forger.tamper = ({ signatures }) => ({ signatures: { ...signatures, sign: async () => `0x${"13".repeat(65)}` } });
    });
    const report = await audit(finished);
    expect(report.verdict).to.equal("verified");
    const [note] = report.rounds[0]?.findings ?? [];
    expect(note).to.include({ severity: "note", code: "INVALID_LEFT_OUT", hospital: addressOf(0) });
    expect(note?.text).to.contain("MANIFEST_SIGNATURE");
    expect(report.rounds[0]?.hospitals[0]?.contribution).to.equal("invalid");
  });

  it("notes a lie that the others refused, and verifies the model that became final in its stead", async () => {
    const finished = await finish({}, ({ aggregators: [liar] }) => {
      if (liar) liar.tamper = alteringModel;
    });
    const report = await audit(finished);
    expect(report.verdict).to.equal("verified");
    const [round] = report.rounds;
    expect(round?.proposals.map(({ status }) => status)).to.deep.equal(["refused", "accepted"]);
    expect(round?.findings.map(({ code, severity }) => [code, severity])).to.deep.equal([["WRONG_MODEL", "note"]]);
    expect(round?.proposals[0]?.attestations[0]).to.include({ agree: false, refusal: "WRONG_MODEL" });
  });
});

function strategyOf(name: string, more: object): Plan["strategy"] {
  return { name, maxSharePermille: 1000, maxStaleness: 0, ...more } as Plan["strategy"];
}

/** A port's methods, bound: spreading an instance of a class loses them. */
function methodsOf<Port extends object>(port: Port): Port {
  return new Proxy({} as Port, {
    get: (_, name) => {
      const value = Reflect.get(port, name);
      return typeof value === "function" ? value.bind(port) : value;
    },
    ownKeys: () => Reflect.ownKeys(Object.getPrototypeOf(port)),
    getOwnPropertyDescriptor: (_, name) => ({ configurable: true, enumerable: true, value: Reflect.get(port, name) }),
  });
}
