import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openPrivately } from "../../foundation/private-files.ts";
import {
  makeOutputFolder,
  makePublicFolder,
  writeOutput,
  writePublicOutput,
} from "../../scripts/terminal/write-output.ts";
import { codeOf } from "../imaging/import/synthetic.ts";

describe("output of commands", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-output-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("is never written through a link that was there before", async () => {
    const aim = join(root, "aim");
    await mkdir(aim);
    await symlink(aim, join(root, "folder"));
    await symlink(join(aim, "file"), join(root, "file"));
    for (const work of [
      makeOutputFolder(join(root, "folder")),
      makePublicFolder(join(root, "folder")),
      writeOutput(join(root, "file"), "x"),
      writePublicOutput(join(root, "file"), "x"),
      writePublicOutput(join(root, "file"), "x", { isNew: true }),
    ]) {
      expect(await codeOf(work)).to.equal("OUT_IS_LINK");
    }
    expect(await readdir(aim)).to.deep.equal([]);
  });

  it("is refused by name where no folder and no file can be made, and does not wait for ever", async function () {
    if (process.platform !== "linux") this.skip();
    for (const place of ["/proc/consilium/deep", "/proc/consilium"]) {
      expect(await codeOf(makeOutputFolder(place))).to.equal("FILE_UNWRITABLE");
      expect(await codeOf(makePublicFolder(place))).to.equal("FILE_UNWRITABLE");
      expect(await codeOf(writeOutput(join(place, "file"), "x"))).to.equal("FILE_UNWRITABLE");
    }
    expect(await codeOf(writeOutput("/proc/file", "x"))).to.equal("FILE_UNWRITABLE");
  });

  it("makes the folders that are missing, once for all who ask at the same time", async () => {
    const place = join(root, "one", "two", "three");
    await Promise.all(Array.from({ length: 5 }, () => makeOutputFolder(place)));
    expect((await stat(join(root, "one"))).mode & 0o777).to.equal(0o700);
    await writeFile(join(place, "file"), "x");
    expect(await codeOf(makeOutputFolder(join(place, "file")))).to.equal("FILE_UNWRITABLE");
  });

  it("is not written through a link that is put there after it was looked for", async () => {
    const aim = join(root, "aimed at");
    await writeFile(aim, "before");
    await symlink(aim, join(root, "late"));
    for (const flags of ["w", "a+", "wx"] as const) {
      const opened = await openPrivately(join(root, "late"), flags).catch((error: NodeJS.ErrnoException) => error.code);
      expect(opened).to.be.oneOf(["ELOOP", "EEXIST"]);
    }
    expect(await readFile(aim, "utf8")).to.equal("before");
  });

  it("is for its owner only where it is about patients, also in place of an open file", async () => {
    const folder = join(root, "pictures");
    await makeOutputFolder(folder);
    await writeFile(join(folder, "a.png"), "old", { mode: 0o644 });
    await writeOutput(join(folder, "a.png"), "new");
    expect((await stat(folder)).mode & 0o777).to.equal(0o700);
    expect((await stat(join(folder, "a.png"))).mode & 0o777).to.equal(0o600);
  });
});
