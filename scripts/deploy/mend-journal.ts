// Ignition notes each step before and after it is sent, but cannot resume from every instant between: it stops at a
// step that was announced and not begun, and at a transaction whose hash was not noted. This file corrects both, from
// the journal and the chain, before Ignition reads the journal.
import { readFile, rename, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";

/** Hardhat's connection to the chain. */
interface Provider {
  request(call: { method: string; params?: unknown[] }): Promise<unknown>;
}

/** The fields that are read here; Ignition's others are kept as they are. */
const messageSchema = z
  .object({
    type: z.string(),
    futureId: z.string().optional(),
    networkInteractionId: z.number().optional(),
    nonce: z.number().optional(),
    networkInteraction: z
      .object({ id: z.number(), to: z.string().optional(), data: z.string().optional() })
      .passthrough()
      .optional(),
  })
  .passthrough();
type Message = z.output<typeof messageSchema>;

interface SentTransaction {
  readonly hash: string;
  readonly from: string;
  readonly to: string | null;
  readonly input: string;
  readonly nonce: string;
  readonly gasPrice?: string;
  readonly maxFeePerGas?: string;
  readonly maxPriorityFeePerGas?: string;
}

interface Block {
  readonly timestamp: string;
  readonly transactions: readonly SentTransaction[];
}

/** How long a transaction that is in the pool may take to be mined, seconds. */
const patience = 300;
/** A block's time may lie that far before this machine's, seconds. */
const clockSkew = 900;

/**
 * @param since this machine's time before the journal was last written, seconds
 * @throws DEPLOY_JOURNAL_MALFORMED, DEPLOY_PENDING
 */
export async function mendJournal(
  path: string,
  { provider, sender, since }: { readonly provider: Provider; readonly sender: string; readonly since: number },
): Promise<void> {
  const text = await readFile(path, "utf8");
  const messages = withoutUnbegun(parse(text, path));
  for (const prepared of unsent(messages)) {
    const transaction = await findTransaction(provider, { sender, nonce: prepared.nonce as number, since });
    const request = messages.find(
      ({ type, futureId, networkInteraction }) =>
        type === "NETWORK_INTERACTION_REQUEST" &&
        futureId === prepared.futureId &&
        networkInteraction?.id === prepared.networkInteractionId,
    )?.networkInteraction;
    // It is inserted where Ignition would have noted it. A sending that never happened is removed: if its request is
    // still on the way, the next one has the same nonce, and only one of the two can be mined.
    const known = transaction && isRequested(transaction, request);
    messages.splice(messages.indexOf(prepared), 1, ...(known ? [prepared, sendingOf(prepared, transaction)] : []));
  }
  const mended = messages.map((message) => `\n${JSON.stringify(message)}`).join("");
  if (mended === text) return;
  await writeFile(`${path}.mended`, mended, { flush: true });
  await rename(`${path}.mended`, path);
}

/** A last line that a kill cut off stands for nothing that was done: it can be dropped. */
function parse(text: string, path: string): Message[] {
  const lines = text.split("\n").filter(Boolean);
  return lines.flatMap((line, i) => {
    try {
      return [messageSchema.parse(JSON.parse(line))];
    } catch (cause) {
      if (i === lines.length - 1) return [];
      const remedy = "the founding's journal is damaged: found another federation with another --out";
      throw new FedError("DEPLOY_JOURNAL_MALFORMED", { path, line: i + 1 }, { cause, remedy });
    }
  });
}

/** Without the announcements of steps of which nothing else is known: nothing was sent for them. */
function withoutUnbegun(messages: readonly Message[]): Message[] {
  const count = new Map<string, number>();
  for (const { futureId } of messages) if (futureId) count.set(futureId, (count.get(futureId) ?? 0) + 1);
  return messages.filter(
    ({ type, futureId }) => !(type.endsWith("_EXECUTION_STATE_INITIALIZE") && futureId && count.get(futureId) === 1),
  );
}

/** The sendings that were prepared, and of which it is not known whether they happened. */
function unsent(messages: readonly Message[]): Message[] {
  return messages.filter(
    (prepared, i) =>
      prepared.type === "TRANSACTION_PREPARE_SEND" &&
      !messages.slice(i + 1).some(({ futureId }) => futureId === prepared.futureId),
  );
}

/** The sender's transaction with this nonce, once it is mined; undefined where none was sent. */
async function findTransaction(
  provider: Provider,
  { sender, nonce, since }: { readonly sender: string; readonly nonce: number; readonly since: number },
): Promise<SentTransaction | undefined> {
  const count = async (tag: string) =>
    Number(await provider.request({ method: "eth_getTransactionCount", params: [sender, tag] }));
  if ((await count("pending")) <= nonce) return undefined;
  const started = performance.now();
  while ((await count("latest")) <= nonce) {
    if (performance.now() - started > patience * 1000) {
      const remedy = "a transaction of this account waits to be mined: run the same command again later";
      throw new FedError("DEPLOY_PENDING", { account: sender.toLowerCase(), nonce }, { remedy });
    }
    await sleep(250);
  }
  for (let number = Number(await provider.request({ method: "eth_blockNumber" })); number >= 0; number--) {
    const params = [`0x${number.toString(16)}`, true];
    const block = (await provider.request({ method: "eth_getBlockByNumber", params })) as Block;
    const found = block.transactions.find(
      (each) => each.from.toLowerCase() === sender.toLowerCase() && Number(each.nonce) === nonce,
    );
    if (found) return found;
    if (Number(block.timestamp) < since - clockSkew) return undefined;
  }
  return undefined;
}

/** Not a transaction that the account's owner sent by other means under the same nonce. */
function isRequested({ to, input }: SentTransaction, request: Message["networkInteraction"]): boolean {
  return (
    request?.data?.toLowerCase() === input.toLowerCase() &&
    (request.to?.toLowerCase() ?? null) === (to?.toLowerCase() ?? null)
  );
}

/** The note that Ignition would have made. */
function sendingOf({ futureId, networkInteractionId, nonce }: Message, transaction: SentTransaction): Message {
  const noted = { hash: transaction.hash, fees: feesOf(transaction) };
  return { type: "TRANSACTION_SEND", futureId, networkInteractionId, nonce, transaction: noted };
}

function feesOf({ gasPrice = "0x0", maxFeePerGas, maxPriorityFeePerGas }: SentTransaction): object {
  const big = (value: string) => ({ _kind: "bigint", value: String(BigInt(value)) });
  return maxFeePerGas && maxPriorityFeePerGas
    ? { maxFeePerGas: big(maxFeePerGas), maxPriorityFeePerGas: big(maxPriorityFeePerGas) }
    : { gasPrice: big(gasPrice) };
}
