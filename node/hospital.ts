// A hospital as a party: how it observes, and which function performs which action. It reaches the world through ports
// only, so the same code runs in a hospital, in tests and in the deterministic simulator.

import { FedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import { PartyLoop } from "../party/loop.ts";
import { openRound } from "../party/open-round.ts";
import { proposeModel } from "../party/propose-model.ts";
import { Relay } from "../party/relay.ts";
import { Replication } from "../party/replicate.ts";
import { collectName } from "../party/round-actions.ts";
import { type ContextState, RoundWatch } from "../party/round-watch.ts";
import { SumBudget } from "../party/sum-budget.ts";
import { SumRound } from "../party/sum-round.ts";
import { type Lineage, openLineage } from "../protocol/contract/lineage.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import { nameOfWrite } from "../protocol/format/signed-write.ts";
import type { SharedWork } from "../protocol/judge/shared-work.ts";
import type { Learner } from "../protocol/learner.ts";
import type {
  BlobExchange,
  BlobStore,
  Clock,
  Gossip,
  Journal,
  Ledger,
  Log,
  SecretFiles,
  Signatures,
  SignedWrites,
} from "../protocol/ports.ts";
import type { BucketRules } from "../protocol/private/buckets.ts";
import { adoptModel } from "./adopt-model.ts";
import { attestModel, voteToSign } from "./attest-model.ts";
import type { Emit, HospitalEvent } from "./events.ts";
import { Holder } from "./holder.ts";
import { type MaskPorts, maskUpdate } from "./mask-update.ts";
import { type HospitalAction, nextActions } from "./next-actions.ts";
import { type Notes, readNotes } from "./notes.ts";
import { trainPrivately } from "./private-input.ts";
import { performHolderAction } from "./private-steps.ts";
import { Publications } from "./publications.ts";
import { sendOwn } from "./sign-write.ts";
import { commitmentToSign, signPlain, submitUpdate } from "./submit-update.ts";
import { type TrainPorts, trainUpdate } from "./train-update.ts";
import type { HospitalView, Training } from "./view.ts";

export interface HospitalPorts {
  readonly ledger: Ledger;
  readonly blobs: BlobStore;
  readonly exchange: BlobExchange;
  readonly gossip: Gossip;
  readonly signedWrites: SignedWrites;
  readonly journal: Journal;
  /** Secrets of rounds with private sums. */
  readonly secrets: SecretFiles;
  /** 32 bytes of the operating system's generator. */
  readonly randomSecret: () => Uint8Array;
  readonly learner: Learner;
  readonly makeUpdate?: TrainPorts["makeUpdate"];
  readonly makeMasked?: MaskPorts["makeMasked"];
  readonly signatures: Signatures;
  readonly work?: SharedWork;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HospitalOptions {
  /** The only plan to train under; default: the plan that the consortium agreed on, on chain. */
  readonly plan?: Digest;
  /** The scores of every so many rounds' models are published, and of the plan's last; 0: none ever. Default 1. */
  readonly scoresEvery?: number | undefined;
  /** Without gas: members send what this hospital signs. */
  readonly relayed: boolean;
  /** Most gas that it spends in a round on what hospitals without gas have signed. */
  readonly relayGasPerRound: number;
  /** Largest model that is fetched, bytes. */
  readonly maxModelBytes: number;
  /** Name and version, for the manifest. */
  readonly software: string;
  /** Of tests with few hospitals; every federation has the protocol's. */
  readonly bucketRules?: BucketRules | undefined;
}

interface Signals {
  readonly wanted: AbortSignal;
  readonly stop: AbortSignal;
}

/** Runs until the signal aborts; then waits for the actions in flight and returns. */
export async function takePart(
  ports: HospitalPorts,
  options: HospitalOptions,
  { signal, onEvent }: { signal: AbortSignal; onEvent: (event: HospitalEvent) => void },
): Promise<void> {
  const { ledger, blobs, exchange, gossip, signedWrites, journal, secrets, learner, clock, log } = ports;
  const self = ledger.self;
  if (self === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  const { maxModelBytes, software, relayed, scoresEvery = 1 } = options;
  const emit: Emit = (event) => onEvent({ hospital: self, ...event } as HospitalEvent);
  const readLineage = openLineage(ledger);
  const limits = { maxModelBytes, bucketRules: options.bucketRules };
  const watch = new RoundWatch(ports, limits, (round, member) => loop.retryNow(collectName(round, member)));
  const sums = new SumRound(ports, watch, { emit, wake: () => loop.wake() });
  const budget = new SumBudget(ports, emit);
  const holder = new Holder(ports);
  const replication = new Replication(ports);
  const relay = new Relay(ports, { gasPerRound: relayed ? 0 : options.relayGasPerRound });
  const publications = new Publications(ports, emit);
  let training: Training | undefined;
  let wasActive = false;
  let finished = false;

  const observe = async (waiting: Waiting): Promise<HospitalView> => {
    const now = await ledger.chainTime(waiting);
    const member = (await ledger.members(waiting)).find(({ address }) => address === self);
    const lineage = await readLineage(waiting);
    const news = watch.follow(lineage.newest, now);
    if (lineage.newest) {
      const { id: round, opener } = lineage.newest;
      if (news.opened) emit({ event: "round-opened", round, opener });
      if (news.abandoned) emit({ event: "round-abandoned", round });
      if (news.late.length > 0) emit({ event: "late", round, members: news.late });
    }
    if (wasActive && !member?.active) emit({ event: "revoked" });
    wasActive = member?.active ?? false;
    const observations = watch.observations();
    const { context } = observations;
    const plan = context.status === "ready" ? context.plan : undefined;
    const notes = await readNotes(journal);
    reportRollBack(news.rolledBackFrom, lineage);
    reportFinished(context, lineage, notes);
    const { replicated } = replication;
    const published = publications.follow(lineage.newest, now);
    const signed = { ...relay.follow(lineage.newest, now), relayed, published };
    const ofSums = {
      sum: sums.follow(lineage.newest),
      holding: holder.follow(lineage.newest),
      boxesOpened: holder.boxesOpened(),
      kept: await secrets.names(),
      isBudgetSpent: plan?.privacy !== undefined && (await budget.isSpent(lineage, plan.rounds, waiting)),
    };
    return { ...observations, ...signed, ...ofSums, self, member, now, lineage, replicated, notes, training };
  };

  const reportRollBack = (seen: RoundId | undefined, { newest }: Lineage) => {
    if (seen === undefined) return;
    const facts = { seen, now: newest?.id ?? 0 };
    log.warn("chain-rolled-back", facts);
    emit({ event: "chain-rolled-back", ...facts });
  };

  const reportFinished = (context: ContextState, { finals }: Lineage, { adopted }: Notes) => {
    const last = finals.at(-1);
    if (context.status !== "ready" || finals.length < context.plan.rounds) finished = false;
    else if (!finished && last?.model !== undefined && adopted?.model === last.model) {
      finished = true;
      log.info("finished", { rounds: finals.length, model: last.model });
      emit({ event: "finished", rounds: finals.length, model: last.model });
    }
  };

  const openContext = async (round: RoundState, view: HospitalView, waiting: Waiting) => {
    const { federation } = ledger;
    const { plan: ours } = options;
    const accepts = (plan: Digest) => ours === undefined || ours === plan;
    await watch.openContext(round, view.lineage, { federation, accepts, ...waiting });
    if (watch.context.status !== "refused") return;
    log.warn("plan-refused", { round: round.id, plan: round.plan, ours });
    emit({ event: "plan-refused", round: round.id, plan: round.plan });
  };

  const collect = async (action: HospitalAction & { kind: "collect" }, waiting: Waiting) => {
    const found = await watch.collect(action, waiting);
    if (!found) return;
    const { member } = found;
    const round = action.round.id;
    if (found.status !== "invalid") return emit({ event: "collected", round, member });
    log.warn("update-invalid", { round, member, code: found.code });
    emit({ event: "invalid-update", round, member, code: found.code });
  };

  const commit = async (round: RoundState, { notes: { prepared }, context, sum }: HospitalView, stop: AbortSignal) => {
    if (!prepared || context.status !== "ready") return;
    const subject = { round, prepared, software };
    const masking = { ...subject, context, prekeys: sum.prekeys, maxModelBytes };
    const sign = context.plan.privacy
      ? (hospital: HospitalAddress) => maskUpdate(ports, { ...masking, hospital })
      : signPlain(ports, subject);
    const submission = { round, prepared, sign };
    if (relayed) await publications.publish(await commitmentToSign(ports, submission));
    else await submitUpdate(ports, submission, { stop, emit });
  };

  const isScored = (round: number) => scoresEvery > 0 && round % scoresEvery === 0;

  const attest = async (
    { round, proposal }: HospitalAction & { kind: "attest" },
    { context, collected, lineage, sum }: HospitalView,
    signals: Signals,
  ): Promise<void> => {
    if (context.status === "missing") return;
    const name = nameOfWrite({ kind: "vote", round: round.id, proposal: proposal.number, model: proposal.model });
    if (relayed && (await publications.again(name))) return;
    const started = clock.now();
    const seconds = () => (clock.now() - started) / 1000;
    const olderBases = lineage.bases.slice(lineage.bases.indexOf(round.base) + 1);
    const otherAnnounced = watch.otherAnnounced(round, proposal);
    const hadBefore = (member: HospitalAddress) => watch.hadBefore(member, proposal);
    const planContext = context.status === "ready" ? context : ("refused" as const);
    const about = { round, proposal, context: planContext, updates: collected, olderBases };
    const judgement = { ...about, hadBefore, otherAnnounced, key: sum.key };
    const models = lineage.finals.filter(({ id }) => id < round.id).length + 1;
    const isLast = context.status === "ready" && models === context.plan.rounds;
    const isPrivate = context.status === "ready" && context.plan.privacy !== undefined;
    const scores = !isPrivate && (isScored(round.id) || (isLast && scoresEvery > 0));
    const judging = { ...ports, learner: training || !scores ? undefined : learner };
    if (!relayed) return attestModel(judging, judgement, { ...signals, maxModelBytes, emit, seconds });
    const { wanted } = signals;
    await publications.publish(await voteToSign(judging, judgement, { wanted, maxModelBytes, emit }));
  };

  const perform = async (action: HospitalAction, view: HospitalView, signals: Signals): Promise<void> => {
    const { lineage, notes, context, collected, sum } = view;
    const untilUnwanted = { signal: signals.wanted };
    const untilStopped = { signal: signals.stop };
    switch (action.kind) {
      case "open-context":
        return openContext(action.round, view, untilUnwanted);
      case "collect":
        return collect(action, untilUnwanted);
      case "train":
        if (context.status !== "ready") return;
        training = { round: action.round.id, plan: action.round.plan, base: action.round.base };
        try {
          const input = { round: action.round, context, self, maxModelBytes };
          const options = { signal: signals.wanted, emit };
          if (!context.plan.privacy) return await trainUpdate(ports, input, options);
          return await trainPrivately(ports, { ...input, isScored: isScored(action.round.id - 1) }, options);
        } finally {
          training = undefined;
        }
      case "commit":
        return commit(action.round, view, signals.stop);
      case "send-own":
        return sendOwn(ports, action.write, untilStopped);
      case "report":
        return lineage.newest && publications.report(action.write, lineage.newest);
      case "relay-commitments":
      case "relay-votes":
        return relay.perform(action, signals.stop);
      case "propose": {
        if (context.status !== "ready") return;
        const made = await proposeModel(ports, { round: action.round, context, collected, key: sum.key }, untilStopped);
        return emit({ event: "proposed", round: action.round.id, ...made });
      }
      case "read-object":
      case "seal":
      case "recover-key":
      case "repeat":
        return sums.perform(action, view, signals);
      case "publish-prekey":
      case "check":
      case "complain":
      case "answer":
      case "say-checked":
      case "note-sealed":
      case "open-sum":
      case "erase": {
        const known = context.status === "ready" ? context : undefined;
        return performHolderAction({ ports, self, holder, objects: sums.objects, emit }, action, known, signals.wanted);
      }
      case "attest":
        return attest(action, view, signals);
      case "adopt": {
        const input = { round: action.round, lineage, notes, self, maxModelBytes };
        return adoptModel({ exchange, journal }, input, { signal: signals.wanted, emit });
      }
      case "replicate":
        return replication.replicate(action, signals.wanted);
      case "expire":
        return ledger.expire(action.round.id, untilStopped);
      case "open":
        await openRound({ ledger, blobs }, action, untilStopped);
        return;
    }
  };

  const loop = new PartyLoop<HospitalView, HospitalAction>(ports, { observe, decide: nextActions, perform });
  const unsubscribe = [
    gossip.subscribe((announcement) => {
      watch.receive(announcement);
      if (sums.receive(announcement)) loop.wake();
    }),
    signedWrites.subscribe((write) => relay.receive(write) && loop.wake()),
  ];
  try {
    await loop.run(signal);
  } finally {
    for (const end of unsubscribe) end();
  }
}
