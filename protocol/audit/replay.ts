// The contract's rules, applied once more to its events. A chain whose contract is the real one cannot break them; a
// forged or doctored history can, and an RPC endpoint that lies leaves marks here before any object is fetched.
import { nextCommitmentsHash } from "../contract/commitments-hash.ts";
import type { LedgerEvent, RoundTerms } from "../contract/round.ts";
import { type Digest, zeroDigest } from "../format/digest.ts";
import type { Finding } from "./report.ts";
import { AuditRoster } from "./roster.ts";
import { type RoundRecord, RoundReplay } from "./round-replay.ts";

export class Replay {
  readonly roster = new AuditRoster();
  /** About no round in particular. */
  readonly findings: Finding[] = [];
  terms: RoundTerms | undefined;
  /** The last final model. */
  model: Digest | undefined;
  #round: RoundReplay | undefined;
  #commitmentsHash: Digest = zeroDigest;

  /** @returns the round before, once the next one opens */
  apply(event: LedgerEvent): RoundRecord | undefined {
    switch (event.kind) {
      case "member-admitted":
      case "member-revoked":
      case "member-rotated": {
        const finding = this.roster.apply(event);
        if (finding) this.findings.push(finding);
        else if (event.kind === "member-rotated") this.#round?.rotate(event);
        return undefined;
      }
      case "terms-set":
        this.terms = event.terms;
        return undefined;
      case "peer-bound":
        return undefined;
      case "round-opened":
        return this.#open(event);
      default: {
        const { round: id } = event;
        if (event.kind === "update-committed") {
          this.#commitmentsHash = nextCommitmentsHash(this.#commitmentsHash, event);
        }
        if (this.#round?.id === id) {
          this.#round.apply(event, { commitmentsHash: this.#commitmentsHash });
          if (event.kind === "round-finalised") this.model = event.model;
        } else {
          const text = `an event ${event.kind} names a round that is not the newest`;
          this.findings.push({ severity: "broken", code: "ROUND_MISMATCH", text, round: id });
        }
        return undefined;
      }
    }
  }

  /** The last round, finished or not. */
  end(): RoundRecord | undefined {
    return this.#round?.record();
  }

  #open(event: Extract<LedgerEvent, { readonly kind: "round-opened" }>): RoundRecord | undefined {
    const before = this.#round;
    const round = new RoundReplay(event, this.roster, this.terms);
    if (event.round !== (before?.id ?? 0) + 1) {
      round.fault("ROUND_ORDER", `round ${event.round} opened after round ${before?.id ?? 0}`);
    }
    if (before && before.status !== "final" && before.status !== "abandoned") {
      round.fault("ROUND_OVERLAP", `round ${event.round} opened while round ${before.id} was ${before.status}`);
    }
    if (this.model !== undefined && event.base !== this.model) {
      const facts = { object: "model", digest: event.base, expected: this.model, found: event.base } as const;
      round.fault("BASE_NOT_LAST_MODEL", "the round's base is not the last final model", facts);
    }
    this.#round = round;
    return before?.record();
  }
}
