// A hospital as a party: what it observes, and which step does what. It knows the world through its ports only, so the
// very same code runs in a hospital, in tests and in the deterministic simulator.

import { FedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import { type Bell, runParty } from "../party/loop.ts";
import { openRound } from "../party/open-round.ts";
import { proposeModel } from "../party/propose-model.ts";
import { RoundWatch } from "../party/round-watch.ts";
import { openLineage } from "../protocol/contract/lineage.ts";
import type { Member } from "../protocol/contract/round.ts";
import type { Digest } from "../protocol/format/digest.ts";
import type { SharedWork } from "../protocol/judge/shared-work.ts";
import type {
  BlobExchange,
  BlobStore,
  Clock,
  Gossip,
  Journal,
  Learner,
  Ledger,
  Log,
  Signatures,
} from "../protocol/ports.ts";
import { adoptModel } from "./adopt-model.ts";
import { attestModel } from "./attest-model.ts";
import type { HospitalEvent, Tell } from "./events.ts";
import { type HospitalStep, nextSteps } from "./next-step.ts";
import { notePlan, readNotes } from "./notes.ts";
import { submitUpdate } from "./submit-update.ts";
import { trainUpdate } from "./train-update.ts";
import type { HospitalView, Training } from "./view.ts";

export interface HospitalPorts {
  readonly ledger: Ledger;
  readonly blobs: BlobStore;
  readonly exchange: BlobExchange;
  readonly gossip: Gossip;
  readonly journal: Journal;
  readonly learner: Learner;
  readonly signatures: Signatures;
  readonly work?: SharedWork;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HospitalOptions {
  /** The only plan that this hospital trains under; without it, the one of the first round that it sees. */
  readonly plan?: Digest;
  /** Largest model that is fetched, bytes. */
  readonly maxModelBytes: number;
  /** Name and version, for the manifest. */
  readonly software: string;
}

/** Runs until the signal aborts; then finishes or gives up what is in flight, and returns. */
export async function runHospital(
  ports: HospitalPorts,
  options: HospitalOptions,
  { signal, onEvent }: { signal: AbortSignal; onEvent: (event: HospitalEvent) => void },
): Promise<void> {
  const { ledger, blobs, exchange, gossip, journal, learner, clock, log } = ports;
  const self = ledger.self;
  if (self === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  const { maxModelBytes, software } = options;
  const tell: Tell = (event) => onEvent({ hospital: self, ...event } as HospitalEvent);
  const readLineage = openLineage(ledger);
  const watch = new RoundWatch(ports, { maxModelBytes });
  let training: Training | undefined;
  let wasActive = false;
  let bell: Bell | undefined;

  const observe = async (waiting: Waiting): Promise<HospitalView> => {
    const now = await ledger.chainTime(waiting);
    const member = (await ledger.members(waiting)).find(({ address }) => address === self);
    const lineage = await readLineage(waiting);
    const news = watch.follow(lineage.newest, now, bell);
    if (lineage.newest) {
      const { id: round, opener } = lineage.newest;
      if (news.opened) tell({ event: "round-opened", round, opener });
      if (news.abandoned) tell({ event: "round-abandoned", round });
    }
    followMembership(member);
    const { context, collected, askingSince, fruitless, proposalSeenAt } = watch;
    const notes = await readNotes(journal);
    return {
      ...{ self, member, now, lineage, notes, training },
      ...{ context, collected, askingSince, fruitless, proposalSeenAt, uncollected: watch.uncollected() },
    };
  };

  const followMembership = (member: Member | undefined) => {
    if (wasActive && !member?.active) tell({ event: "revoked" });
    wasActive = member?.active ?? false;
  };

  const openContext = async (
    { round }: HospitalStep & { kind: "open-context" },
    view: HospitalView,
    waiting: Waiting,
  ) => {
    const { federation } = ledger;
    const ours = options.plan ?? view.notes.plan;
    const accepts = (plan: Digest) => ours === undefined || ours === plan;
    await watch.openContext(round, view.lineage, { federation, accepts, ...waiting });
    if (ours === undefined) await notePlan(journal, round.plan);
    if (accepts(round.plan)) return;
    log.warn("plan-refused", { round: round.id, plan: round.plan, ours });
    tell({ event: "plan-refused", round: round.id, plan: round.plan });
  };

  const collect = async (step: HospitalStep & { kind: "collect" }, waiting: Waiting) => {
    const found = await watch.collect(step, waiting);
    if (!found) return;
    const { member } = found;
    const round = step.round.id;
    if (found.status === "valid") tell({ event: "collected", round, member });
    else {
      log.warn("update-invalid", { round, member, code: found.code });
      tell({ event: "invalid-update", round, member, code: found.code });
    }
  };

  const perform = async (
    step: HospitalStep,
    view: HospitalView,
    { wanted, stop }: { wanted: AbortSignal; stop: AbortSignal },
  ): Promise<void> => {
    const { lineage, notes, context } = view;
    const waiting = { signal: wanted };
    if (step.kind === "open") {
      await openRound({ ledger, blobs }, step, { signal: stop });
      return;
    }
    const { round } = step;
    switch (step.kind) {
      case "open-context":
        return openContext(step, view, waiting);
      case "expire":
        return ledger.expire(round.id, { signal: stop });
      case "adopt":
        return adoptModel(
          { exchange, journal },
          { round, finals: lineage.finals, notes, self, maxModelBytes },
          { signal: wanted, tell },
        );
      case "attest": {
        const started = clock.now();
        const seconds = () => (clock.now() - started) / 1000;
        if (context === undefined) return;
        const { proposal } = step;
        const olderBases = lineage.bases.slice(lineage.bases.indexOf(round.base) + 1).slice(0, 3);
        const announced = watch.announcedBy(proposal.proposer, round.id);
        const judgement = { round, proposal, context, collected: view.collected, announced, olderBases };
        const free = training ? undefined : learner;
        return attestModel({ ...ports, learner: free }, judgement, { wanted, stop, tell, seconds });
      }
      default:
        break;
    }
    if (context === undefined || context === "refused") return;
    switch (step.kind) {
      case "collect":
        return collect(step, waiting);
      case "train": {
        training = { round: round.id, plan: round.plan, base: round.base };
        try {
          return await trainUpdate(ports, { round, context, self, maxModelBytes }, { signal: wanted, tell });
        } finally {
          training = undefined;
        }
      }
      case "commit":
        if (notes.prepared) await submitUpdate(ports, { round, prepared: notes.prepared, software }, { stop, tell });
        return;
      case "propose": {
        const collected = view.collected.values();
        const made = await proposeModel(ports, { round, plan: context.plan, collected }, { signal: stop });
        tell({ event: "proposed", round: round.id, ...made });
        return;
      }
    }
  };

  const unsubscribe = gossip.subscribe((announcement) => watch.hear(announcement, bell));
  try {
    await runParty(
      ports,
      { observe, decide: nextSteps, perform },
      {
        signal,
        onBell(given) {
          bell = given;
        },
      },
    );
  } finally {
    unsubscribe();
  }
}
