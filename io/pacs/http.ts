// Requests to a DICOMweb server: authorised, through the hospital's proxy and its own CA, at a limited pace, tried again where
// a failure may pass. Answers are streams; a server that hardly sends is given up.
import { type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { createSlots } from "../../foundation/slots.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import { atPace, openWatch, uncompressed } from "./answer-body.ts";
import { type Authorization, authorizationOf, type Credentials } from "./credentials.ts";
import { openPace, type Pace } from "./pace.ts";
import { type Patience, usualPatience } from "./patience.ts";
import { connectionError, refuseStatus } from "./refusals.ts";
import { withRetries } from "./retries.ts";

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
      return await withRetries(patience, signal, async () => {
        await pace.ready({ signal });
        return await askOnce(ask, { ...asked, signal }, read);
      });
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
        body: uncompressed(counted, single(headers["content-encoding"])),
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
