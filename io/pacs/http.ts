// Requests to a DICOMweb server: authorised, through the hospital's proxy and its own CA, at a limited pace, tried again where
// a failure may pass. Answers are streams; a server that hardly sends is given up.
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { pause } from "../../foundation/pause.ts";
import { createSlots } from "../../foundation/slots.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import { type Authorization, authorizationOf, type Credentials } from "./credentials.ts";
import { openPace, type Pace } from "./pace.ts";

/** PEM texts. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface PacsAccess {
  readonly credentials: Credentials;
  readonly tls: TlsFiles;
  /** As in HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  readonly proxies: { readonly http?: string; readonly https?: string; readonly none?: string };
  /** Requests at a time. */
  readonly connections: number;
  /** Undefined for no limit. */
  readonly bytesPerSecond?: number | undefined;
  readonly patience?: Patience | undefined;
}

export interface Patience {
  /** Until an answer begins: a PACS may have to fetch a study from its archive. */
  readonly answerMs: number;
  /** In each such time an answer must bring slowBytes. */
  readonly slowMs: number;
  readonly slowBytes: number;
  /** Waits before the second, third, ... try. */
  readonly retriesMs: readonly number[];
}

export const usualPatience: Patience = {
  answerMs: 120_000,
  slowMs: 30_000,
  slowBytes: 2 ** 14,
  retriesMs: [500, 2000, 8000],
};

