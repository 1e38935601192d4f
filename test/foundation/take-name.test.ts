import fs, { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { writeNewPrivately } from "../../foundation/private-files.ts";
import { takeName } from "../../foundation/take-name.ts";
import { writeNewFile } from "../../io/chain/new-file.ts";
import { writeNewStream } from "../../party/backup/write-new-stream.ts";

const { link } = fs;

describe("a new file on a disk without hard links", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-names-"));
  });
  afterEach(async () => {
    linkBy(link);
    await rm(dir, { recursive: true, force: true });
  });

  function linkBy(other: typeof link): void {
    fs.link = other;
    syncBuiltinESMExports();
  }

  function withoutLinks(code: string): void {
    linkBy(() => Promise.reject(Object.assign(new Error("link"), { code })));
  }

  async function* content() {
    yield Buffer.from("backup");
  }

  it("gets its name by a rename, and replaces no other", async () => {
    for (const code of ["EPERM", "ENOTSUP", "ENOSYS"]) {
      withoutLinks(code);
      const path = join(dir, code);
      expect(await writeNewPrivately(path, "one")).to.equal(true);
      expect(await writeNewPrivately(path, "two")).to.equal(false);
      await writeNewFile(`${path}.key`, "one", { mode: 0o600 });
      const second = await writeNewFile(`${path}.key`, "two", { mode: 0o600 }).catch((error) => error.code);
      await writeNewStream(`${path}.tar`, content());
      const third = await writeNewStream(`${path}.tar`, content()).catch((error) => error.code);
      expect([second, third]).to.deep.equal(["FILE_EXISTS", "FILE_EXISTS"]);
      expect([await readFile(path, "utf8"), await readFile(`${path}.key`, "utf8")]).to.deep.equal(["one", "one"]);
      expect((await readdir(dir)).filter((name) => /tmp|claim/.test(name))).to.deep.equal([]);
    }
  });

  it("is one process's where several write it at once", async () => {
    withoutLinks("EPERM");
    for (let turn = 0; turn < 20; turn++) {
      const path = join(dir, `at-once-${turn}`);
      const wrote = await Promise.all(Array.from({ length: 8 }, (_, at) => writeNewPrivately(path, String(at))));
      expect(wrote.filter(Boolean)).to.have.length(1);
      expect(await readFile(path, "utf8")).to.equal(String(wrote.indexOf(true)));
    }
  });

  it("is not held up by the claim of a process that died, and is by one that is at work", async () => {
    withoutLinks("EPERM");
    const path = join(dir, "claimed");
    await mkdir(`${path}.claim`);
    expect(await writeNewPrivately(path, "one")).to.equal(false);
    await utimes(`${path}.claim`, new Date(0), new Date(0));
    expect(await writeNewPrivately(path, "one")).to.equal(true);
    expect(await readdir(dir)).to.deep.equal(["claimed"]);
  });

  it("is refused by the system's other errors, by name", async () => {
    withoutLinks("ENOSPC");
    const full = await writeNewPrivately(join(dir, "full"), "one").catch((error) => error.code);
    expect(full).to.equal("STORE_FULL");
    await writeFile(join(dir, "temporary"), "");
    const error = await takeName(join(dir, "temporary"), join(dir, "x")).catch((cause) => cause.code);
    expect(error).to.equal("ENOSPC");
    expect(await readdir(dir)).to.deep.equal(["temporary"]);
  });
});
