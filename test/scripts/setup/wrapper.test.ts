import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { createKeystore } from "../../../io/chain/keystore.ts";

const bootstrap = fileURLToPath(new URL("../../../scripts/setup/bootstrap.mjs", import.meta.url));

describe("the wrapper of the command line", function () {
  this.timeout(120_000);
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-wrapper-"));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("takes its child with it when it is killed", async () => {
    let asked = () => {};
    const childRuns = new Promise<void>((resolve) => {
      asked = resolve;
    });
    // An endpoint that never answers keeps the party waiting.
    const server = createServer(() => asked());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await createKeystore(join(dir, "keystore.json"), "password", { n: 1 << 8 });
    const config = {
      federation: { chainId: 1, contract: `0x${"12".repeat(20)}`, fromBlock: 0 },
      chain: { endpoints: [`http://127.0.0.1:${(server.address() as AddressInfo).port}/`] },
      keys: { keystore: "keystore.json", peerKey: "peer-key" },
      store: "store",
      shard: "shard",
    };
    await writeFile(join(dir, "hospital.json"), JSON.stringify(config));
    const wrapper = spawn(process.execPath, [bootstrap, "consilium", "node", "--config", join(dir, "hospital.json")], {
      env: { ...process.env, CONSILIUM_KEYSTORE_PASSWORD: "password" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await childRuns;
    const pipeClosed = once(wrapper.stdout.resume(), "close");
    wrapper.kill("SIGKILL");
    // The child has inherited the pipe: it closes when both have ended.
    await pipeClosed;
    expect(wrapper.signalCode).to.equal("SIGKILL");
    server.closeAllConnections();
    server.close();
  });
});
