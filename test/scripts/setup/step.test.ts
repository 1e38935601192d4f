import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";
import { fetchedFolder } from "../../../foundation/fetched-packages.ts";
// @ts-expect-error the set-up is plain JavaScript, since it runs before TypeScript is installed
import { buildOnce, cacheDirOf, digestOf, readStamp } from "../../../scripts/setup/step.mjs";

describe("the cache of the set-up", () => {
  it("is one absolute folder for the same settings, of which empty ones count as unset", () => {
    const usual = join(homedir(), ".cache", "consilium");
    expect(cacheDirOf({})).to.equal(usual);
    expect(cacheDirOf({ CONSILIUM_CACHE: "", XDG_CACHE_HOME: "" })).to.equal(usual);
    expect(cacheDirOf({ XDG_CACHE_HOME: "/caches" })).to.equal("/caches/consilium");
    expect(cacheDirOf({ CONSILIUM_CACHE: "here", XDG_CACHE_HOME: "/caches" })).to.equal(resolve("here"));
  });

  it("is where the program looks for what was fetched", () => {
    const { CONSILIUM_CACHE, XDG_CACHE_HOME } = process.env;
    const set = (name: string, value: string | undefined) => {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    };
    try {
      for (const [cache, home] of [
        ["", ""],
        ["", "/caches"],
        ["here", ""],
      ]) {
        set("CONSILIUM_CACHE", cache);
        set("XDG_CACHE_HOME", home);
        expect(dirname(fetchedFolder("hardhat"))).to.equal(
          cacheDirOf({ CONSILIUM_CACHE: cache, XDG_CACHE_HOME: home }),
        );
      }
    } finally {
      set("CONSILIUM_CACHE", CONSILIUM_CACHE);
      set("XDG_CACHE_HOME", XDG_CACHE_HOME);
    }
  });
});

describe("the place of what an installed package fetches", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "consilium-place-"));
    cpSync(join(import.meta.dirname, "../../../scripts/setup"), join(dir, "package/scripts/setup"), {
      recursive: true,
    });
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  /** Asked of a copy that no lock file stands beside, as in an installed package. */
  const placeOf = (environment: Readonly<Record<string, string>>, user = process.getuid!()): string => {
    const module = join(dir, "package/scripts/setup/step.mjs");
    const script = `process.getuid = () => ${user}; console.log((await import(${JSON.stringify(module)})).placeOf("node-1"))`;
    const env = {
      PATH: process.env["PATH"],
      HOME: join(dir, "home"),
      CONSILIUM_SHARED: join(dir, "shared"),
      ...environment,
    };
    const options = { env: env as NodeJS.ProcessEnv, encoding: "utf8" as const };
    return execFileSync(process.execPath, ["--input-type=module", "-e", script], options).trim();
  };
  const [own, shared, named] = ["home/.cache/consilium/node-1", "shared/node-1", "named/node-1"];
  const relative = (path: string) => path.slice(dir.length + 1);

  it("is the user's cache, and for an administrator one that all users share", () => {
    expect(relative(placeOf({}, 12345))).to.equal(own);
    if (process.getuid!() === 0) expect(relative(placeOf({}))).to.equal(shared);
    expect(relative(placeOf({ CONSILIUM_CACHE: join(dir, "named") }))).to.equal(named);
  });

  it("is where it has been fetched to already, but never where others can write", () => {
    mkdirSync(join(dir, shared), { recursive: true });
    const me = process.getuid!();
    expect(relative(placeOf({ CONSILIUM_CACHE: join(dir, "named") }, me))).to.equal(shared);
    chmodSync(join(dir, "shared"), 0o777);
    expect(relative(placeOf({ CONSILIUM_CACHE: join(dir, "named") }, me))).to.equal(named);
    mkdirSync(join(dir, own), { recursive: true });
    expect(relative(placeOf({}, me))).to.equal(own);
  });
});

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

  it("does not change with what file managers and editors leave, and does not fail by it", async () => {
    const before = await digest("a");
    writeFileSync(join(dir, "a", "contracts", ".DS_Store"), "x");
    symlinkSync("somebody@somewhere.1", join(dir, "a", "contracts", ".#One.sol"));
    const left = ["One.sol~", "#One.sol#", "One.sol.orig", "One.sol.rej", "Two.sol.bak", "Thumbs.db", "desktop.ini"];
    left.push("~$One.sol", "4913", "One.sol.swo", "One.sol___jb_tmp___", "Icon\r", "One (copy).txt", "nohup.out");
    for (const name of left) writeFileSync(join(dir, "a", "contracts", "deep", name), "x");
    for (const name of ["@eaDir", "__MACOSX", "empty"]) mkdirSync(join(dir, "a", "contracts", name));
    writeFileSync(join(dir, "a", "contracts", "__MACOSX", "One.sol"), "x");
    symlinkSync("/nowhere", join(dir, "a", "contracts", "Nowhere.sol"));
    symlinkSync(".", join(dir, "a", "contracts", "loop"));
    execFileSync("mkfifo", [join(dir, "a", "contracts", "pipe.sol")]);
    expect(await digest("a")).to.equal(before);
  });

  it("is the same where lines end as on Windows, and a stamp's with a line end behind it", async () => {
    for (const end of ["\n", "\r\n"]) {
      writeFileSync(join(dir, "a", "contracts", "One.sol"), `one${end}two${end}`);
      writeFileSync(join(dir, "a", "lock.json"), `{}${end}`);
      writeFileSync(join(dir, `stamp ${end.length}`), `${await digest("a")}${end}`);
    }
    expect(await readStamp(join(dir, "stamp 1"))).to.equal(await digest("a"));
    expect(await readStamp(join(dir, "stamp 2"))).to.equal(await digest("a"));
    expect(await readStamp(join(dir, "none"))).to.equal("");
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
