// A federation that has finished, as an auditor meets it: events and objects, both of which a test may doctor.
import { auditFederation } from "../../../protocol/audit/audit-federation.ts";
import { localExchange } from "../../../protocol/audit/local-objects.ts";
import type { AuditEvent, AuditReport } from "../../../protocol/audit/report.ts";
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import type { Digest, RoundId } from "../../../protocol/format/digest.ts";
import type { FederationId } from "../../../protocol/format/federation-id.ts";
import type { BlobExchange } from "../../../protocol/ports.ts";
import { FakeFederation } from "../../fakes/federation.ts";
import { FakeStore } from "../../fakes/network.ts";
import { fakeSignatures } from "../../fakes/party-ports.ts";

export interface Finished {
  readonly federation: FederationId;
  readonly events: LedgerEvent[];
  readonly store: FakeStore;
}

/** Runs a federation until its plan's rounds are over, and takes everything that it left. */
export async function finish(
  options: Parameters<typeof FakeFederation.create>[0] = {},
  prepare: (federation: FakeFederation) => void = () => {},
): Promise<Finished> {
  const federation = await FakeFederation.create({ ...options, plan: { rounds: 2, ...options?.plan } });
  prepare(federation);
  federation.start();
  const { rounds } = federation.plan;
  await federation.runUntil(() => federation.finals.length === rounds, { withinSeconds: 4000 });
  return leftBy(federation);
}

export function leftBy(federation: FakeFederation): Finished {
  const store = new FakeStore();
  for (const site of [...federation.hospitals, ...federation.aggregators]) {
    for (const [digest, bytes] of site.store.blobs) store.blobs.set(digest, bytes.slice());
  }
  return { federation: federation.chain.ledger(undefined).federation, events: [...federation.chain.events], store };
}

/** Another copy, which a test may change. */
export function copyOf({ federation, events, store }: Finished): Finished {
  const copy = new FakeStore();
  for (const [digest, bytes] of store.blobs) copy.blobs.set(digest, bytes.slice());
  return { federation, events: events.map((event) => ({ ...event })), store: copy };
}

export async function audit(
  { federation, events, store }: Finished,
  {
    exchange = localExchange(store),
    latest = newestRound(events),
    maxModelBytes = 1 << 20,
    onEvent,
    signal,
  }: {
    exchange?: BlobExchange;
    latest?: number;
    maxModelBytes?: number;
    onEvent?: (event: AuditEvent) => void;
    signal?: AbortSignal;
  } = {},
): Promise<AuditReport> {
  const ledger = {
    federation,
    latestRound: async () => latest as RoundId,
    async *history() {
      yield* events;
    },
  };
  const signatures = fakeSignatures(federation.contract);
  const work = auditFederation({ ledger, blobs: store, exchange, signatures }, { maxModelBytes, signal });
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
    onEvent?.(step.value);
  }
}

function newestRound(events: readonly LedgerEvent[]): number {
  return events.reduce((newest, event) => (event.kind === "round-opened" ? newest + 1 : newest), 0);
}

export function eventOf<Kind extends LedgerEvent["kind"]>(
  { events }: Finished,
  kind: Kind,
  matches: (event: Extract<LedgerEvent, { kind: Kind }>) => boolean = () => true,
): Extract<LedgerEvent, { kind: Kind }> {
  type Wanted = Extract<LedgerEvent, { kind: Kind }>;
  const event = events.find((each): each is Wanted => each.kind === kind && matches(each as Wanted));
  if (!event) throw new Error(`no event ${kind}`);
  return event;
}

/** A stored JSON object. */
export function jsonOf({ store }: Finished, digest: Digest): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(store.blobs.get(digest)));
}
