// One JSON-RPC endpoint over HTTP: a time limit and a size limit on every answer, and errors that say whether another
// endpoint may answer. ethers' own provider polls and retries by itself; it can neither be stopped nor fail over on demand.
import { z } from "zod";
import { type ErrorFacts, FedError, isFedError } from "../../foundation/errors.ts";
import { joinSignals } from "../../foundation/joined-signal.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import { remedyOf } from "./refusals.ts";
import { endpointName, redirectTarget, rpcAddressOf, withoutSecrets } from "./rpc-address.ts";

/** Calls one method; the answer is foreign and must be parsed by the caller. */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

/**
 * verdict: about the call itself, the same from every endpoint. elsewhere: this endpoint does not serve the call.
 * unknown: a wording that is not in the table of refusals.
 */
export type RefusalMeaning = "verdict" | "elsewhere" | "unknown";

/** The endpoint understood the request and refused it; `data` holds a contract's revert. */
export class RpcRefusal extends FedError<"RPC_REFUSED"> {
  readonly meaning: RefusalMeaning;
  readonly data: string | undefined;

  constructor(facts: ErrorFacts & { readonly text: string }, meaning: RefusalMeaning, data?: string) {
    super("RPC_REFUSED", facts);
    this.meaning = meaning;
    this.data = data;
  }
}

const errorSchema = z.object({ code: z.number(), message: z.string(), data: z.unknown() });

/**
 * Twice the largest logs of our contract that a block of 60 million gas can hold; parsing that much holds up the event
 * loop for about 0.1 s.
 */
export const maxAnswerBytes = 16 << 20;
const mostRedirects = 3;
/** Longer waits that an endpoint asks for are cut to this. */
const longestRetryAfterMs = 60_000;
/** How deep clients nest a revert's bytes. */
const deepestData = 4;

/** Whether another endpoint, or the same one later, may answer. */
export function isPassing(error: unknown): boolean {
  return isFedError(error, "RPC_UNREACHABLE", "RPC_TIMEOUT", "RPC_RATE_LIMITED", "RPC_MALFORMED", "RPC_TOO_LARGE");
}

interface Call {
  readonly url: string;
  readonly method: string;
  readonly endpoint: string;
}

/**
 * Calls a method of one endpoint. RPC_RATE_LIMITED has `retryAfterMs` among its facts where the endpoint gives it.
 * @throws RPC_UNREACHABLE, RPC_TIMEOUT, RPC_RATE_LIMITED, RPC_TOO_LARGE, RPC_MALFORMED, RPC_REFUSED; the signal's reason
 */
export async function callRpc(
  url: string,
  method: string,
  params: readonly unknown[],
  { timeoutMs, signal }: { readonly timeoutMs: number } & Waiting,
): Promise<unknown> {
  const call: Call = { url, method, endpoint: endpointName(url) };
  const { endpoint } = call;
  const limit = AbortSignal.timeout(timeoutMs);
  const joined = joinSignals(limit, signal);
  const failed = (cause: unknown): FedError => {
    signal?.throwIfAborted();
    if (isFedError(cause)) return cause;
    const shown = { cause: shownCause(cause, url) };
    if (limit.aborted) return new FedError("RPC_TIMEOUT", { endpoint, method, timeoutMs }, shown);
    return new FedError("RPC_UNREACHABLE", { endpoint, method }, shown);
  };
  try {
    let response: Response;
    try {
      response = await post(call, JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }), joined.signal);
    } catch (cause) {
      throw failed(cause);
    }
    let text: string;
    try {
      text = await readLimited(response, call);
    } catch (cause) {
      const error = failed(cause);
      // An answer that breaks off is often one that some proxy on the way found too large.
      if (error.code !== "RPC_UNREACHABLE" || method !== "eth_getLogs") throw error;
      throw new FedError("RPC_TOO_LARGE", { endpoint, method, why: "cut" }, { cause: error });
    }
    return parseAnswer(text, response, call);
  } finally {
    joined.release();
  }
}

/** Follows redirects, within the same host only. */
async function post({ url, endpoint, method }: Call, body: string, signal: AbortSignal): Promise<Response> {
  const { target, authorization } = rpcAddressOf(url);
  const headers = { "content-type": "application/json", ...(authorization && { authorization }) };
  let to = target;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(to, { method: "POST", headers, body, signal, redirect: "manual" });
    if (response.status < 300 || response.status > 399) return response;
    await response.body?.cancel();
    const next = redirectTarget(to, response.headers.get("location"));
    if (!next || redirects === mostRedirects) {
      const remedy = "redirects are followed within the same host only: give the address that it redirects to";
      throw new FedError("RPC_UNREACHABLE", { endpoint, method, status: response.status }, { remedy });
    }
    to = next;
  }
}

