// One JSON-RPC endpoint over HTTP: a time limit and a size limit on every answer, and errors that say whether trying
// elsewhere makes sense. ethers' own provider polls and retries by itself, which neither stops nor fails over on demand.
import { z } from "zod";
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";

/** Calls one method; the answer is foreign and must be parsed by the caller. */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** The endpoint understood the request and refused it; `data` holds a contract's revert. */
export class RpcRefusal extends FedError<"RPC_REFUSED"> {
  readonly data: string | undefined;

  constructor(facts: { endpoint: string; method: string; rpcCode: number; text: string }, data: string | undefined) {
    super("RPC_REFUSED", facts);
    this.data = data;
  }
}

const answerSchema = z.union([
  z
    .object({ error: z.object({ code: z.number(), message: z.string(), data: z.unknown() }).passthrough() })
    .passthrough(),
  z.object({ result: z.unknown() }).passthrough(),
]);

/** Ten thousand events of ours are 8 MB. */
const maxAnswerBytes = 64 << 20;
/** "Limit exceeded" (EIP-1474). */
const limitExceeded = -32005;

/** Whether another endpoint, or the same one later, may answer. */
export function isPassing(error: unknown): boolean {
  return isFedError(error, "RPC_UNREACHABLE", "RPC_TIMEOUT", "RPC_RATE_LIMITED", "RPC_MALFORMED");
}

/** The endpoint as logs may show it: credentials live in user, path and query. */
export function endpointName(url: string): string {
  return new URL(url).host;
}

/**
 * @throws FedError RPC_UNREACHABLE, RPC_TIMEOUT, RPC_RATE_LIMITED, RPC_MALFORMED, RPC_REFUSED; the signal's reason
 */
export async function callRpc(
  url: string,
  method: string,
  params: readonly unknown[],
  { timeoutMs, signal }: { readonly timeoutMs: number } & Waiting,
): Promise<unknown> {
  const endpoint = endpointName(url);
  const limit = AbortSignal.timeout(timeoutMs);
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
    });
    status = response.status;
    text = await readLimited(response, endpoint);
  } catch (cause) {
    signal?.throwIfAborted();
    if (isFedError(cause)) throw cause;
    if (limit.aborted) throw new FedError("RPC_TIMEOUT", { endpoint, method, timeoutMs }, { cause });
    throw new FedError(
      "RPC_UNREACHABLE",
      { endpoint, method },
      { cause, remedy: "check that the RPC endpoint runs and that its address is right" },
    );
  }
  if (status === 429) throw new FedError("RPC_RATE_LIMITED", { endpoint, method });
  if (status >= 500) throw new FedError("RPC_UNREACHABLE", { endpoint, method, status });
  return parseAnswer(text, { endpoint, method, status });
}

function parseAnswer(text: string, facts: { endpoint: string; method: string; status: number }): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FedError("RPC_MALFORMED", facts, { cause });
  }
  const parsed = answerSchema.safeParse(json);
  if (!parsed.success) throw new FedError("RPC_MALFORMED", facts, { cause: parsed.error });
  if (!("error" in parsed.data)) return parsed.data.result;
  const { code, message, data } = parsed.data.error as { code: number; message: string; data: unknown };
  const { endpoint, method } = facts;
  if (code === limitExceeded) throw new FedError("RPC_RATE_LIMITED", { endpoint, method });
  throw new RpcRefusal({ endpoint, method, rpcCode: code, text: message.slice(0, 200) }, revertData(data));
}

/** Clients put the revert's bytes into `data`, or into an object there. */
function revertData(data: unknown): string | undefined {
  if (typeof data === "string") return data.startsWith("0x") ? data : undefined;
  if (typeof data === "object" && data !== null && "data" in data) return revertData(data.data);
  return undefined;
}

async function readLimited(response: Response, endpoint: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) throw new FedError("RPC_MALFORMED", { endpoint, maxAnswerBytes });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
