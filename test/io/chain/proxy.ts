// An RPC endpoint that misbehaves on demand: it passes requests on to a real one and changes what a rule says.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What came back from the real endpoint, for a rule to look at or change. */
export interface Exchange {
  readonly method: string;
  // biome-ignore lint/suspicious/noExplicitAny: as the client sent them
  readonly params: any[];
  readonly headers: IncomingHttpHeaders;
  /** Asks the real endpoint. */
  forward(): Promise<unknown>;
}

/** A rule answers with a result, or with the error that it stands for. */
export type Rule = (exchange: Exchange) => Promise<unknown>;

interface TroubleDetails {
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a JSON-RPC error. */
  readonly data?: unknown;
  /** HTTP status of a JSON-RPC error. */
  readonly status?: number;
}

export class Trouble {
  readonly kind: "status" | "error" | "silence" | "garbage" | "hang-up" | "cut";
  readonly code: number;
  readonly text: string;
  readonly more: TroubleDetails;

  constructor(kind: Trouble["kind"], code = 0, text = "", more: TroubleDetails = {}) {
    this.kind = kind;
    this.code = code;
    this.text = text;
    this.more = more;
  }
}

export interface RpcProxy {
  readonly url: string;
  /** How often each method was asked for. */
  readonly asked: Map<string, number>;
  /** Undefined: an honest endpoint. */
  rule: Rule | undefined;
  stop(): Promise<void>;
}

export async function startProxy(target: string): Promise<RpcProxy> {
  const asked = new Map<string, number>();
  const hanging = new Set<ServerResponse>();
  const proxy: { rule: Rule | undefined } = { rule: undefined };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    asked.set(method, (asked.get(method) ?? 0) + 1);
    const forward = async () => {
      const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
      const headers = { "content-type": "application/json" };
      const answer = (await (await fetch(target, { method: "POST", headers, body })).json()) as Record<string, unknown>;
      if ("error" in answer) throw new Refusal(answer["error"]);
      return answer["result"];
    };
    const reply = (status: number, text: string, headers: Trouble["more"]["headers"] = {}) =>
      response.writeHead(status, headers).end(text);
    try {
      const result = await (proxy.rule ?? (({ forward: pass }) => pass()))({
        method,
        params,
        headers: request.headers,
        forward,
      });
      if (!(result instanceof Trouble)) reply(200, JSON.stringify({ jsonrpc: "2.0", id, result }));
      else if (result.kind === "status") reply(result.code, result.text, result.more.headers);
      else if (result.kind === "error") {
        const { data, status = 200 } = result.more;
        reply(status, JSON.stringify({ jsonrpc: "2.0", id, error: { code: result.code, message: result.text, data } }));
      } else if (result.kind === "cut") {
        response.writeHead(200, { "content-length": 1_000_000 });
        response.write('{"jsonrpc":"2.0","id":1,"result":[{', () => response.destroy());
      } else if (result.kind === "garbage") reply(200, result.text);
      else if (result.kind === "hang-up") response.destroy();
      else hanging.add(response);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      reply(200, JSON.stringify({ jsonrpc: "2.0", id, error: error.error }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${port}`,
    asked,
    async stop() {
      for (const response of hanging) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

class Refusal extends Error {
  readonly error: unknown;

  constructor(error: unknown) {
    super("refused");
    this.error = error;
  }
}
