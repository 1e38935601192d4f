import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encryptKeystoreJson, Wallet } from "ethers";
import { runHospital } from "../../node/run-hospital.ts";

describe("a hospital inside another program", function () {
  this.timeout(60_000);
  const password = "correct horse";
  let dir: string;
  let silent: Server;
  let config: Record<string, unknown>;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-hospital-"));
    const { address, privateKey } = Wallet.createRandom();
    const keystore = await encryptKeystoreJson({ address, privateKey }, password, { scrypt: { N: 256, r: 8, p: 1 } });
    await writeFile(join(dir, "keystore.json"), keystore, { mode: 0o600 });
    silent = createServer(() => {}); // an endpoint that never answers
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    config = {
      federation: { chainId: 1, contract: `0x${"1".repeat(40)}`, fromBlock: 0 },
      chain: { endpoints: [`http://127.0.0.1:${(silent.address() as AddressInfo).port}`] },
      keys: { keystore: "keystore.json", peerKey: "peer.key" },
      store: "store",
      shard: "shard",
    };
  });
  after(async () => {
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
    await rm(dir, { recursive: true });
  });

  const outcome = async (run: Partial<Parameters<typeof runHospital>[0]>): Promise<unknown> => {
    try {
      for await (const _ of runHospital({ config, baseDir: dir, password, ...run }));
      return "ended";
    } catch (error) {
      return (error as { code?: string }).code ?? error;
    }
  };

  it("throws what is wrong with its configuration, or with its password", async () => {
    expect(await outcome({ config: { ...config, sahrd: "typo" } })).to.equal("CONFIG_INVALID");
    expect(await outcome({ password: "wrong" })).to.equal("KEYSTORE_PASSWORD");
  });

  it("ends without an error when its signal aborts, whatever it waits for, and may then run again", async () => {
    for (let turn = 0; turn < 2; turn++) {
      const stop = new AbortController();
      const running = outcome({ signal: stop.signal });
      silent.once("request", () => stop.abort(new Error("stopped")));
      expect(await running).to.equal("ended");
    }
  });
});
