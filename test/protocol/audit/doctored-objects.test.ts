import { expect } from "chai";
import type { Digest, RoundId } from "../../../protocol/format/digest.ts";
import { encodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { addressOf } from "../../fakes/federation.ts";
import { commitmentOf, editJson, rehash, replaceObject, restate } from "./doctor.ts";
import { audit, copyOf, eventOf, type Finished, finish, jsonOf } from "./finished-federation.ts";

const hospital = addressOf(1);
const stranger = addressOf(50);

describe("an audit of objects that say what they should not, under digests that are right", () => {
  let honest: Finished;
  let copy: Finished;

  before(async () => {
    honest = await finish();
  });
  beforeEach(() => {
    copy = copyOf(honest);
  });

  it("names the manifest that another key than its hospital's signed", async () => {
    const digest = await restate(copy, { round: 1, hospital }, {}, stranger);
    const report = await audit(copy);
    expect(report.first).to.include({ code: "INVALID_INCLUDED", round: 1, hospital, digest, object: "manifest" });
    expect(report.first?.text).to.contain("MANIFEST_SIGNATURE");
  });

  const lies: readonly [string, object, string, string][] = [
    ["another round", { round: 2 as RoundId }, "round", "1"],
    ["another plan", { plan: `0x${"ab".repeat(32)}` as Digest }, "plan", ""],
    ["another contract", { contract: addressOf(77) }, "contract", ""],
    ["another chain", { chainId: 1 }, "chainId", "31337"],
    ["another hospital", { hospital: addressOf(2) }, "hospital", hospital],
    ["a base that is no model of the federation", { base: `0x${"cd".repeat(32)}` as Digest }, "base", ""],
    ["another size of the update", { updateBytes: 7 }, "updateBytes", ""],
    ["more samples than were committed to on chain", { sampleCount: 500 }, "sampleCount", "11"],
  ];
  for (const [what, change, field, expected] of lies) {
    it(`names a manifest that speaks of ${what}, well signed`, async () => {
      await restate(copy, { round: 1, hospital }, change);
      const report = await audit(copy);
      expect(report.first).to.include({ code: "INVALID_INCLUDED", hospital, round: 1 });
      expect(report.first?.facts).to.include({ field });
      if (expected) expect(report.first?.expected).to.equal(expected);
    });
  }

  it("names a sample count above the cap, committed and signed by its hospital", async () => {
    await restate(copy, { round: 1, hospital }, { sampleCount: 5000 });
    Object.assign(commitmentOf(copy, 1, hospital), { sampleCount: 5000 });
    rehash(copy);
    const report = await audit(copy);
    expect(report.first).to.include({
      code: "COMMITMENT_SAMPLE_COUNT",
      hospital,
      expected: "1 to 1000",
      found: "5000",
    });
    const invalid = report.rounds[0]?.findings.find(({ code }) => code === "INVALID_INCLUDED");
    expect(invalid?.text).to.contain("SAMPLE_CAP_EXCEEDED");
  });

  it("names an update whose norm is above the plan's, however well it is signed and averaged", async () => {
    const { manifest } = commitmentOf(copy, 1, hospital);
    const update = jsonOf(copy, manifest)["update"] as Digest;
    const large = copy.store.blobs.get(update)?.slice() as Uint8Array;
    for (let at = 1024; at + 1 < large.length; at += 2) new DataView(large.buffer).setInt16(at, 32767, true);
    const digest = await copy.store.put(large);
    await restate(copy, { round: 1, hospital }, { update: digest });
    const report = await audit(copy);
    expect(report.first).to.include({ code: "INVALID_INCLUDED", hospital });
    expect(report.first?.text).to.contain("UPDATE_NORM_EXCEEDED");
  });

  it("names an update of other shapes than the model's", async () => {
    const data = new Int16Array(40);
    const digest = await copy.store.put(encodeSafetensors([{ name: "dense/kernel", dtype: "I16", shape: [40], data }]));
    const updateBytes = copy.store.blobs.get(digest)?.byteLength ?? 0;
    await restate(copy, { round: 1, hospital }, { update: digest, updateBytes });
    expect((await audit(copy)).first).to.include({ code: "INVALID_INCLUDED", hospital });
  });

  it("names a plan that is not canonical, and derives nothing under it", async () => {
    const { plan } = eventOf(copy, "round-opened");
    const spaced = await replaceObject(copy, plan, (bytes) => Buffer.concat([bytes, Buffer.from(" ")]));
    const report = await audit(copy);
    expect(report.first).to.include({ code: "PLAN_NOT_CANONICAL", object: "plan", digest: spaced });
    expect(report.rounds.map(({ derived }) => derived)).to.deep.equal([false, false]);
  });

  it("names a plan of other rules than the models were made by", async () => {
    const { plan } = eventOf(copy, "round-opened");
    const update = { type: "I16", clipNorm: 2 ** -18, topFraction: 1, localTensors: [] };
    await replaceObject(copy, plan, (bytes) => editJson(bytes, { update }));
    expect((await audit(copy)).verdict).to.equal("broken");
  });

  it("names a wrong average that has its own correct digest", async () => {
    const { model } = eventOf(copy, "round-finalised", ({ round }) => round === 2);
    const altered = await replaceObject(copy, model, (bytes) => {
      bytes[bytes.length - 4] = bytes[bytes.length - 4]! ^ 1;
      return bytes;
    });
    const report = await audit(copy);
    expect(report.first).to.include({ code: "WRONG_MODEL", round: 2, expected: model, found: altered });
  });

  it("names scores of another model, round or hospital than they are attested for", async () => {
    for (const [field, value] of [
      ["model", `0x${"ab".repeat(32)}`],
      ["round", 9],
      ["hospital", stranger],
    ] as const) {
      copy = copyOf(honest);
      const { scores, member } = eventOf(copy, "attested");
      const digest = await replaceObject(copy, scores, (bytes) => editJson(bytes, { [field]: value }));
      const report = await audit(copy);
      expect(report.first).to.include({ code: "STATEMENT_MISMATCH", hospital: member, digest, found: String(value) });
    }
  });

  it("names scores that are none", async () => {
    const { scores } = eventOf(copy, "attested");
    const digest = await replaceObject(copy, scores, () => new TextEncoder().encode("{}"));
    expect((await audit(copy)).first).to.include({ code: "SCORES_MALFORMED", digest });
  });
});
