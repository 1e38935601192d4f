// The page's server, over real HTTP.
import { request as httpRequest, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { DashboardFeed } from "../../dashboard/server/feed.ts";
import { type DashboardServing, serveDashboard } from "../../dashboard/server/serve.ts";
import type { Changes } from "../../dashboard/state/changes.ts";
import type { About } from "../../dashboard/state/state.ts";
import type { Listening } from "../../foundation/listening.ts";
import { expectCode } from "../suites/blob-store.ts";

const token = "correct horse battery";
const hostileName = `</script><img src=x onerror="alert(1)">`;
const about: About = {
  ...{ kind: "hospital", title: hostileName, software: "consilium", startedAt: 0, stage: "starting", hasSlices: false },
};

describe("the dashboard's server", () => {
  let feed: DashboardFeed;
  let server: Listening;
  const serve = async (listen = "127.0.0.1:0", changes: Partial<DashboardServing> = {}) => {
    await server?.close();
    server = await serveDashboard(listen, { feed, ...changes });
  };
  beforeEach(async () => {
    feed = new DashboardFeed(about);
    await serve();
  });
  afterEach(() => server.close());

  const port = () => server.address.split(":").at(-1);
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port()}${path}`, { redirect: "manual", ...init });

  /** A reader of the stream: resolves with the next message. */
  const read = async (headers: Record<string, string> = {}) => {
    const messages: Changes[] = [];
    const waiting: (() => void)[] = [];
    const response = await new Promise<IncomingMessage>((resolve) => {
      httpRequest({ host: "127.0.0.1", port: port(), path: "/events", headers }, resolve).end();
    });
    let rest = "";
    response.on("data", (chunk) => {
      rest += chunk;
      const parts = rest.split("\n\n");
      rest = parts.pop()!;
      for (const part of parts) if (part.startsWith("data: ")) messages.push(JSON.parse(part.slice(6)) as Changes);
      for (const wake of waiting.splice(0)) wake();
    });
    const next = async () => {
      while (messages.length === 0) await new Promise<void>((wake) => waiting.push(wake));
      return messages.shift()!;
    };
    return { status: response.statusCode, next, close: () => response.destroy() };
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await delay(5);
  };

  it("serves the page under a policy that lets nothing in from elsewhere", async () => {
    const response = await get("/");
    expect(response.status).to.equal(200);
    const policy = response.headers.get("content-security-policy")!;
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
    ])
      expect(policy).to.include(part);
    expect(policy).not.to.match(/unsafe|https?:|\*/);
    const html = await response.text();
    expect(html).not.to.match(/https?:\/\/|\sstyle=|\son\w+=|<script>|<style/);
    for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]*)"/g))
      expect((await get(path!)).status, path).to.equal(200);
  });

  it("serves scripts that a browser can run, and nothing else of the disk", async () => {
    const names = ["/main.js", "/uplot.js", "/apply.ts", "/charts.ts"];
    for (const name of names) {
      const response = await get(name);
      expect(response.headers.get("content-type"), name).to.match(/^text\/javascript/);
      expect(await response.text(), name).not.to.match(/^import type|: DashboardState/m);
    }
    for (const path of [
      "/../package.json",
      "/%2e%2e/package.json",
      "/tsconfig.json",
      "//etc/passwd",
      "/slices.png",
      "/page/",
    ])
      expect((await get(path)).status, path).to.equal(404);
  });

  it("is read-only", async () => {
    for (const method of ["PUT", "DELETE", "PATCH"]) expect((await get("/", { method })).status).to.equal(405);
    expect((await get("/state.json", { method: "POST" })).status).to.equal(405);
  });

  it("sends the whole state, then what has changed, within a second", async () => {
    const reader = await read();
    const first = await reader.next();
    expect(first.parts.about?.title).to.equal(hostileName);
    const started = performance.now();
    feed.tell({ kind: "event", event: { event: "final", aggregator: "0xa", round: 1, model: "0x1" } });
    const second = await reader.next();
    expect(performance.now() - started).to.be.lessThan(1_000);
    expect(second.rounds.map(({ round, status }) => [round, status])).to.deep.equal([[1, "final"]]);
    expect(second.parts).to.deep.equal({});
    reader.close();
  });

  it("sends many changes together", async () => {
    const reader = await read();
    await reader.next();
    for (let step = 1; step <= 500; step++)
      feed.tell({ kind: "event", event: { event: "training", hospital: "0xa", round: 1, step, steps: 500, loss: 1 } });
    const { rounds } = await reader.next();
    expect(rounds[0]?.parts[0]?.training?.step).to.equal(500);
    reader.close();
  });

  it("works for nobody: what reads for the page starts with the first reader and ends after the last", async () => {
    let started = 0;
    let running = 0;
    feed.watch((_, signal) => {
      started++;
      running++;
      signal.addEventListener("abort", () => running--);
    });
    for (let step = 0; step < 100; step++) feed.tell({ kind: "about", about: { stage: `${step}` } });
    expect([started, feed.readers]).to.deep.equal([0, 0]);
    const [one, two] = [await read(), await read()];
    await until(() => feed.readers === 2);
    expect([started, running]).to.deep.equal([1, 1]);
    one.close();
    two.close();
    await until(() => running === 0);
    expect(feed.readers).to.equal(0);
  });

  it("takes no more than so many readers", async () => {
    const readers = [];
    for (let count = 0; count < 16; count++) readers.push(await read());
    expect((await read()).status).to.equal(503);
    for (const reader of readers) reader.close();
  });

  it("answers only to this machine's own names, so that no web site reads it through a name of its own", async () => {
    const as = (host: string) =>
      new Promise<number | undefined>((resolve) => {
        httpRequest({ host: "127.0.0.1", port: port(), path: "/state.json", headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).end();
      });
    for (const host of ["evil.example", "evil.example:4780", "localhost.evil.example", "127.0.0.1.evil.example"])
      expect(await as(host), host).to.equal(403);
    for (const host of ["localhost:9000", "127.0.0.1", "[::1]:80"]) expect(await as(host), host).to.equal(200);
  });

  it("gives synthetic slices only where the state says that there are some", async () => {
    await serve("127.0.0.1:0", { slices: async () => Buffer.from("png") });
    expect((await get("/slices.png")).status).to.equal(404);
    feed.tell({ kind: "about", about: { hasSlices: true } });
    expect((await get("/slices.png")).headers.get("content-type")).to.equal("image/png");
  });

  it("asks for a token where others can reach it, and refuses a weak one", async () => {
    await expectCode(() => serveDashboard("0.0.0.0:0", { feed }), "DASHBOARD_TOKEN_MISSING");
    await expectCode(() => serveDashboard("hospital.example:4780", { feed }), "DASHBOARD_TOKEN_MISSING");
    await expectCode(() => serveDashboard("127.0.0.1:0", { feed, token: "short" }), "DASHBOARD_TOKEN_WEAK");
  });

  it("shows nothing without the token, and everything after it was given once", async () => {
    await serve("0.0.0.0:0", { token });
    for (const path of ["/state.json", "/events", "/slices.png"]) expect((await get(path)).status, path).to.equal(401);
    const asked = await get("/");
    expect(asked.status).to.equal(401);
    expect(await asked.text())
      .to.include(`action="/session"`)
      .and.not.include("main.js");
    const enter = (given: string) => get("/session", { method: "POST", body: new URLSearchParams({ token: given }) });
    const wrong = await enter("not the token at all");
    expect([wrong.status, wrong.headers.get("set-cookie")]).to.deep.equal([401, null]);
    const right = await enter(token);
    expect(right.status).to.equal(303);
    const set = right.headers.get("set-cookie")!;
    expect(set)
      .to.match(/HttpOnly; SameSite=Strict/)
      .and.not.include(token);
    const cookie = set.split(";")[0]!;
    expect((await get("/state.json", { headers: { cookie } })).status).to.equal(200);
    expect(
      (await get("/state.json", { headers: { cookie: cookie.replace(/.$/, (last) => (last === "0" ? "1" : "0")) } }))
        .status,
    ).to.equal(401);
    expect((await get("/state.json", { headers: { authorization: `Bearer ${token}` } })).status).to.equal(200);
    expect((await get("/state.json", { headers: { authorization: "Bearer wrong" } })).status).to.equal(401);
  });

  it("stops guesses after ten wrong tokens, and long forms", async () => {
    await serve("0.0.0.0:0", { token });
    const enter = (given: string) => get("/session", { method: "POST", body: new URLSearchParams({ token: given }) });
    for (let guess = 0; guess < 10; guess++) expect((await enter(`guess ${guess}`)).status).to.equal(401);
    expect((await enter(token)).status).to.equal(429);
    expect((await enter("x".repeat(5000))).status).to.equal(413);
  });

  it("names an address that is taken", async () => {
    await expectCode(() => serveDashboard(server.address, { feed }), "DASHBOARD_LISTEN_FAILED");
  });
});
