// Whether the contract opens no round any more, because all sums that it allows were opened. A party says so once, in a line of
// its log and an event: nothing else tells its operator why no round follows.
import type { Waiting } from "../foundation/waiting.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { Ledger, Log } from "../protocol/ports.ts";

/** All sums that the contract allows were opened: it opens no round any more. */
export interface BudgetSpent {
  /** No round follows, though the plan has more. */
  readonly event: "budget-spent";
  /** Sums that were opened, those of predecessors too. */
  readonly seals: number;
  /** As many as may be. */
  readonly maxSeals: number;
}

export class SumBudget {
  readonly #ports: { readonly ledger: Pick<Ledger, "privateSums">; readonly log: Log };
  readonly #emit: (event: BudgetSpent) => void;
  #isTold = false;

  constructor(
    ports: { readonly ledger: Pick<Ledger, "privateSums">; readonly log: Log },
    emit: (event: BudgetSpent) => void,
  ) {
    this.#ports = ports;
    this.#emit = emit;
  }

  /**
   * Tells it once the newest round is over and the plan has more rounds.
   * @param rounds final ones that the plan asks for
   * @throws ABORTED, and what the chain's endpoints throw
   */
  async isSpent({ newest, finals }: Lineage, rounds: number, waiting: Waiting): Promise<boolean> {
    const { ledger, log } = this.#ports;
    const { seals, maxSeals } = (await ledger.privateSums(waiting)) ?? { seals: 0, maxSeals: 0 };
    if (maxSeals === 0 || seals < maxSeals) return false;
    const isOver = newest === undefined || newest.status === "final" || newest.status === "abandoned";
    if (isOver && finals.length < rounds && !this.#isTold) {
      this.#isTold = true;
      log.warn("budget-spent", { seals, maxSeals });
      this.#emit({ event: "budget-spent", seals, maxSeals });
    }
    return true;
  }
}
