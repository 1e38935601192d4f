// Checks a hospital's journal against the expected content: the adopted model, the prepared update, and the rounding
// remainder of the updates that went into models.

import type { RoundState } from "../../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import type { Oracle } from "./oracle.ts";
import type { SimulatedChain } from "./simulated-chain.ts";
import type { Site } from "./site.ts";
import { Violation } from "./violation.ts";

export interface NotesWorld {
  readonly chain: SimulatedChain;
  readonly oracle: Oracle;
  readonly genesis: Digest;
  readonly deepReorganisations: boolean;
  readonly isPrivate: boolean;
}

interface Adopted {
  readonly round: number;
  readonly model: Digest;
}

interface Prepared {
  readonly trainedIn: number;
  readonly base: Digest;
  readonly update: Digest;
}

export class NotesCheck {
  readonly #site: Site;
  readonly #world: NotesWorld;
  #version = 0;
  #adopted: Adopted | undefined;
  #prepared: Prepared | undefined;
  /** The residual that the next update must be made with, and that of the prepared update. */
  #residual: Uint8Array | undefined;
  #preparedResidual: Uint8Array | undefined;

  constructor(site: Site, world: NotesWorld) {
    this.#site = site;
    this.#world = world;
  }

  get changed(): boolean {
    return this.#site.journal.version !== this.#version;
  }

  /** @throws Violation */
  async check(finals: ReadonlyMap<number, Digest>): Promise<void> {
    const { journal, address, store } = this.#site;
    this.#version = journal.version;
    const note = <T>(key: string): T | undefined => {
      const bytes = journal.entries.get(key);
      return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as T);
    };
    const adopted = note<Adopted>("adopted");
    const prepared = note<Prepared>("prepared");
    const residual = journal.entries.get("residual");
    if (this.#world.deepReorganisations) return;

    if (adopted && adopted.round !== this.#adopted?.round) {
      if (finals.get(adopted.round) !== adopted.model) {
        throw new Violation("adopted-not-final", { by: address, round: adopted.round, model: adopted.model });
      }
      if (!store.blobs.has(adopted.model)) throw new Violation("committed-without-object", { by: address, ...adopted });
      const since = this.#adopted?.round ?? 0;
      const rounds = this.#world.chain.confirmed.contract.rounds.slice(since, adopted.round);
      if (rounds.some((round) => wentInto(round, address))) this.#residual = this.#preparedResidual;
      this.#adopted = adopted;
    }
    if (!same(residual, this.#residual)) throw new Violation("residual-lost", { by: address });
    if (prepared && prepared.update !== this.#prepared?.update) await this.#checkPrepared(prepared, finals);
    this.#prepared = prepared;
  }

  async #checkPrepared({ base, trainedIn, update }: Prepared, finals: ReadonlyMap<number, Digest>): Promise<void> {
    const { isPrivate } = this.#world;
    const { address: hospital } = this.#site;
    const { oracle, genesis } = this.#world;
    if (base !== genesis && ![...finals.values()].includes(base)) {
      throw new Violation("trained-from-not-final", { by: hospital, base });
    }
    // An input of a private sum has no update of its own, and no rounding remainder.
    if (isPrivate) return;
    const made = await oracle.update({ hospital, trainedIn, base, residual: this.#residual });
    const digest = await oracle.objects.put(made.update);
    if (digest !== update) throw new Violation("update-not-reproducible", { by: hospital, trainedIn });
    this.#preparedResidual = made.residual;
  }
}

function wentInto({ proposals }: RoundState, hospital: HospitalAddress): boolean {
  return proposals.some(({ status, included }) => status === "accepted" && included.includes(hospital));
}

function same(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && Buffer.compare(one, other) === 0);
}
