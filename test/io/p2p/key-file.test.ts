import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openPeerKeyFile } from "../../../io/p2p/key-file.ts";
import { expectCode } from "../../suites/blob-store.ts";

describe("the peer key's file", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-key-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("is created once, for its owner only, and read back ever after", async () => {
    const path = join(dir, "peer-key");
    const key = await openPeerKeyFile(path);
    expect(key).to.have.length(32);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(Buffer.compare(await openPeerKeyFile(path), key)).to.equal(0);
  });

  for (const [what, text] of [
    ["is empty", ""],
    ["is cut off", "ab".repeat(31)],
    ["is no hex", "zz".repeat(32)],
  ]) {
    it(`is never replaced where it ${what}`, async () => {
      const path = join(dir, "peer-key");
      await writeFile(path, text as string);
      await expectCode(() => openPeerKeyFile(path), "PEER_KEY_MALFORMED");
    });
  }
});
