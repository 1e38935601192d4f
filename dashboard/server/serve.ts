// The page over HTTP: read-only, with a policy under which nothing from elsewhere is loaded or run.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Listening, listenAt } from "../../foundation/listening.ts";
import { type Access, openAccess } from "./access.ts";
import type { DashboardFeed } from "./feed.ts";
import { pageFile } from "./page-files.ts";

const maxConnections = 64;
/** Open pages. */
const mostReaders = 16;
const requestTimeoutMs = 10_000;
/** So that a proxy in between does not close a silent connection. */
const beatMs = 15_000;
/** A reader that takes nothing for so long that this much waits for it is disconnected; its page comes back by itself. */
const mostWaitingBytes = 8 << 20;
const mostFormBytes = 2048;
const lastWordMs = 1_000;

const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;

export interface DashboardServing {
  readonly feed: DashboardFeed;
  /** The token that a reader must give; needed where others than this machine can reach the page. */
  readonly token?: string | undefined;
  /** Synthetic slices as PNG. Only a simulation on the phantom has them: no picture of a patient is ever served. */
  readonly slices?: (() => Promise<Uint8Array | undefined>) | undefined;
}

/** @param listen host:port; port 0 is any free one. @throws DASHBOARD_LISTEN_FAILED, DASHBOARD_TOKEN_MISSING, DASHBOARD_TOKEN_WEAK */
export async function serveDashboard(listen: string, serving: DashboardServing): Promise<Listening> {
  const access = openAccess(listen, serving.token);
  const streams = new Set<ServerResponse>();
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      answer(request, response, { ...serving, streams }, access).catch(() => {
        if (!response.headersSent) send(response, 500, "the page cannot be read\n");
        else response.destroy();
      });
    },
  );
  server.maxConnections = maxConnections;
  const listening = await listenAt(server, listen, "DASHBOARD_LISTEN_FAILED");
  return {
    address: listening.address,
    async close() {
      serving.feed.flush();
      serving.feed.close();
      // The last change reaches every page before its connection goes.
      await Promise.all([...streams].map(ended));
      await listening.close();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { feed, slices, streams }: DashboardServing & { readonly streams: Set<ServerResponse> },
  access: Access,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const standing = access.standing(request);
  if (standing === "wrong-host") return send(response, 403, "open the page as http://localhost or http://127.0.0.1\n");
  if (request.method === "POST" && pathname === "/session") return enter(request, response, access);
  if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, "the page is read-only\n");
  // Without the token: the form, and what it looks like. Scripts hold no secret.
  const isOpen = standing === "reader";
  if (pathname === "/" || pathname === "/index.html") {
    const { type, body } = await pageFile(isOpen ? "/index.html" : "/enter.html")!;
    return send(response, isOpen ? 200 : 401, body, type);
  }
  const file = await pageFile(pathname);
  if (file) return send(response, 200, file.body, file.type);
  if (!isOpen) return send(response, 401, "give the token\n");
  if (pathname === "/state.json") return send(response, 200, JSON.stringify(feed.state), "application/json");
  if (pathname === "/events" && request.method === "GET") {
    if (feed.readers >= mostReaders) return send(response, 503, "too many pages are open\n");
    streams.add(response);
    response.once("close", () => streams.delete(response));
    return stream(request, response, feed);
  }
  if (pathname === "/slices.png" && feed.state.about.hasSlices) {
    const png = await slices?.();
    if (png) return send(response, 200, png, "image/png");
  }
  return send(response, 404, "there is no such page\n");
}

/** Ends a stream once what was written has gone, or the reader takes nothing. */
async function ended(response: ServerResponse): Promise<void> {
  const limit = AbortSignal.timeout(lastWordMs);
  await new Promise<void>((resolve) => {
    limit.addEventListener("abort", () => resolve(), { once: true });
    response.once("close", resolve);
    response.end();
  });
}

function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  type = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, { ...headers, "content-type": type }).end(body);
}

/** Server-sent events: one message with the whole state, then one for each change. */
function stream(request: IncomingMessage, response: ServerResponse, feed: DashboardFeed): void {
  response.writeHead(200, { ...headers, "content-type": "text/event-stream", "x-accel-buffering": "no" });
  const write = (text: string) => {
    if (response.writableLength > mostWaitingBytes) response.destroy();
    else response.write(text);
  };
  const end = feed.listen((changes) => write(`data: ${JSON.stringify(changes)}\n\n`));
  const beat = setInterval(() => write(":\n\n"), beatMs).unref();
  const close = () => {
    clearInterval(beat);
    end();
  };
  request.once("close", close);
  response.once("close", close);
}

async function enter(request: IncomingMessage, response: ServerResponse, access: Access): Promise<void> {
  let form = "";
  for await (const chunk of request) {
    form += String(chunk);
    if (form.length > mostFormBytes) return send(response, 413, "too long\n");
  }
  const port = request.socket.localPort ?? 0;
  const entered = access.enter(new URLSearchParams(form).get("token") ?? "", port);
  if (entered === "too-many") return send(response, 429, "too many wrong tokens: wait a minute\n");
  if (entered === "wrong") {
    const { type, body } = await pageFile("/enter.html")!;
    const said = `<p class="wrong" role="alert">That is not the token.</p>`;
    return send(response, 401, Buffer.from(body).toString().replace("<!--wrong-->", said), type);
  }
  response.writeHead(303, { ...headers, "set-cookie": entered.cookie, location: "/" }).end();
}
