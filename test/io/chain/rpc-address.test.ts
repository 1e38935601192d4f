// Addresses with credentials work and are never shown; redirects stay within the host.
import { inspect } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import type { FedError } from "../../../foundation/errors.ts";
import { Endpoints } from "../../../io/chain/endpoints.ts";
import { endpointName, redirectTarget, withoutSecrets } from "../../../io/chain/rpc-address.ts";
import { reportFailure } from "../../../scripts/terminal/failure.ts";
import { codeOf } from "./federation.ts";
import { type RpcProxy, startProxy, Trouble } from "./proxy.ts";

const silent = { child: () => silent, debug() {}, info() {}, warn() {}, error() {} };

const failureOf = (work: Promise<unknown>): Promise<FedError> =>
  work.then(
    () => expect.fail("it worked"),
    (error) => error,
  );

describe("addresses of RPC endpoints", () => {
  let proxy: RpcProxy;
  let other: RpcProxy;

  beforeEach(async () => {
    [proxy, other] = await Promise.all([startProxy("http://127.0.0.1:1"), startProxy("http://127.0.0.1:1")]);
    proxy.rule = async () => "0x1";
    other.rule = async () => "0x1";
  });
  afterEach(() => Promise.all([proxy.stop(), other.stop()]));

  const open = (url: string) => new Endpoints({ urls: [url], chainId: 1, timeoutMs: 2000, retryForMs: 0, log: silent });
  const withCredentials = () => `${proxy.url.replace("//", "//hospital:s%40cret-word@")}/v3/0123456789abcdef`;

  it("sends user name and password as basic authentication", async () => {
    let seen: string | undefined;
    proxy.rule = async ({ headers }) => {
      seen = headers.authorization;
      return "0x1";
    };
    expect(await open(withCredentials()).request("eth_chainId", [])).to.equal("0x1");
    expect(seen).to.equal(`Basic ${Buffer.from("hospital:s@cret-word").toString("base64")}`);
  });

  for (const [name, trouble] of [
    ["that is gone", undefined],
    ["that repeats the key", new Trouble("error", -32000, "project 0123456789abcdef of s@cret-word is blocked")],
    ["that answers nonsense", new Trouble("garbage", 0, "<p>0123456789abcdef")],
    ["that redirects elsewhere", new Trouble("status", 307, "", { headers: { location: "http://10.0.0.1/" } })],
  ] as const) {
    it(`shows no credential of an endpoint ${name}, not even with --verbose`, async () => {
      const url = withCredentials();
      if (trouble) proxy.rule = async () => trouble;
      else await proxy.stop();
      const error = await failureOf(open(url).request("eth_blockNumber", []));
      const written: string[] = [];
      const { write } = process.stderr;
      process.stderr.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
      try {
        reportFailure(error, { verbose: true, json: false });
      } finally {
        process.stderr.write = write;
      }
      const shown = `${written.join("")}${JSON.stringify(error)}${inspect(error.facts)}`;
      expect(shown).to.include("RPC_");
      expect(shown).not.to.match(/s(@|%40)cret|0123456789abcdef/);
      if (!trouble) proxy = await startProxy("http://127.0.0.1:1");
    });
  }

  it("shows no user name, password or key of any address, however an answer repeats it", () => {
    const part = fc.string({ minLength: 6, maxLength: 24 });
    fc.assert(
      fc.property(fc.tuple(part, part, part, part), fc.nat(3), ([user, word, path, key], how) => {
        const [name, password, place, value] = [user, word, path, key].map((each) => encodeURIComponent(`§${each}`));
        const url = `https://${name}:${password}@rpc.example/v3/${place}?key=${value}`;
        // As it is, in lower case where it is percent-encoded, decoded, or as a library quotes it.
        const spellings = [
          url,
          url.replace(/%../g, (hex) => hex.toLowerCase()),
          decodeURIComponent(url),
          new URL(url).href,
        ];
        const shown = withoutSecrets(`no answer from ${spellings[how]}: try again`, url);
        for (const secret of [user, word, path, key]) {
          for (const spelling of [`§${secret}`, encodeURIComponent(`§${secret}`)]) {
            expect(shown).not.to.include(spelling);
          }
        }
        expect(endpointName(url)).to.equal("rpc.example");
      }),
      { seed: 13, numRuns: 100 },
    );
  });

  it("follows a redirect within the same host, and none to another", async () => {
    let redirects = 0;
    proxy.rule = async () =>
      redirects++ === 0 ? new Trouble("status", 307, "", { headers: { location: "/elsewhere" } }) : "0x1";
    expect(await open(proxy.url).request("eth_chainId", [])).to.equal("0x1");
    proxy.rule = async () => new Trouble("status", 307, "", { headers: { location: other.url } });
    expect(await codeOf(open(proxy.url).request("eth_chainId", []))).to.equal("RPC_UNAVAILABLE");
    proxy.rule = async () => new Trouble("status", 308, "", { headers: { location: "/round" } });
    expect(await codeOf(open(proxy.url).request("eth_chainId", []))).to.equal("RPC_UNAVAILABLE");
    expect(other.asked.size).to.equal(0);
  });

  it("never goes from https to http, to another port or to an address without a host", () => {
    const from = new URL("https://rpc.example/v3/key");
    const to = (location: string | null, at = from) => redirectTarget(at, location)?.href;
    expect(to("/v4")).to.equal("https://rpc.example/v4");
    expect(to("http://rpc.example/v4")).to.equal(undefined);
    expect(to("https://rpc.example:8545/")).to.equal(undefined);
    expect(to("https://169.254.169.254/latest")).to.equal(undefined);
    expect(to("file:///etc/passwd")).to.equal(undefined);
    expect(to(null)).to.equal(undefined);
    expect(to("https://rpc.example/", new URL("http://rpc.example/"))).to.equal("https://rpc.example/");
    expect(to("https://user:word@rpc.example/")).to.equal("https://rpc.example/");
  });
});
