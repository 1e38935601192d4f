import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openBlobStore } from "../../../io/store/blob-store.ts";
import { outlineDigest, outlineOf } from "../../../protocol/format/merkle.ts";
import { expectCode, patternBytes } from "../../suites/blob-store.ts";

const kibibyte = 1024;

describe("a store with a quota", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-quota-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("warns once at nine tenths, refuses fetches that do not fit, and keeps what the party makes", async () => {
    const warnings: unknown[] = [];
    const options = { maxBytes: 100 * kibibyte, onNearlyFull: (facts: unknown) => warnings.push(facts) };
    const store = await openBlobStore(dir, options);
    await store.put(patternBytes(80 * kibibyte));
    expect(warnings).to.have.length(0);
    await store.put(patternBytes(11 * kibibyte));
    await store.put(patternBytes(1 * kibibyte));
    expect(warnings).to.have.length(1);
    const outline = outlineOf(patternBytes(20 * kibibyte));
    await expectCode(() => store.writer(outlineDigest(outline), outline), "STORE_QUOTA");
    const own = await store.put(patternBytes(30 * kibibyte));
    expect(await store.has(own)).to.equal(true);
    await store.close();
    const again = await openBlobStore(dir, options);
    const small = outlineOf(patternBytes(1));
    await expectCode(() => again.writer(outlineDigest(small), small), "STORE_QUOTA");
    expect(warnings).to.have.length(2);
    await again.close();
  });

  it("deletes unfinished fetches that nobody has resumed for two weeks", async () => {
    await (await openBlobStore(dir)).close();
    const [old, young] = ["old", "young"].map((name) => join(dir, "partial", name));
    for (const path of [old!, young!]) await writeFile(path, "x");
    const threeWeeksAgo = Date.now() / 1000 - 21 * 24 * 3600;
    await utimes(old!, threeWeeksAgo, threeWeeksAgo);
    await (await openBlobStore(dir)).close();
    expect(await readdir(join(dir, "partial"))).to.deep.equal(["young"]);
  });
});
