import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
// @ts-expect-error the set-up is plain JavaScript, since it runs before TypeScript is installed
import { buildOnce, digestOf } from "../../../scripts/setup/step.mjs";

describe("the digest of a set-up's inputs", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "consilium-setup-"));
    mkdirSync(join(dir, "a", "contracts", "deep"), { recursive: true });
    writeFileSync(join(dir, "a", "contracts", "One.sol"), "one");
    writeFileSync(join(dir, "a", "contracts", "deep", "Two.sol"), "two");
    writeFileSync(join(dir, "a", "lock.json"), "{}");
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const digest = (place: string): Promise<string> =>
    digestOf(join(dir, place, "contracts"), join(dir, place, "lock.json"));

  it("is the same for a checkout that was copied or moved", async () => {
    const before = await digest("a");
    cpSync(join(dir, "a"), join(dir, "b"), { recursive: true });
    renameSync(join(dir, "a"), join(dir, "moved"));
    expect([await digest("b"), await digest("moved")]).to.deep.equal([before, before]);
  });

  it("changes with a file's contents, its name, and where one file ends and the next begins", async () => {
    const before = await digest("a");
    writeFileSync(join(dir, "a", "contracts", "One.sol"), "other");
    const contents = await digest("a");
    writeFileSync(join(dir, "a", "contracts", "One.sol"), "one");
    renameSync(join(dir, "a", "contracts", "One.sol"), join(dir, "a", "contracts", "Uno.sol"));
    const name = await digest("a");
    renameSync(join(dir, "a", "contracts", "Uno.sol"), join(dir, "a", "contracts", "One.sol"));
    writeFileSync(join(dir, "a", "contracts", "One.sol"), "onet");
    writeFileSync(join(dir, "a", "contracts", "deep", "Two.sol"), "wo");
    expect(new Set([before, contents, name, await digest("a")]).size).to.equal(4);
  });
});

describe("a set-up in a cache that the user cannot write to", () => {
  it("names the folder and CONSILIUM_CACHE, with no raw system error", async () => {
    const folder = join("/dev/null", "consilium", "node");
    const error = await buildOnce(folder, async () => {}).then(
      () => undefined,
      (failure: { name: string; message: string; remedy: string }) => failure,
    );
    expect(error?.constructor.name).to.equal("SetupError");
    expect(error?.message).to.include(folder);
    expect(error?.remedy).to.include("CONSILIUM_CACHE");
  });
});
