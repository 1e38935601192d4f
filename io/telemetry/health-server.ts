// A small HTTP server for those who watch a process: its figures at /metrics, and its health at /livez and /readyz.
import { createServer } from "node:http";
import { type Listening, listenAt } from "../../foundation/listening.ts";

/** A figure is read in milliseconds, and the chain answers in seconds. */
const requestTimeoutMs = 10_000;
const maxConnections = 32;

export interface HealthSources {
  /** Figures in the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Why the process cannot do its work now; none: it can. */
  notReady(): Promise<readonly string[]>;
}

/** @param listen host:port; port 0 is any free one. @throws TELEMETRY_LISTEN_FAILED */
export async function serveHealth(listen: string, sources: HealthSources): Promise<Listening> {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      const answer = (status: number, text: string, type = "text/plain; charset=utf-8") =>
        response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "only GET\n");
      if (pathname === "/livez") return answer(200, "ok\n");
      if (pathname === "/readyz") {
        return sources.notReady().then(
          (reasons) => (reasons.length === 0 ? answer(200, "ok\n") : answer(503, `${reasons.join("\n")}\n`)),
          () => answer(503, "not known\n"),
        );
      }
      if (pathname === "/metrics") {
        const type = "text/plain; version=0.0.4; charset=utf-8";
        return sources.metrics().then(
          (text) => answer(200, text, type),
          () => answer(500, "the figures cannot be read\n"),
        );
      }
      return answer(404, "there are /metrics, /livez and /readyz\n");
    },
  );
  server.maxConnections = maxConnections;
  return listenAt(server, listen, "TELEMETRY_LISTEN_FAILED");
}