export interface Answer {
  /** 200, or 204 for an answer without content. */
  readonly status: number;
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Content {
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface PacsHttp {
  /**
   * GETs a path below the base address; `read` reads the answer, and is called again where it broke off.
   *
   * @throws PACS_UNREACHABLE, PACS_UNAUTHORISED, PACS_CERTIFICATE, PACS_BUSY, PACS_SLOW, PACS_TOKEN, PACS_GONE,
   * PACS_REFUSED, what `read` throws, and the signal's reason
   */
  get<T>(path: string, accept: string, read: (answer: Answer) => Promise<T>, waiting: Waiting): Promise<T>;
  /**
   * POSTs content, again where a failure may pass: only for what may be stored twice. `read` gets answers that say what was not
   * stored (202, 409) as well.
   *
   * @throws those of get
   */
  post<T>(
    path: string,
    accept: string,
    content: Content,
    read: (answer: Answer) => Promise<T>,
    waiting: Waiting,
  ): Promise<T>;
  close(): Promise<void>;
}

/** @param base http or https, without credentials */
export function openPacsHttp(base: URL, access: PacsAccess): PacsHttp {
  const { tls, proxies, connections } = access;
  const patience = access.patience ?? usualPatience;
  const dispatcher = new EnvHttpProxyAgent({
    // The empty text, since undici would read the environment itself.
    ...{ httpProxy: proxies.http ?? "", httpsProxy: proxies.https ?? "", noProxy: proxies.none ?? "" },
    ...{ connections, connect: { ...tls, timeout: 30_000 }, requestTls: tls },
    ...{ headersTimeout: patience.answerMs, bodyTimeout: 0 },
  });
  const slots = createSlots(connections);
  const pace = openPace(access.bytesPerSecond);
  const authorization = authorizationOf(access.credentials);
  const ask: Asking = { base, dispatcher, authorization, patience, pace };
  async function exchange<T>(
    asked: Omit<Asked, "signal">,
    read: (answer: Answer) => Promise<T>,
    { signal = new AbortController().signal }: Waiting,
  ): Promise<T> {
    const release = await slots.take(signal);
    try {
      for (let failures = 0; ; failures++) {
        await pace.ready({ signal });
        try {
          return await askOnce(ask, { ...asked, signal }, read);
        } catch (error) {
          signal.throwIfAborted();
          const waitMs = patience.retriesMs[failures];
          if (waitMs === undefined || !isPassing(error)) throw error;
          await pause(Math.max(waitMs, retryAfterMs(error)), { signal });
        }
      }
    } finally {
      release();
    }
  }
  return {
    get: (path, accept, read, waiting) => exchange({ path, accept }, read, waiting),
    post: (path, accept, content, read, waiting) => exchange({ path, accept, content }, read, waiting),
    close: () => dispatcher.destroy(),
  };
}

interface Asking {
  readonly base: URL;
  readonly dispatcher: Dispatcher;
  readonly authorization: Authorization;
  readonly patience: Patience;
  readonly pace: Pace;
}

interface Asked {
  readonly path: string;
  readonly accept: string;
  /** What is sent; undefined where the server is only asked. */
  readonly content?: Content;
  readonly signal: AbortSignal;
}

function isPassing(error: unknown): boolean {
  return isFedError(error, "PACS_UNREACHABLE", "PACS_BUSY", "PACS_SLOW", "PACS_TRUNCATED", "PACS_MALFORMED");
}

/** Longer waits that a server asks for are not believed. */
const longestRetryAfterMs = 60_000;

function retryAfterMs(error: unknown): number {
  const seconds = isFedError(error, "PACS_BUSY") ? Number(error.facts["retryAfterSeconds"] ?? 0) : 0;
  return Math.min(seconds * 1000, longestRetryAfterMs);
}

async function askOnce<T>(ask: Asking, asked: Asked, read: (answer: Answer) => Promise<T>): Promise<T> {
  const first = await ask.authorization.value();
  try {
    return await askWith(ask, asked, first, read);
  } catch (error) {
    const isRefused = isFedError(error, "PACS_UNAUTHORISED") && error.facts["status"] === 401;
    if (!isRefused || !ask.authorization.renew(first)) throw error;
    return askWith(ask, asked, await ask.authorization.value(), read);
  }
}

async function askWith<T>(
  { base, dispatcher, patience, pace }: Asking,
  { path, accept, content, signal }: Asked,
  authorization: string | undefined,
  read: (answer: Answer) => Promise<T>,
): Promise<T> {
  const server = base.host;
  const watch = openWatch(patience);
  try {
    const { statusCode, headers, body } = await request(`${base.href.replace(/\/+$/, "")}${path}`, {
      dispatcher,
      // Servers compress pixels slowly, and without much effect: Orthanc takes three times as long.
      headers: {
        ...{ accept, "accept-encoding": "identity" },
        ...(authorization !== undefined && { authorization }),
        ...(content && { "content-type": content.type }),
      },
      ...(content ? { method: "POST", body: content.bytes } : { method: "GET" }),
      signal: AbortSignal.any([signal, watch.signal]),
    });
    // An error of a body that nobody reads any more must not end the process.
    body.on("error", () => {});
    try {
      if (!content || ![202, 409].includes(statusCode)) refuseStatus(statusCode, headers, server);
      const contentType = single(headers["content-type"]);
      const counted = atPace(watch.counted(body), pace, signal);
      return await read({
        status: statusCode,
        contentType,
        body: decoded(counted, single(headers["content-encoding"])),
      });
    } finally {
      body.destroy();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (watch.signal.aborted) throw new FedError("PACS_SLOW", { server });
    if (isFedError(error)) throw error;
    throw connectionError(error, server);
  } finally {
    watch.stop();
  }
}

function single(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? "";
}

function refuseStatus(status: number, headers: Readonly<Record<string, unknown>>, server: string): void {
  if (status === 200 || status === 204) return;
  const facts = { server, status };
  if (status === 401 || status === 403) throw new FedError("PACS_UNAUTHORISED", facts);
  if (status === 407) throw new FedError("PACS_UNREACHABLE", facts, { remedy: "the proxy wants other credentials" });
  if (status === 404 || status === 410) throw new FedError("PACS_GONE", facts);
  if (status === 429 || status === 503) {
    const seconds = Number(headers["retry-after"] ?? 0);
    throw new FedError("PACS_BUSY", { ...facts, ...(seconds > 0 && { retryAfterSeconds: seconds }) });
  }
  if (status === 502 || status === 504) throw new FedError("PACS_UNREACHABLE", facts);
  // A redirection could lead credentials and patients' data to another host.
  const remedy = status >= 300 && status < 400 ? "give the address to which the server redirects" : undefined;
  throw new FedError("PACS_REFUSED", facts, { remedy });
}

/** Errors of TLS that no second try mends. */
const certificateCodes =
  /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL_.*CERT|ERR_SSL_TLSV1_ALERT_UNKNOWN_CA|ERR_SSL_TLSV13_ALERT)/;

function connectionError(error: unknown, server: string): FedError {
  const { code: own, name, cause } = error as { code?: unknown; name?: unknown; cause?: { code?: unknown } };
  const reason = String(cause?.code ?? own ?? name);
  // The error itself is left out: it may quote an address with credentials, such as the proxy's.
  if (reason === "UND_ERR_HEADERS_TIMEOUT") return new FedError("PACS_SLOW", { server });
  return new FedError(certificateCodes.test(reason) ? "PACS_CERTIFICATE" : "PACS_UNREACHABLE", { server, reason });
}

const decoders: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress as unknown as typeof createGunzip,
};

/** Some servers and proxies compress whatever was asked; readers limit what they take out of it. */
async function* decoded(body: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array, void> {
  const name = encoding.trim().toLowerCase();
  if (name === "" || name === "identity") return yield* body;
  const decoder = decoders[name]?.();
  if (!decoder) throw new FedError("PACS_MALFORMED", { what: "content-encoding" });
  let failure: unknown;
  feed(body, decoder).catch((error: unknown) => {
    failure = error;
    decoder.destroy(error as Error);
  });
  try {
    yield* decoder;
  } catch (error) {
    const isCut = (error as { code?: unknown }).code === "Z_BUF_ERROR";
    throw failure ?? new FedError(isCut ? "PACS_TRUNCATED" : "PACS_MALFORMED", { what: "content-encoding" });
  } finally {
    decoder.destroy();
  }
}

async function feed(body: AsyncIterable<Uint8Array>, into: ReturnType<typeof createGunzip>): Promise<void> {
  for await (const chunk of body) {
    if (into.destroyed) return;
    if (into.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      into.once("drain", resolve).once("close", resolve);
    });
  }
  into.end();
}

/** A series is one answer: the pace holds within it, too. */
async function* atPace(body: AsyncIterable<Uint8Array>, pace: Pace, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    pace.received(chunk.byteLength);
    await pace.ready({ signal });
    yield chunk;
  }
}

interface Watch {
  /** Aborts when an answer brings less than slowBytes in slowMs. */
  readonly signal: AbortSignal;
  counted(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  stop(): void;
}

/** Time counts only while the reader waits for the server, so that a busy import does not blame it. */
function openWatch({ slowMs, slowBytes }: Patience): Watch {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: stop.signal,
    async *counted(body) {
      let [waitedMs, bytes] = [0, 0];
      const source = body[Symbol.asyncIterator]();
      for (;;) {
        const from = performance.now();
        timer = setTimeout(() => stop.abort(), Math.max(slowMs - waitedMs, 0));
        const { done, value } = await source.next().finally(() => clearTimeout(timer));
        if (done) return;
        waitedMs += performance.now() - from;
        bytes += value.byteLength;
        if (bytes >= slowBytes) [waitedMs, bytes] = [0, 0];
        yield value;
      }
    },
    stop: () => clearTimeout(timer),
  };
}
