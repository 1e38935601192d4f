import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, link, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { createKeystore } from "../../io/chain/keystore.ts";
import { parseHospitalConfig } from "../../node/config.ts";
import { lockKeyFile } from "../../party/key-lock.ts";
import { openParty } from "../../party/open-party.ts";
import { FakeLog } from "../fakes/party-ports.ts";

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );

describe("a party's key file", () => {
  let dir: string;
  let key: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-key-lock-"));
    key = join(dir, "keystore.json");
    await writeFile(key, "{}");
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("is used by one process at a time, under any of its names, and is free after release", async () => {
    const lock = await lockKeyFile(key);
    await link(key, join(dir, "other-name"));
    await copyFile(key, join(dir, "copy"));
    expect(await codeOf(lockKeyFile(join(dir, "other-name")))).to.equal("KEY_IN_USE");
    await (await lockKeyFile(join(dir, "copy"))).release();
    await lock.release();
    await (await lockKeyFile(key)).release();
  });

  it("is free again when the process that used it is killed", async () => {
    const program = `
      const { lockKeyFile } = await import(${JSON.stringify(fileURLToPath(new URL("../../party/key-lock.ts", import.meta.url)))});
      await lockKeyFile(${JSON.stringify(key)});
      console.log("locked");
      setInterval(() => {}, 1000);`;
    const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program];
    const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    expect(await codeOf(lockKeyFile(key))).to.equal("KEY_IN_USE");
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    await (await lockKeyFile(key)).release();
  });

  it("is refused to a second party with a store of its own", async () => {
    await rm(key);
    await createKeystore(key, "password", { n: 1 << 8 });
    const lock = await lockKeyFile(key);
    const raw = {
      federation: { chainId: 1, contract: `0x${"12".repeat(20)}`, fromBlock: 0 },
      chain: { endpoints: ["http://127.0.0.1:1/"] },
      keys: { keystore: key, peerKey: "peer-key" },
      network: { listen: [] },
      store: "store",
      shard: "shard",
    };
    const config = parseHospitalConfig(raw, { baseDir: dir });
    const { signal } = new AbortController();
    const opening = { password: "password", log: new FakeLog(), signal, onWaiting: () => {} };
    expect(await codeOf(openParty(config, opening))).to.equal("KEY_IN_USE");
    await lock.release();
  });
});
