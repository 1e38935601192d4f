// What the transactions of the rounds cost, and who paid: one request for each receipt.
import type { GasSpent } from "../../dashboard/state/inputs.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { OpenLedger } from "../../io/chain/ledger.ts";

/** Transactions whose receipts are read, the newest. */
const mostReceipts = 2_000;

/**
 * @param transactions rounds by the hash of the transaction, in chain order
 * @param known what was read before; what is read now is added
 */
export async function readGas(
  ledger: Pick<OpenLedger, "gasOf">,
  transactions: ReadonlyMap<string, number>,
  known: Map<string, GasSpent>,
  waiting: Waiting = {},
): Promise<readonly GasSpent[]> {
  const newest = [...transactions].slice(-mostReceipts);
  for (const [transaction, round] of newest) {
    if (known.has(transaction)) continue;
    const paid = await ledger.gasOf(transaction, waiting);
    if (paid) known.set(transaction, { round, ...paid });
  }
  // What a reorganisation took away does not count.
  return newest.flatMap(([transaction]) => known.get(transaction) ?? []);
}

/** Rounds by transaction, of the whole history. */
export async function transactionsOf(
  ledger: Pick<OpenLedger, "history">,
  waiting: Waiting = {},
): Promise<ReadonlyMap<string, number>> {
  const transactions = new Map<string, number>();
  for await (const event of ledger.history(waiting))
    if ("round" in event) transactions.set(event.transaction, event.round);
  return transactions;
}
