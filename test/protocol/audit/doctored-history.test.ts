import { expect } from "chai";
import type { AuditReport } from "../../../protocol/audit/report.ts";
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import type { Digest } from "../../../protocol/format/digest.ts";
import { encodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { addressOf } from "../../fakes/federation.ts";
import { fakeSignatures } from "../../fakes/party-ports.ts";
import { commitmentOf, editJson, rehash, rename } from "./doctor.ts";
import { audit, copyOf, eventOf, type Finished, finish, jsonOf } from "./finished-federation.ts";

const hospital = addressOf(1);
const stranger = addressOf(50);

const brokenCodes = ({ findings, rounds }: AuditReport) =>
  [...findings, ...rounds.flatMap((round) => round.findings)]
    .filter(({ severity }) => severity === "broken")
    .map(({ code }) => code);

describe("an audit of a doctored history", () => {
  let honest: Finished;
  let copy: Finished;

  before(async () => {
    honest = await finish();
  });
  beforeEach(() => {
    copy = copyOf(honest);
  });

  /** Where in the copy an event stands that is the honest history's. */
  const indexOf = (event: LedgerEvent) =>
    copy.events.findIndex((each) => each.logIndex === event.logIndex && each.kind === event.kind);

  it("names a commitment of an account that was no hospital", async () => {
    const real = commitmentOf(copy, 1, hospital);
    const manifest = await restateAs(copy, real.manifest);
    copy.events.splice(indexOf(real) + 1, 0, { ...real, member: stranger, manifest });
    rehash(copy);
    expect((await audit(copy)).first).to.include({
      ...{ code: "COMMITMENT_NOT_MEMBER", round: 1, hospital: stranger, object: "manifest", digest: manifest },
    });
  });

  it("names the commitment of a hospital that had been revoked, or was admitted only after the round opened", async () => {
    const real = commitmentOf(copy, 1, hospital);
    copy.events.splice(indexOf(real), 0, { ...real, kind: "member-revoked", index: 1 });
    expect((await audit(copy)).first).to.include({ code: "COMMITMENT_NOT_MEMBER", round: 1, hospital });

    copy = copyOf(honest);
    const late = addressOf(60);
    const manifest = await restateAs(copy, real.manifest, late);
    const at = indexOf(real);
    copy.events.splice(at, 0, { ...real, kind: "member-admitted", member: late, index: 5, role: "hospital" });
    copy.events.splice(at + 1, 0, { ...real, member: late, manifest });
    rehash(copy);
    expect(brokenCodes(await audit(copy))[0]).to.equal("COMMITMENT_NOT_MEMBER");
  });

  it("names a commitment that was hidden, by the contract's hash over all of them", async () => {
    copy.events.splice(indexOf(commitmentOf(copy, 1, hospital)), 1);
    const report = await audit(copy);
    expect(brokenCodes(report)).to.include.members(["COMMITMENTS_HASH", "PROPOSAL_NOT_COMMITTED"]);
  });

  it("names commitments with another order or another count", async () => {
    const [a, b] = [commitmentOf(copy, 1, addressOf(0)), commitmentOf(copy, 1, hospital)];
    const [at, other] = [indexOf(a), indexOf(b)];
    copy.events[at] = b;
    copy.events[other] = a;
    expect(brokenCodes(await audit(copy))).to.deep.equal(["COMMITMENTS_HASH", "COMMITMENTS_HASH"]);
  });

  it("names a second commitment in a round, a late one, and one that came after the proposal", async () => {
    const real = commitmentOf(copy, 1, hospital);
    copy.events.splice(indexOf(real), 0, { ...real });
    rehash(copy);
    expect(brokenCodes(await audit(copy))).to.deep.equal(["COMMITMENT_DUPLICATE"]);
    copy = copyOf(honest);
    Object.assign(commitmentOf(copy, 1, hospital), { time: eventOf(copy, "round-opened").commitBy + 1 });
    expect(brokenCodes(await audit(copy))).to.deep.equal(["COMMITMENT_LATE"]);
  });

  it("names a model that became final by too few attestations, or by none of members", async () => {
    const isFirst = ({ round }: { round: number }) => round === 1;
    const votes = copy.events.filter((event) => event.kind === "attested" && isFirst(event));
    for (const vote of votes.slice(0, 2)) copy.events.splice(indexOf(vote), 1);
    expect((await audit(copy)).first).to.include({ code: "FINAL_WITHOUT_QUORUM", round: 1 });
    copy = copyOf(honest);
    for (const vote of copy.events) {
      if (vote.kind === "attested" && vote.round === 1) Object.assign(vote, { member: stranger });
    }
    const report = await audit(copy);
    expect(report.first).to.include({ code: "ATTESTATION_NOT_MEMBER", hospital: stranger });
    expect(brokenCodes(report)).to.include("FINAL_WITHOUT_QUORUM");
  });

  it("does not count a hospital's attestation twice", async () => {
    const votes = copy.events.filter((event) => event.kind === "attested" && event.round === 1);
    for (const vote of votes) Object.assign(vote, { member: addressOf(0) });
    const codes = brokenCodes(await audit(copy));
    expect(codes).to.include.members(["ATTESTATION_DUPLICATE", "FINAL_WITHOUT_QUORUM"]);
  });

  it("names a round that begins on another model than the last final one", async () => {
    const { base } = eventOf(copy, "round-opened");
    const second = eventOf(copy, "round-opened", ({ round }) => round === 2);
    const expected = second.base;
    Object.assign(second, { base });
    const report = await audit(copy);
    expect(report.first).to.include({ code: "BASE_NOT_LAST_MODEL", round: 2, expected, found: base });
    expect(report.rounds[0]?.verdict).to.equal("verified");
  });

  it("names a final model that is not the proposed one", async () => {
    const other = await copy.store.put(encodeSafetensors([]));
    const final = eventOf(copy, "round-finalised", ({ round }) => round === 2);
    const { model } = final;
    Object.assign(final, { model: other });
    const report = await audit(copy);
    expect(report.first).to.include({ code: "FINAL_MODEL_MISMATCH", round: 2, expected: model, found: other });
  });

  it("finds the removal of any event but a vote that nothing depends on", async () => {
    const spare: number[] = [];
    for (const at of honest.events.keys()) {
      const less = copyOf(honest);
      less.events.splice(at, 1);
      // Of the predecessor nothing follows within this federation.
      if (honest.events[at]?.kind === "federation-founded") continue;
      if ((await audit(less)).verdict === "verified") spare.push(at);
    }
    // Of four votes three suffice; the fourth comes after the model became final, for the record.
    for (const at of spare) expect(honest.events[at]).to.include({ kind: "attested", agree: true });
    const after = (at: number) => honest.events.slice(0, at).findLast(({ kind }) => kind === "round-finalised");
    for (const at of spare) expect(after(at)).to.include({ round: (honest.events[at] as { round: number }).round });
  });

  it("finds any digest, address or count in any event that is not what it was", async () => {
    const missed: string[] = [];
    for (const [at, event] of honest.events.entries()) {
      const { block: _, blockHash: __, logIndex: ___, transaction: ____, time: _____, kind, ...fields } = event;
      for (const [field, value] of Object.entries(fields)) {
        if (freeFields.has(`${kind}.${field}`)) continue;
        const changed = copyOf(honest);
        Object.assign(changed.events[at] as object, { [field]: another(value) });
        if ((await audit(changed)).verdict === "verified") missed.push(`${at} ${kind}.${field}`);
      }
    }
    expect(missed).to.deep.equal([]);
  });

  it("takes a key that changes between rounds, and one that changes within a round", async () => {
    for (const where of ["round-opened", "model-proposed"] as const) {
      copy = copyOf(honest);
      const at = copy.events.findIndex((event) => event.kind === where && event.round === 2);
      await rotateFrom(copy, at);
      const report = await audit(copy);
      expect(report.first, where).to.equal(undefined);
      expect(report.verdict, where).to.equal("verified");
      expect(report.members[1]?.addresses).to.have.length(2);
    }
  });

  it("names a member that still acts under a key that it gave up", async () => {
    const at = copy.events.findIndex((event) => event.kind === "model-proposed" && event.round === 2);
    const place = copy.events[at] as LedgerEvent;
    copy.events.splice(at, 0, { ...place, kind: "member-rotated", from: hospital, to: addressOf(61), index: 1 });
    expect((await audit(copy)).first).to.include({ code: "ATTESTATION_NOT_MEMBER", round: 2, hospital });
  });
});

/** Fields that a reader needs only for waiting, or that say what no rule depends on here. */
const freeFields = new Set([
  ...["round-opened.commitBy", "round-opened.proposeBy", "model-proposed.attestBy", "terms-set.terms"],
  "federation-founded.predecessor",
  // Who opens or proposes is free to any member; strangers are found by their own tests.
]);

/** Another value of the same type: a digest, an address, a list less its last, a number more, the other answer. */
function another(value: unknown): unknown {
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value + 1;
  if (Array.isArray(value)) return value.slice(0, -1);
  const text = String(value);
  if (/^0x/.test(text)) return `${text.slice(0, -1)}${text.endsWith("f") ? "0" : "f"}`;
  return text === "hospital" ? "aggregator" : "hospital";
}

/** A manifest of the same update, signed by and for another account. */
async function restateAs(finished: Finished, manifest: Digest, account = stranger): Promise<Digest> {
  const { signManifest } = await import("../../../protocol/format/manifest.ts");
  const { signature: _, ...statement } = jsonOf(finished, manifest);
  const changed = { ...statement, hospital: account } as Parameters<typeof signManifest>[0];
  return finished.store.put(await signManifest(changed, fakeSignatures(account)));
}

/** From an event on, the hospital has another key and signs with it. */
async function rotateFrom(finished: Finished, at: number): Promise<void> {
  const to = addressOf(61);
  const place = finished.events[at] as LedgerEvent;
  const old = finished.events.slice(0, at);
  const renamed = finished.events.slice(at).map((event) => JSON.parse(JSON.stringify(event).replaceAll(hospital, to)));
  finished.events.splice(0, finished.events.length, ...old, ...renamed);
  for (const event of finished.events.slice(at)) {
    if (event.kind === "update-committed" && event.member === to) {
      const { manifest } = event;
      Object.assign(event, { manifest: await restateAs(finished, manifest, to) });
    }
    if (event.kind === "attested" && event.member === to) {
      const scores = editJson(finished.store.blobs.get(event.scores) as Uint8Array, { hospital: to });
      rename(finished, event.scores, await finished.store.put(scores));
    }
  }
  finished.events.splice(at, 0, { ...place, kind: "member-rotated", from: hospital, to, index: 1 });
  rehash(finished);
}
