// The journal in a real level database, and the version that guards it.
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Level } from "level";
import { isFedError } from "../../../foundation/errors.ts";
import { openJournal } from "../../../io/store/journal.ts";
import { openLevel, type StoreLevel } from "../../../io/store/level.ts";
import { expectCode } from "../../suites/blob-store.ts";
import { journalSuite } from "../../suites/journal.ts";

journalSuite("level", async () => {
  const dir = await mkdtemp(join(tmpdir(), "consilium-journal-"));
  const level = await openLevel(join(dir, "level"));
  const close = async () => {
    await level.close();
    await rm(dir, { recursive: true });
  };
  return { journal: await openJournal(level, join(dir, "large")), close };
});

describe("large notes", () => {
  let dir: string;
  let level: StoreLevel;
  const folder = () => join(dir, "large");
  const open = () => openJournal(level, folder());
  const large = new Uint8Array(2 ** 20).fill(5);
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-notes-"));
    level = await openLevel(join(dir, "level"));
  });
  afterEach(async () => {
    await level.close();
    await rm(dir, { recursive: true });
  });

  it("are for their owner only, as the database of the others is", async () => {
    await (await open()).write({ residual: large });
    for (const place of [folder(), join(dir, "level")]) {
      expect((await stat(place)).mode & 0o777, place).to.equal(0o700);
    }
  });

  it("are there again after a restart, without what a kill left unfinished or unnamed", async () => {
    await (await open()).write({ residual: large });
    const [file] = await readdir(folder());
    await writeFile(join(folder(), `${"0".repeat(64)}.new`), "half of one");
    await writeFile(join(folder(), "1".repeat(64)), "whole, and no note names it");
    const journal = await open();
    expect(await journal.get("residual")).to.deep.equal(large);
    expect(await readdir(folder())).to.deep.equal([file]);
    await journal.write({ residual: undefined });
    expect(await readdir(folder())).to.deep.equal([]);
  });

  it("are read where an older version kept them in the database, and leave it at the next write", async () => {
    await level.write([{ space: "journal", key: "residual", value: large }]);
    const journal = await open();
    expect(await journal.get("residual")).to.deep.equal(large);
    await journal.write({ residual: large });
    expect(await level.get("journal", "residual")).to.equal(undefined);
    expect(await (await open()).get("residual")).to.deep.equal(large);
  });

  it("are never read damaged, and the other notes are still read", async () => {
    const journal = await open();
    await journal.write({ residual: large, small: Uint8Array.of(1) });
    const [file] = await readdir(folder());
    for (const damage of [large.subarray(1), new Uint8Array(2 ** 20)]) {
      await writeFile(join(folder(), file!), damage);
      await expectCode(() => journal.get("residual"), "JOURNAL_MALFORMED");
    }
    await rm(join(folder(), file!));
    await expectCode(() => journal.get("residual"), "JOURNAL_MALFORMED");
    expect(await journal.get("small")).to.deep.equal(Uint8Array.of(1));
  });
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
    const journal = await openJournal(level, join(dir, "large"));
    expect(await journal.keys("")).to.deep.equal([]);
    expect(await journal.get("x")).to.equal(undefined);
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
