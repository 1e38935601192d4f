import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openBlobStore } from "../../../io/store/blob-store.ts";
import { openObjectFiles } from "../../../io/store/object-files.ts";
import { parseDigest } from "../../../protocol/format/digest.ts";

describe("a store's objects as bare files", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-objects-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("are read beside the store that is open, without its lock", async () => {
    const store = await openBlobStore(dir);
    try {
      const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i);
      const digest = await store.put(bytes);
      const files = openObjectFiles(dir);
      expect(await files.has(digest)).to.equal(true);
      expect((await files.outline(digest)).size).to.equal(5000);
      expect([...(await files.read(digest, 4998, 100))]).to.deep.equal([...bytes.subarray(4998)]);
      expect([...(await files.read(digest, 10, 3))]).to.deep.equal([10, 11, 12]);
    } finally {
      await store.close();
    }
  });

  it("are unknown where there are none", async () => {
    const files = openObjectFiles(dir);
    const digest = parseDigest(`0x${"12".repeat(32)}`);
    expect(await files.has(digest)).to.equal(false);
    for (const work of [files.outline(digest), files.read(digest, 0, 1)]) {
      expect(
        await work.then(
          () => "",
          ({ code }) => code,
        ),
      ).to.equal("BLOB_UNKNOWN");
    }
  });
});
