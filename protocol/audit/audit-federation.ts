// The audit derives every round of a federation again from the contract's events and the objects that they name. It trusts
// neither hospitals, nor aggregators, nor the store, and it writes nothing on chain.

import type { Waiting } from "../../foundation/waiting.ts";
import { withModel } from "../contract/lineage.ts";
import type { EventPlace } from "../contract/round.ts";
import type { Digest } from "../format/digest.ts";
import type { Plan } from "../format/plan.ts";
import type { CollectPorts } from "../judge/collect.ts";
import type { Ledger } from "../ports.ts";
import { auditRound } from "./audit-round.ts";
import { basisFindings } from "./basis.ts";
import { checkedBlobs, checkedExchange, type ObjectSource } from "./checked-blobs.ts";
import { type AuditedRound, Replay } from "./replay.ts";
import {
  type AuditBasis,
  type AuditEvent,
  type AuditReport,
  type AuditVerdict,
  bestModel,
  firstFault,
  largestShare,
  type RoundReport,
} from "./report.ts";

/** Where an audit reads: the contract's history, and the objects that it names. */
export interface AuditPorts extends Pick<CollectPorts, "exchange" | "signatures"> {
  readonly blobs: ObjectSource;
  readonly ledger: Pick<Ledger, "federation" | "history" | "latestRound">;
  /** Called after the whole history has been read. */
  readonly basis?: () => AuditBasis;
}

/** Limits of an audit. */
export interface AuditOptions extends Waiting {
  /** Largest model that is fetched, bytes. */
  readonly maxModelBytes: number;
}

/**
 * Goes through the whole history once, in bounded memory, round by round. Rounds after one that does not hold are still
 * derived, from the bases that the contract names.
 * @throws FedError what the ledger throws, errors of the store or the network other than a missing object, ABORTED
 */
export async function* auditFederation(
  { ledger, blobs, exchange, signatures, basis: basisOf }: AuditPorts,
  options: AuditOptions,
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
  /** Distinct, newest first (protocol/contract/lineage.ts). */
  let bases: readonly Digest[] = [];
  let events = 0;
  let until: EventPlace | undefined;

  const settle = (record: AuditedRound) => {
    const { base, model } = record.state;
    bases = withModel(bases, base);
    const work = auditRound(ports, record, { federation, maxModelBytes, bases, onPlan, ...waiting });
    if (model) bases = withModel(bases, model);
    return work;
  };
  const latest = await ledger.latestRound(waiting);
  for await (const event of ledger.history(waiting)) {
    signal?.throwIfAborted();
    events++;
    const { block, blockHash, logIndex, transaction, time } = event;
    until = { block, blockHash, logIndex, transaction, time };
    const record = replay.apply(event);
    if (record) rounds.push(yield* settle(record));
  }
  const last = replay.end();
  if (last) rounds.push(yield* settle(last));
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
  const { model, terms } = replay;
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
    genesis,
    model,
    best,
    largestShare: largest,
    rounds,
    findings: replay.findings,
    counts: {
      ...{ events, rounds: rounds.length, models },
      updates: rounds.reduce((sum, { hospitals }) => sum + hospitals.filter(({ update }) => update).length, 0),
      ...checked.counts(),
    },
    until,
  };
}
