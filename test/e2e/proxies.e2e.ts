// The command line behind a proxy: a real one on loopback, and a name that only the proxy can resolve.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { describeFederation, writeFederationFile } from "../../io/chain/federation-file.ts";
import { parseAddress } from "../../protocol/format/digest.ts";

const commandLine = fileURLToPath(new URL("../../scripts/consilium.ts", import.meta.url));

describe("the command line behind a proxy", function () {
  this.timeout(60_000);
  let dir: string;
  let servers: Server[];
  let asked: string[];
  let proxy: string;
  let endpoint: number;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-proxy-"));
    asked = [];
    const rpc = createServer((request, response) => {
      request.resume().on("end", () => response.end('{"jsonrpc":"2.0","id":1,"result":"0x7"}'));
    });
    const tunnels = createServer((request, response) => {
      // Plain HTTP, where the client sends the whole address.
      asked.push(`${request.method} ${request.url}`);
      request.resume().on("end", () => response.end('{"jsonrpc":"2.0","id":1,"result":"0x7"}'));
    });
    tunnels.on("connect", ({ url, headers }, socket) => {
      asked.push(`CONNECT ${url} ${headers["proxy-authorization"] ?? ""}`.trim());
      const to = connect(endpoint, "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      to.pipe(socket).pipe(to);
      for (const each of [to, socket]) each.on("error", () => to.destroy());
    });
    servers = [rpc, tunnels];
    for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    endpoint = (rpc.address() as AddressInfo).port;
    proxy = `http://user:secret@127.0.0.1:${(tunnels.address() as AddressInfo).port}`;
    const federation = { chainId: 31337, contract: parseAddress(`0x${"c0".repeat(20)}`) };
    const founded = { federation, fromBlock: 0, codeDigest: `0x${"ab".repeat(32)}`, predecessor: undefined };
    await writeFederationFile(join(dir, "federation.json"), describeFederation(founded));
  });
  afterEach(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    await rm(dir, { recursive: true, force: true });
  });

  async function status(rpc: string, environment: Record<string, string>): Promise<string> {
    const args = ["--disable-warning=ExperimentalWarning", commandLine, "status", "--rpc", rpc];
    const { PATH, HOME } = process.env;
    const run = promisify(execFile)(process.execPath, [...args, "--federation", join(dir, "federation.json")], {
      env: { PATH, HOME, NO_COLOR: "1", ...environment },
    });
    return run.then(
      ({ stdout }) => stdout,
      ({ stderr }) => stderr as string,
    );
  }

  it("reaches an endpoint through it, whose name the proxy alone knows, and never shows its password", async () => {
    // The endpoint's chain is another one: this code says that its answer came.
    const shown = await status("http://rpc.example:8545/", { HTTP_PROXY: proxy });
    expect(shown).to.include("LEDGER_CHAIN_MISMATCH").and.not.to.include("secret");
    expect(asked[0]).to.match(/rpc\.example:8545/);
  });

  it("asks this machine, and what NO_PROXY names, directly", async () => {
    expect(await status(`http://127.0.0.1:${endpoint}/`, { http_proxy: proxy })).to.include("LEDGER_CHAIN_MISMATCH");
    const direct = await status("http://rpc.invalid/", { HTTP_PROXY: proxy, NO_PROXY: "rpc.invalid" });
    expect(direct).to.include("RPC_UNAVAILABLE");
    expect(asked).to.deep.equal([]);
  });

  it("tunnels to https endpoints, with the proxy's credentials", async () => {
    const shown = await status("https://rpc.example/", { HTTPS_PROXY: proxy });
    expect(asked[0]).to.equal(`CONNECT rpc.example:443 Basic ${Buffer.from("user:secret").toString("base64")}`);
    expect(shown).to.include("RPC_UNAVAILABLE").and.not.to.include("secret");
  });
});
