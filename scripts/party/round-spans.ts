// A party's rounds as spans: a round, and in it training, commitment, collection, proposal and vote. Made of its events,
// from which only numbers, codes and public addresses are taken: no score, and nothing of a patient.
import { sha256 } from "../../foundation/sha256.ts";
import type { OpenSpan, OtlpSender, SpanFacts } from "../../io/telemetry/otlp.ts";
import type { PartyEvent } from "./party-metrics.ts";

/** Rounds whose spans may still get a part; what comes later is not shown. */
const keptRounds = 8;

interface RoundSpans {
  readonly whole: OpenSpan;
  /** When this party began to wait for updates. */
  waitsSince: number;
  commit?: OpenSpan;
  collect?: { readonly span: OpenSpan; updates: number; last: number };
}

/** @param contract with the round it names the trace, so that a collector shows all parties of a round together */
export function roundSpans(
  sender: Pick<OtlpSender, "span">,
  contract: string,
  now: () => number = Date.now,
): (event: PartyEvent) => void {
  const rounds = new Map<number, RoundSpans>();
  return (event) => {
    const { round: number } = event;
    if (number === undefined) return;
    const at = now();
    if (event.event === "round-opened") {
      const facts: SpanFacts = {
        "consilium.round": number,
        "consilium.role": event.hospital ? "hospital" : "aggregator",
      };
      const whole = sender.span(`round ${number}`, traceOf(contract, number), at, facts);
      rounds.set(number, { whole, waitsSince: at });
      if (rounds.size > keptRounds) rounds.delete(rounds.keys().next().value!);
      return;
    }
    const round = rounds.get(number);
    if (round) advance(round, event, at);
  };
}

function advance(round: RoundSpans, event: PartyEvent, at: number): void {
  const { whole } = round;
  const since = at - 1000 * (event.seconds ?? 0);
  switch (event.event) {
    case "trained":
      whole.child("train", since).end(at);
      round.commit = whole.child("commit", at);
      return;
    case "committed":
      round.commit?.end(at);
      round.waitsSince = at;
      return;
    case "collected":
      round.collect ??= { span: whole.child("collect", round.waitsSince), updates: 0, last: at };
      round.collect.updates++;
      round.collect.last = at;
      return;
    case "invalid-update":
      whole.event("invalid-update", at, { "consilium.code": event.code ?? "unknown" });
      return;
    case "late":
      whole.event("late", at, { "consilium.members": event.members?.length ?? 0 });
      return;
    case "refused":
      whole.event("refused", at, { "consilium.code": event.code ?? "unknown" });
      return;
    case "proposed":
      endCollecting(round);
      whole.child("propose", since).end(at);
      return;
    case "attested":
      endCollecting(round);
      whole.child("vote", since, { "consilium.agree": event.agree === true }).end(at);
      return;
    case "adopted":
    case "final":
    case "round-abandoned":
      endCollecting(round);
      whole.end(at, { failed: event.event === "round-abandoned" });
  }
}

function endCollecting(round: RoundSpans): void {
  const { collect } = round;
  collect?.span.end(collect.last, { "consilium.updates": collect.updates });
  round.collect = undefined;
}

function traceOf(contract: string, round: number): string {
  return Buffer.from(sha256(`${contract}:${round}`).subarray(0, 16)).toString("hex");
}