async function readLimited(response: Response, { endpoint, method }: Call): Promise<string> {
  const tooLarge = () => new FedError("RPC_TOO_LARGE", { endpoint, method, maxAnswerBytes });
  if (Number(response.headers.get("content-length")) > maxAnswerBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * The result in the body of an answer.
 * @throws RPC_MALFORMED, RPC_TOO_LARGE, RPC_RATE_LIMITED, RPC_UNREACHABLE, RPC_REFUSED
 */
export function parseAnswer(text: string, response: Pick<Response, "status" | "headers">, call: Call): unknown {
  const { url, method, endpoint } = call;
  const { status } = response;
  let answer: unknown;
  let problem: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    problem = cause;
  }
  const error = errorSchema.safeParse(isRecord(answer) ? answer["error"] : undefined);
  if (error.success) throw refusal(call, response, error.data);
  if (status < 200 || status > 299) {
    throw refusal(call, response, { code: undefined, message: text, data: undefined });
  }
  // Some servers send "error": null along with a result.
  if (isRecord(answer) && "result" in answer && (answer["error"] ?? null) === null) return answer["result"];
  const isCut = method === "eth_getLogs" && problem !== undefined && !text.trimEnd().endsWith("}");
  throw new FedError(
    isCut ? "RPC_TOO_LARGE" : "RPC_MALFORMED",
    { endpoint, method, status },
    { cause: problem && shownCause(problem, url) },
  );
}

/** What a refusal means: from the table where its wording is known there. */
function refusal(
  { url, method, endpoint }: Call,
  { status, headers }: Pick<Response, "status" | "headers">,
  { code, message, data }: { readonly code: number | undefined; readonly message: string; readonly data?: unknown },
): FedError {
  const text = withoutSecrets(message.slice(0, 200), url);
  const facts = { endpoint, method, status: status === 200 ? undefined : status, rpcCode: code, text };
  const revert = revertData(data);
  if (revert !== undefined || isVerdict(method, code, message)) return new RpcRefusal(facts, "verdict", revert);
  const remedy = remedyOf({ method, status, code, text: `${message} ${textOf(data)}` });
  if (remedy === "smaller") return new FedError("RPC_TOO_LARGE", facts);
  if (remedy === "later") {
    return new FedError("RPC_RATE_LIMITED", { endpoint, method, retryAfterMs: retryAfter(headers, data) });
  }
  if (remedy === undefined && status >= 500) return new FedError("RPC_UNREACHABLE", facts);
  return new RpcRefusal(facts, remedy ?? "unknown");
}

/** What clients say of a transaction or a call itself. */
function isVerdict(method: string, code: number | undefined, message: string): boolean {
  if (code === 3) return true; // execution reverted, in geth and those that follow it
  if (!["eth_sendRawTransaction", "eth_estimateGas", "eth_call"].includes(method)) return false;
  return /revert|nonce|underpriced|already|known transaction|funds|fee per gas|fee too low|gas (limit|required)/i.test(
    message,
  );
}

/** Some providers give their reason in the error's data, or in a field of it. */
function textOf(data: unknown): string {
  const texts = isRecord(data) ? Object.values(data) : [data];
  return texts
    .filter((text) => typeof text === "string")
    .join(" ")
    .slice(0, 500);
}

/** Clients put the revert's bytes into `data`, or into an object there. */
function revertData(data: unknown): string | undefined {
  let inner = data;
  for (let depth = 0; isRecord(inner) && depth < deepestData; depth++) inner = inner["data"];
  return typeof inner === "string" && /^0x[0-9a-f]*$/i.test(inner) ? inner : undefined;
}

/** RFC 9110's Retry-After in seconds, or Infura's data.rate.backoff_seconds. */
function retryAfter(headers: Headers, data: unknown): number | undefined {
  const rate = isRecord(data) && isRecord(data["rate"]) ? data["rate"]["backoff_seconds"] : undefined;
  const seconds = Number(headers.get("retry-after") ?? rate);
  return seconds > 0 ? Math.min(longestRetryAfterMs, seconds * 1000) : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** fetch's errors quote the address, which may hold credentials: this one says the same without them. */
function shownCause(cause: unknown, url: string): Error {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const text = inner instanceof Error ? `${inner.name}: ${inner.message}` : String(inner);
  const error = new Error(withoutSecrets(text.replaceAll(url, endpointName(url)), url));
  error.stack = error.message;
  return error;
}
