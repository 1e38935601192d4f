// An RPC endpoint that misbehaves on demand: it passes requests on to a real one and changes what a rule says.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What came back from the real endpoint, for a rule to look at or change. */
export interface Exchange {
  readonly method: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the client sent
  readonly params: any[];
  /** Asks the real endpoint. */
  forward(): Promise<unknown>;
}

/** A rule answers with a result, or with what stands for trouble. */
export type Rule = (exchange: Exchange) => Promise<unknown>;

export class Trouble {
  readonly kind: "status" | "error" | "silence" | "garbage" | "hang-up";
  readonly code: number;
  readonly text: string;

  constructor(kind: Trouble["kind"], code = 0, text = "") {
    this.kind = kind;
    this.code = code;
    this.text = text;
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
    const reply = (status: number, text: string) => response.writeHead(status).end(text);
    try {
      const result = await (proxy.rule ?? (({ forward: pass }) => pass()))({ method, params, forward });
      if (!(result instanceof Trouble)) reply(200, JSON.stringify({ jsonrpc: "2.0", id, result }));
      else if (result.kind === "status") reply(result.code, result.text);
      else if (result.kind === "error") {
        reply(200, JSON.stringify({ jsonrpc: "2.0", id, error: { code: result.code, message: result.text } }));
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
