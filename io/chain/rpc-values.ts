// The values in Ethereum's JSON-RPC answers, parsed where they arrive.
import { setImmediate as turn } from "node:timers/promises";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";

const quantity = z
  .string()
  .regex(/^0x[0-9a-f]{1,16}$/i)
  .transform(Number)
  .refine(Number.isSafeInteger);
const bytes = z.string().refine(isBytes);
const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/i)
  .transform((text) => text.toLowerCase());
const amount = z
  .string()
  .regex(/^0x[0-9a-f]{1,64}$/i)
  .transform(BigInt);

const headerSchema = z.object({
  number: quantity,
  hash,
  parentHash: hash,
  timestamp: quantity,
  baseFeePerGas: amount.nullish(),
  /** Not every endpoint gives it. */
  receiptsRoot: hash.nullish(),
});
const logSchema = z.object({
  address: z
    .string()
    .regex(/^0x[0-9a-f]{40}$/i)
    .transform((text) => text.toLowerCase()),
  topics: z.array(hash).max(4),
  data: bytes,
  blockNumber: quantity,
  blockHash: hash,
  logIndex: quantity,
  transactionHash: hash,
  /** Newer clients give it with the log. */
  blockTimestamp: quantity.nullish(),
  removed: z.boolean().nullish(),
});
const receiptSchema = z.object({
  transactionHash: hash,
  blockNumber: quantity,
  blockHash: hash,
  status: quantity,
  gasUsed: quantity,
  /** The account that paid. */
  from: z.string().nullish(),
  contractAddress: z.string().nullish(),
  logs: z.array(logSchema),
});

export type Header = z.output<typeof headerSchema>;
export type RpcLog = z.output<typeof logSchema>;
export type Receipt = z.output<typeof receiptSchema>;

export const parseQuantity = (value: unknown): number => parse(quantity, value);
export const parseAmount = (value: unknown): bigint => parse(amount, value);
export const parseBytes = (value: unknown): string => parse(bytes, value);
/** Null for a block, or a transaction, that the endpoint does not know. */
export const parseHeader = (value: unknown): Header | null => parse(headerSchema.nullable(), value);
export const parseReceipt = (value: unknown): Receipt | null => parse(receiptSchema.nullable(), value);

/** Between two turns of the event loop: checking a log takes about 10 µs. */
const logsPerTurn = 500;

/**
 * Checks logs without holding up the event loop.
 * @throws RPC_MALFORMED
 */
export async function parseLogs(value: unknown): Promise<RpcLog[]> {
  if (!Array.isArray(value)) throw new FedError("RPC_MALFORMED", { where: "logs" });
  const logs: RpcLog[] = [];
  for (const [i, log] of value.entries()) {
    if (i % logsPerTurn === logsPerTurn - 1) await turn();
    logs.push(parse(logSchema, log));
  }
  return logs;
}

/** A pattern with a group for each byte would exhaust the stack on megabytes. */
function isBytes(text: string): boolean {
  return text.length % 2 === 0 && /^0x[0-9a-f]*$/i.test(text);
}

export function toQuantity(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** @throws RPC_MALFORMED */
function parse<T extends z.ZodTypeAny>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new FedError("RPC_MALFORMED", { where }, { cause: parsed.error });
}
