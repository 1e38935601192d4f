import { mkdtemp, readdir, readlink, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createOpenFiles, type OpenFiles } from "../../../io/store/open-files.ts";

describe("files that are read piece by piece", () => {
  let dir: string;
  let files: OpenFiles;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-open-files-"));
    files = createOpenFiles();
  });
  afterEach(async () => {
    await files.close();
    await rm(dir, { recursive: true });
  });
  const text = async (name: string, offset: number, length: number) => {
    const bytes = await files.read(join(dir, name), offset, length);
    return bytes && Buffer.from(bytes).toString();
  };
  /** Names of this folder's files that the process has open. */
  const open = async () => {
    const links = await Promise.all(
      (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
    );
    return links.filter((path) => path.startsWith(dir)).map((path) => path.slice(dir.length + 1));
  };

  it("are opened once, end where the file ends, and are looked up again after a drop", async () => {
    await writeFile(join(dir, "a"), "0123456789");
    expect([await text("a", 2, 3), await text("a", 8, 5), await text("b", 0, 1)]).to.deep.equal([
      "234",
      "89",
      undefined,
    ]);
    if (process.platform === "linux") expect(await open()).to.deep.equal(["a"]);
    await writeFile(join(dir, "b"), "abcdefghij");
    await rename(join(dir, "b"), join(dir, "a"));
    await files.drop(join(dir, "a"));
    expect(await text("a", 2, 3)).to.equal("cde");
  });

  it("keep a few open at most, and none after a drop while they were read or after the end", async function () {
    if (process.platform !== "linux") this.skip(); // counts by /proc
    const names = Array.from({ length: 60 }, (_, index) => `file-${index}`);
    await Promise.all(names.map((name) => writeFile(join(dir, name), name)));
    expect(await Promise.all(names.map((name) => text(name, 0, 100)))).to.deep.equal(names);
    expect((await open()).length).to.be.within(1, 32);
    const reading = text("file-59", 0, 4);
    await Promise.all(names.map((name) => files.drop(join(dir, name))));
    expect(await reading).to.equal("file");
    expect(await open()).to.deep.equal([]);
  });
});
