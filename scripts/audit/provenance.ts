// The report as W3C PROV-JSON (W3C member submission, 24 April 2013): objects, their origins, makers and times.
import type { AuditReport, HospitalReport, RoundReport } from "../../protocol/audit/report.ts";
import { type Digest, toCid } from "../../protocol/format/digest.ts";
import { utc } from "./names.ts";

type Attributes = Record<string, unknown>;
type Records = Record<string, Attributes>;

export interface ProvDocument {
  readonly prefix: Readonly<Record<string, string>>;
  readonly entity: Records;
  readonly activity: Records;
  readonly agent: Records;
  readonly used: Records;
  readonly wasGeneratedBy: Records;
  readonly wasDerivedFrom: Records;
  readonly wasAssociatedWith: Records;
  readonly wasAttributedTo: Records;
}

const object = (digest: string) => `object:${digest}`;
const account = (address: string) => `account:${address}`;

export function provenanceOf(report: AuditReport): ProvDocument {
  const { chainId, contract } = report.federation;
  const document: ProvDocument = {
    prefix: {
      object: `urn:consilium:${chainId}:${contract}:object:`,
      account: `urn:consilium:${chainId}:${contract}:account:`,
      act: `urn:consilium:${chainId}:${contract}:act:`,
      consilium: "urn:consilium:terms:",
      prov: "http://www.w3.org/ns/prov#",
      xsd: "http://www.w3.org/2001/XMLSchema#",
    },
    entity: {},
    activity: {},
    agent: {},
    used: {},
    wasGeneratedBy: {},
    wasDerivedFrom: {},
    wasAssociatedWith: {},
    wasAttributedTo: {},
  };
  for (const { role, addresses } of report.members) {
    for (const address of addresses) {
      document.agent[account(address)] = { "prov:type": typed("prov:Organization"), "consilium:role": role };
    }
  }
  const { genesis } = report;
  if (genesis) addEntity(document, genesis, "model", { "consilium:genesis": true });
  for (const round of report.rounds) addRound(document, round);
  return document;
}

function addRound(document: ProvDocument, round: RoundReport): void {
  const { plan, base, model, derived, verdict, openedAt } = round;
  addEntity(document, plan, "plan", { "prov:type": typed("prov:Plan") });
  const accepted = round.proposals.find(({ status }) => status === "accepted");
  for (const hospital of round.hospitals) addTraining(document, round, hospital);
  if (!model || !accepted) return;
  const act = `act:round-${round.round}-aggregation`;
  document.activity[act] = {
    "prov:type": typed("consilium:Aggregation"),
    "consilium:round": round.round,
    "consilium:openedAt": { $: utc(openedAt.time), type: "xsd:dateTime" },
    "consilium:verdict": verdict,
  };
  addEntity(document, model, "model", { "consilium:derivedAgain": derived });
  addEntity(document, base, "model");
  const updates = round.hospitals.flatMap(({ update, masked, contribution }) => {
    const trained = update ?? masked;
    return trained && contribution === "included" ? [trained] : [];
  });
  const key = round.seal?.key;
  if (key) addEntity(document, key, "key");
  for (const each of [plan, base, ...updates, ...(key ? [key] : [])])
    relate(document, "used", { activity: act, entity: object(each) });
  relate(document, "wasGeneratedBy", { entity: object(model), activity: act });
  for (const each of [base, ...updates]) {
    relate(document, "wasDerivedFrom", { generatedEntity: object(model), usedEntity: object(each), activity: act });
  }
  const agent = account(accepted.proposer);
  relate(document, "wasAssociatedWith", { activity: act, agent, plan: object(plan) });
  for (const { hospital, agree, statement } of accepted.attestations) {
    const attestation = `act:round-${round.round}-attestation-${hospital}`;
    document.activity[attestation] = { "prov:type": typed("consilium:Attestation"), "consilium:agrees": agree };
    relate(document, "used", { activity: attestation, entity: object(model) });
    relate(document, "wasAssociatedWith", { activity: attestation, agent: account(hospital) });
    if (!statement) continue;
    // With private sums a vote names the key from which the hospital derived the model.
    if (agree && round.seal) {
      addEntity(document, statement, "key");
      relate(document, "used", { activity: attestation, entity: object(statement) });
      continue;
    }
    addEntity(document, statement, agree ? "scores" : "refusal");
    relate(document, "wasGeneratedBy", { entity: object(statement), activity: attestation });
  }
}

function addTraining(document: ProvDocument, { round, plan }: RoundReport, trained: HospitalReport): void {
  const { hospital, manifest, masked, base, shard, sampleCount, contribution, software } = trained;
  const update = trained.update ?? masked;
  if (!manifest) return;
  addEntity(document, manifest, "manifest");
  relate(document, "wasAttributedTo", { entity: object(manifest), agent: account(hospital) });
  if (!update || !base) return;
  const act = `act:round-${round}-training-${hospital}`;
  document.activity[act] = {
    ...{ "prov:type": typed("consilium:Training"), "consilium:round": round, "consilium:contribution": contribution },
    ...{ "consilium:sampleCount": sampleCount, "consilium:shard": shard, "consilium:software": software },
  };
  addEntity(document, update, masked ? "masked update" : "update");
  addEntity(document, base, "model");
  relate(document, "used", { activity: act, entity: object(base) });
  relate(document, "wasGeneratedBy", { entity: object(update), activity: act });
  relate(document, "wasAssociatedWith", { activity: act, agent: account(hospital), plan: object(plan) });
  relate(document, "wasDerivedFrom", { generatedEntity: object(update), usedEntity: object(base), activity: act });
}

function addEntity(document: ProvDocument, digest: Digest, kind: string, more: Attributes = {}): void {
  const known = document.entity[object(digest)];
  document.entity[object(digest)] = { "consilium:kind": kind, "consilium:cid": toCid(digest), ...known, ...more };
}

/** A qualified name as PROV-JSON writes values of that type. */
function typed(name: string): Attributes {
  return { $: name, type: "prov:QUALIFIED_NAME" };
}

function relate(
  document: ProvDocument,
  relation: "used" | "wasGeneratedBy" | "wasDerivedFrom" | "wasAssociatedWith" | "wasAttributedTo",
  between: Readonly<Record<string, string>>,
): void {
  const records = document[relation];
  const named = Object.entries(between).map(([role, name]) => [`prov:${role}`, name]);
  records[`_:${relation}${Object.keys(records).length + 1}`] = Object.fromEntries(named);
}
