// What a party does with the signed writes of hospitals without gas: holds them, and sends them in batches within its gas.
import type { RoundState } from "../protocol/contract/round.ts";
import type { RoundId } from "../protocol/format/digest.ts";
import type { SignedWrite } from "../protocol/format/signed-write.ts";
import type { Ledger, Log } from "../protocol/ports.ts";
import { HeldWrites } from "./held-writes.ts";
import { gasOfBatch, type RelayAction, type RelayObservations } from "./relay-actions.ts";

export class Relay {
  readonly #held = new HeldWrites();
  readonly #ports: { readonly ledger: Ledger; readonly log: Log };
  readonly #gasPerRound: number;
  #round: RoundId | undefined;
  #now = 0;
  #changedAt = 0;
  #seen = "";
  #spent = 0;

  /** @param options.gasPerRound most that is spent on others in a round; a restarted process counts from zero */
  constructor(ports: { readonly ledger: Ledger; readonly log: Log }, { gasPerRound }: { gasPerRound: number }) {
    this.#ports = ports;
    this.#gasPerRound = gasPerRound;
  }

  /** Takes a write whose signature has been checked. @returns whether it is new, and may be sent */
  receive(write: SignedWrite): boolean {
    // Before the first look at the chain it has no time; the hospital publishes it again.
    if (this.#gasPerRound === 0 || this.#now === 0 || !this.#held.take(write, this.#now)) return false;
    this.#changedAt = this.#now;
    return true;
  }

  /** Takes in the newest round. @param now chain time, seconds */
  follow(round: RoundState | undefined, now: number): RelayObservations {
    this.#now = now;
    if (!round) return { held: [], heldChangedAt: now, relayGas: 0 };
    if (round.id !== this.#round) {
      this.#round = round.id;
      this.#spent = 0;
      this.#held.forgetBefore(round.id);
    }
    const { id, status, commitments, proposals } = round;
    const votes = proposals.at(-1)?.attestations.length ?? 0;
    const seen = [id, status, commitments.length, proposals.length, votes].join(" ");
    if (seen !== this.#seen) this.#changedAt = now;
    this.#seen = seen;
    return {
      held: this.#held.of(id),
      heldChangedAt: this.#changedAt,
      relayGas: Math.max(0, this.#gasPerRound - this.#spent),
    };
  }

  /** Sends a batch; nothing where another member's batch is on the chain already. @throws the contract's own code */
  async perform(action: RelayAction, signal: AbortSignal): Promise<void> {
    const { log } = this.#ports;
    const { kind, round, writes } = action;
    const recorded = await this.#send(action, signal);
    if (recorded === 0) return;
    if (this.#round === round.id) this.#spent += gasOfBatch(writes.length);
    log.info("relayed", { kind, round: round.id, sent: writes.length, recorded });
  }

  #send(action: RelayAction, signal: AbortSignal): Promise<number> {
    const { ledger } = this.#ports;
    const { id: round } = action.round;
    if (action.kind === "relay-commitments") {
      const signed = action.writes.map(({ hospital: member, manifest, sampleCount, signature }) => ({
        member,
        manifest,
        sampleCount,
        signature,
      }));
      return ledger.commitUpdates(round, signed, { signal });
    }
    const signed = action.writes.map(({ hospital: member, agree, scores, signature }) => ({
      member,
      agree,
      scores,
      signature,
    }));
    return ledger.attestFor({ round, proposal: action.proposal.number, signed }, { signal });
  }
}
