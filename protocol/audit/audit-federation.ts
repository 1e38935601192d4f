// The audit derives every round of a federation again from the contract's events and the objects that they name. It trusts
// neither hospitals, nor aggregators, nor the store, and it writes nothing on chain.

import { isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { EventPlace } from "../contract/events.ts";
import { withModel } from "../contract/lineage.ts";
import type { PrivateSums } from "../contract/round.ts";
import type { Digest } from "../format/digest.ts";
import type { Plan } from "../format/plan.ts";
import { mechanismOf } from "../format/privacy-spec.ts";
import type { CollectPorts } from "../judge/collecting.ts";
import type { Ledger } from "../ports.ts";
import { type PrivacyCost, privacyCost } from "../private/privacy-cost.ts";
import { auditRound } from "./audit-round.ts";
import { basisFindings } from "./basis.ts";
import { checkedBlobs, checkedExchange, type ObjectSource } from "./checked-blobs.ts";
import { bestModel, largestShare } from "./compare-rounds.ts";
import { firstFault } from "./finding.ts";
import { type AuditedRound, Replay } from "./replay.ts";
import type { AuditBasis, AuditEvent, AuditReport, AuditVerdict, RoundReport } from "./report.ts";

/** Where an audit reads: the contract's history, and the objects that it names. */
export interface AuditPorts extends Pick<CollectPorts, "exchange" | "signatures"> {
  /** Where objects are read; every byte is hashed again. */
  readonly blobs: ObjectSource;
  /** Where events are read, which the contract's rules are applied to again. */
  readonly ledger: Pick<Ledger, "federation" | "history" | "latestRound">;
  /** Called after the whole history has been read. */
  readonly basis?: () => AuditBasis;
}

/** Limits of an audit. */
export interface AuditOptions extends Waiting {
  /** Largest model that is fetched, bytes. */
  readonly maxModelBytes: number;
}

/** More than any update may be old, and than are tried to name a wrong base. */
const keptBases = 32;

/** Readings of a history that the chain replaces while it is read. */
const mostReadings = 3;

/**
 * Goes through the whole history once, in bounded memory, round by round. Rounds after one that does not hold are still
 * derived, from the bases that the contract names. If the chain replaces blocks that were read, it begins again and yields
 * the events of rounds again; the verdict is "unavailable" if that happens at each of three readings.
 * @throws what the ledger throws but CHAIN_REORGANISED and ENDPOINTS_DISAGREE, which are findings; errors of the objects'
 * source other than a missing or wrong object; the reason of `signal`
 */
export async function* auditFederation(
  ports: AuditPorts,
  options: AuditOptions,
): AsyncGenerator<AuditEvent, AuditReport> {
  for (let reading = 1; ; reading++) {
    try {
      return yield* auditOnce(ports, { ...options, isLast: reading === mostReadings });
    } catch (error) {
      if (!isFedError(error, "CHAIN_REORGANISED") || reading === mostReadings) throw error;
    }
  }
}

async function* auditOnce(
  { ledger, blobs, exchange, signatures, basis: basisOf }: AuditPorts,
  { isLast, ...options }: AuditOptions & { readonly isLast: boolean },
): AsyncGenerator<AuditEvent, AuditReport> {
  const { maxModelBytes, signal } = options;
  const waiting = { signal };
  const checked = checkedBlobs(blobs);
  const ports: CollectPorts = { blobs: checked.blobs, exchange: checkedExchange(exchange, checked), signatures };
  const { federation } = ledger;
  const replay = new Replay();
  const rounds: RoundReport[] = [];
  const plans: Record<Digest, Plan> = {};
  const onPlan = (digest: Digest, plan: Plan) => {
    plans[digest] = plan;
  };
  /** Newest first (protocol/contract/lineage.ts). */
  let bases: readonly Digest[] = [];
  let events = 0;
  let until: EventPlace | undefined;

  const settle = (record: AuditedRound) => {
    const { base, model } = record.state;
    bases = withModel(bases, base).slice(0, keptBases);
    const work = auditRound(ports, record, { federation, maxModelBytes, bases, onPlan, ...waiting });
    if (model) bases = withModel(bases, model);
    return work;
  };
  const take = async function* (record: AuditedRound): AsyncGenerator<AuditEvent, void> {
    const report = yield* settle(record);
    rounds.push(report);
    const { base, baseValidation: validation } = report;
    const at = rounds.findLastIndex(({ model }) => model === base);
    const made = rounds[at];
    if (!validation || !made || made.validation) return;
    rounds[at] = { ...made, validation };
    yield { kind: "round-scored", round: made.round, validation };
  };
  let latest = 0;
  try {
    latest = await ledger.latestRound(waiting);
    for await (const event of ledger.history(waiting)) {
      signal?.throwIfAborted();
      events++;
      const { block, blockHash, logIndex, transaction, time } = event;
      until = { block, blockHash, logIndex, transaction, time };
      const record = replay.apply(event);
      if (record) yield* take(record);
    }
  } catch (error) {
    const isMoving = isLast && isFedError(error, "CHAIN_REORGANISED");
    if (!isMoving && !isFedError(error, "ENDPOINTS_DISAGREE")) throw error;
    const text = isMoving
      ? "the chain was reorganised each time that its history was read"
      : "two endpoints show different chains, and nobody can tell which one is true";
    replay.findings.push({ severity: "unavailable", code: error.code, text, facts: error.facts });
  }
  const last = replay.end();
  if (last) yield* take(last);
  if (rounds.length < latest) {
    const text = "the history ends before the newest round that the contract tells of";
    const facts = { expected: `${latest}`, found: `${rounds.length}` };
    replay.findings.push({ severity: "broken", code: "HISTORY_INCOMPLETE", text, ...facts });
  }
  const basis = basisOf?.();
  if (basis) replay.findings.unshift(...basisFindings(basis));
  for (const finding of replay.findings) yield { kind: "finding", finding };

  const first = firstFault([...replay.findings, ...rounds.flatMap(({ findings }) => findings)]);
  const models = rounds.filter(({ status }) => status === "final").length;
  const { model, terms, privateSums } = replay;
  const genesis = rounds[0]?.base;
  const best = bestModel(rounds);
  const largest = largestShare(rounds);
  return {
    version: 1,
    federation,
    basis,
    verdict: first ? (first.severity as AuditVerdict) : models === 0 ? "empty" : "verified",
    first,
    members: replay.members(),
    terms,
    plans,
    ...(privateSums ? { privateSums, privacyCost: costOf(plans, privateSums) } : {}),
    genesis,
    model,
    best,
    largestShare: largest,
    rounds,
    findings: replay.findings,
    counts: {
      ...{ events, rounds: rounds.length, models },
      updates: rounds.reduce(
        (sum, { hospitals }) => sum + hospitals.filter(({ update, masked }) => update ?? masked).length,
        0,
      ),
      ...checked.counts(),
    },
    until,
  };
}

/** By the plan that hides updates as the contract says for ever. */
function costOf(plans: AuditReport["plans"], { mechanism, seals }: PrivateSums): PrivacyCost | undefined {
  const agreed = Object.values(plans).find(({ privacy }) => privacy && mechanismOf(privacy) === mechanism);
  return privacyCost(agreed?.privacy, seals);
}
