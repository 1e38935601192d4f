// The journal in a real level database, and the version that guards it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Level } from "level";
import { openJournal } from "../../../io/store/journal.ts";
import { openLevel } from "../../../io/store/level.ts";
import { isFedError } from "../../../protocol/errors.ts";
import { expectCode } from "../../suites/blob-store.ts";
import { journalSuite } from "../../suites/journal.ts";

journalSuite("level", async () => {
  const dir = await mkdtemp(join(tmpdir(), "consilium-journal-"));
  const level = await openLevel(dir);
  const close = async () => {
    await level.close();
    await rm(dir, { recursive: true });
  };
  return { journal: openJournal(level), close };
});

describe("the level store", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-level-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("keeps key spaces apart", async () => {
    const level = await openLevel(dir);
    await level.write([{ space: "outlines", key: "x", value: Uint8Array.of(1) }]);
    expect(await openJournal(level).keys("")).to.deep.equal([]);
    expect(await openJournal(level).get("x")).to.equal(undefined);
    await level.close();
  });

  it("refuses a store of another version, and says what to do", async () => {
    await (await openLevel(dir)).close();
    const raw = new Level<string, string>(dir);
    await raw.put("000:version", "999");
    await raw.close();
    try {
      await openLevel(dir);
      expect.fail("opened a store of version 999");
    } catch (error) {
      if (!isFedError(error, "STORE_VERSION")) throw error;
      expect(error.facts["found"]).to.equal("999");
      expect(error.remedy).to.be.a("string");
    }
    await expectCode(() => openLevel(dir), "STORE_VERSION"); // and it is not left locked
  });

  it("refuses a second opener with STORE_LOCKED", async () => {
    const level = await openLevel(dir);
    await expectCode(() => openLevel(dir), "STORE_LOCKED");
    await level.close();
  });
});
