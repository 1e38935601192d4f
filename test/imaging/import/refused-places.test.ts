import { spawnSync } from "node:child_process";
import fs, { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { diskFailuresNamed } from "../../../foundation/private-files.ts";
import { keepPseudonymKey, makePseudonymKey } from "../../../imaging/shard/pseudonyms.ts";
import { shardFiles } from "../../../imaging/shard/shard-format.ts";
import { openArchive } from "../../../imaging/source/listing.ts";
import { writePhantom } from "./phantom-archive.ts";
import { codeOf, importInto } from "./synthetic.ts";

const repository = join(import.meta.dirname, "../../..");

describe("places that an import may not read, follow or write", function () {
  this.timeout(60_000);
  let root: string;
  let archive: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-places-"));
    archive = join(root, "archive");
    for (const index of [1, 2]) {
      const place = (slice: number) => `${index === 1 ? "positive" : "negative"}/p${index}/IM${slice}.dcm`;
      await writePhantom(archive, { index, id: `p${index}` }, place);
    }
  });
  after(() => rm(root, { recursive: true, force: true }));

  async function listed(dir: string) {
    const { files, close } = await openArchive(dir, {});
    const all = [...files].map(({ parts, refusal }) => `${parts.join("/")}${refusal ? ` ${refusal.code}` : ""}`);
    await close();
    return all;
  }

  it("follows links to folders and files, and lists those that are loops or lead nowhere", async () => {
    const dir = join(root, "links");
    await mkdir(join(dir, "positive"), { recursive: true });
    await symlink(join(archive, "positive", "p1"), join(dir, "positive", "p1"));
    await symlink(join(archive, "negative", "p2", "IM0.dcm"), join(dir, "one.dcm"));
    await symlink(dir, join(dir, "loop"));
    await symlink(root, join(dir, "above"));
    await symlink(join(root, "nowhere"), join(dir, "nowhere"));
    await symlink("itself", join(dir, "itself"));
    const all = await listed(dir);
    expect(all.filter((one) => one.startsWith("positive/p1/IM"))).to.have.length(8);
    // Nothing of what lies beside the archive, which may be the whole disk.
    expect(all).to.include.members(["one.dcm", "loop LINK_NOT_FOLLOWED", "above LINK_NOT_FOLLOWED"]);
    expect(all.filter((one) => one.startsWith("above/"))).to.deep.equal([]);
    expect(all).to.include.members(["nowhere LINK_NOT_FOLLOWED", "itself LINK_NOT_FOLLOWED"]);
  });

  it("imports patients whose folders are links", async () => {
    const dir = join(root, "linked");
    for (const [label, patient] of [
      ["positive", "p1"],
      ["negative", "p2"],
    ] as const) {
      await mkdir(join(dir, label), { recursive: true });
      await symlink(join(archive, label, patient), join(dir, label, patient));
    }
    expect((await importInto(dir, join(root, "linked-shard"))).scans).to.equal(2);
  });

  it("imports patients whose folders and files have names in Latin-1, by their names", async function () {
    // Other systems take no names that are not UTF-8.
    if (process.platform !== "linux") this.skip();
    const dir = join(root, "latin");
    const latin = (...parts: string[]) => Buffer.from(join(dir, ...parts), "latin1");
    for (const [label, patient, name] of [
      ["positive", "p1", "Müller"],
      ["negative", "p2", "García"],
    ] as const) {
      await mkdir(latin(label, name), { recursive: true });
      for (const file of await readdir(join(archive, label, patient)))
        await copyFile(join(archive, label, patient, file), latin(label, name, `ä${file}`));
    }
    const all = await listed(dir);
    expect(all).to.include.members(["positive/Müller/äIM0.dcm", "negative/García/äIM7.dcm"]);
    expect((await importInto(dir, join(root, "latin-shard"))).scans).to.equal(2);
    // The same letters in both encodings are two names on the disk, and one as text.
    await copyFile(join(archive, "positive", "p1", "IM0.dcm"), join(dir, "positive", "ö.dcm"));
    await copyFile(join(archive, "positive", "p1", "IM1.dcm"), latin("positive", "ö.dcm"));
    expect(await listed(dir)).to.include.members(["positive/ö.dcm", "positive/ö.dcm FILE_UNREADABLE"]);
  });

  it("lists a folder that may not be read, and continues", async function () {
    // Root may read everything: the listing runs as nobody.
    if (process.getuid?.() !== 0) this.skip();
    const dir = join(root, "closed");
    await mkdir(join(dir, "secret"), { recursive: true });
    await writeFile(join(dir, "open.dcm"), "x");
    await writeFile(join(dir, "secret", "a.dcm"), "x");
    await chmod(root, 0o755);
    await chmod(join(dir, "secret"), 0o700);
    const program = `
      import { openArchive } from "${join(repository, "imaging/source/listing.ts")}";
      process.seteuid(65534);
      const { files } = await openArchive(${JSON.stringify(dir)}, {});
      console.log([...files].map(({ parts, refusal }) => parts.join("/") + " " + (refusal?.code ?? "read")).join());`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    expect(stdout.trim(), stderr).to.equal("open.dcm read,secret FOLDER_UNREADABLE");
  });

  it("never writes through a link that lies where the shard is to be", async () => {
    const aim = join(root, "aim");
    await mkdir(aim);
    for (const name of ["out", "out2.importing"]) await symlink(aim, join(root, name));
    expect(await codeOf(importInto(archive, join(root, "out")))).to.equal("OUT_IS_LINK");
    expect(await codeOf(importInto(archive, join(root, "out2")))).to.equal("OUT_IS_LINK");
    await symlink(join(aim, "key"), join(root, "linked.key"));
    // The disk with the key may not be mounted: another key would make strangers of all patients.
    const unmounted = importInto(archive, join(root, "out3"), { keyFile: join(root, "linked.key") });
    expect(await codeOf(unmounted)).to.equal("KEY_UNREADABLE");
    expect(await readdir(aim)).to.deep.equal([]);
  });

  it("makes everything for its owner only", async () => {
    const dir = join(root, "modes");
    const keyFile = join(root, "modes.key");
    await importInto(archive, dir, { pictures: 1, keyFile });
    expect((await stat(keyFile)).mode & 0o777).to.equal(0o600);
    expect((await stat(dir)).mode & 0o777).to.equal(0o700);
    for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      // Files of the database lie in a folder that nobody else may enter.
      if (entry.parentPath.endsWith("outcomes")) continue;
      expect((await stat(path)).mode & 0o777, entry.name).to.equal(entry.isDirectory() ? 0o700 : 0o600);
    }
  });

  it("writes a key whole or not at all, and once", async () => {
    const path = join(root, "once.key");
    const [first, second] = [makePseudonymKey(), makePseudonymKey()];
    const codes = await Promise.all([codeOf(keepPseudonymKey(path, first)), codeOf(keepPseudonymKey(path, second))]);
    expect(codes.sort()).to.deep.equal(["IMPORT_RUNNING", "none"]);
    expect(await readFile(path, "utf8")).to.match(/^[0-9a-f]{64}\n$/);
    expect((await readdir(root)).filter((name) => name.startsWith("once.key."))).to.deep.equal([]);
  });

  it("names a place where something else has the name of a file or folder, or the name is too long", async () => {
    const places = ["staged", "locked", "pixels", "n".repeat(250)].map((name) => join(root, name));
    await writeFile(`${places[0]}.importing`, "");
    await mkdir(join(`${places[1]}.importing`, "import.pid"), { recursive: true });
    await mkdir(join(`${places[2]}.importing`, shardFiles.pixels), { recursive: true });
    for (const place of places)
      expect(await codeOf(importInto(archive, place)), place.slice(-9)).to.equal("FILE_UNWRITABLE");
  });

  it("names two first imports at once, and lets one of them finish", async () => {
    const [dir, keyFile] = [join(root, "at-once"), join(root, "at-once.key")];
    const codes = await Promise.all([1, 2].map(() => codeOf(importInto(archive, dir, { keyFile }))));
    expect(codes.sort()).to.deep.equal(["IMPORT_RUNNING", "none"]);
  });

  it("names an archive's own CSV of labels that cannot be read, and takes no labels from folders instead", async () => {
    const dir = join(root, "no-own-csv");
    await mkdir(dir);
    for (const name of ["positive", "negative"]) await symlink(join(archive, name), join(dir, name));
    await symlink(join(root, "gone.csv"), join(dir, "labels.csv"));
    expect(await codeOf(importInto(dir, join(root, "no-own-csv-shard")))).to.equal("LABELS_UNREADABLE");
    await rm(join(dir, "labels.csv"));
    await symlink("/proc/self/mem", join(dir, "labels.csv"));
    expect(await codeOf(importInto(dir, join(root, "no-own-csv-shard")))).to.equal("LABELS_UNREADABLE");
  });

  it("does not repeat the path of the CSV of labels", async () => {
    const labels = join(root, "Doe^John.csv");
    const error = await importInto(archive, join(root, "no-csv"), { labels }).catch((cause: unknown) => cause);
    expect(error).to.deep.include({ code: "LABELS_UNREADABLE" });
    const { message, facts, remedy } = error as { message: string; facts: object; remedy: string };
    expect(JSON.stringify([message, facts, remedy])).not.to.include("Doe");
  });

  it("writes shard and key to a disk without hard links and modes, as of a USB stick", async () => {
    const real = { link: fs.link, chmod: fs.chmod };
    const refuse = () => Promise.reject(Object.assign(new Error("no such thing"), { code: "EPERM" }));
    Object.assign(fs, { link: refuse, chmod: refuse });
    syncBuiltinESMExports();
    try {
      const keyFile = join(root, "stick.key");
      expect((await importInto(archive, join(root, "stick"), { keyFile })).scans).to.equal(2);
      expect(await readFile(keyFile, "utf8")).to.match(/^[0-9a-f]{64}\n$/);
    } finally {
      Object.assign(fs, real);
      syncBuiltinESMExports();
    }
  });

  it("names a full disk, and leaves no key", async () => {
    const full = Object.assign(new Error("write"), { code: "ENOSPC" });
    const ofDatabase = Object.assign(new Error("failed"), { cause: new Error("IO error: x: No space left on device") });
    for (const error of [full, ofDatabase])
      expect(await codeOf(diskFailuresNamed(() => Promise.reject(error)))).to.equal("STORE_FULL");
    const small = join(root, "small");
    await mkdir(small);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16k", "none", small]).status === 0;
    if (!mounted) return;
    try {
      await writeFile(join(small, "filler"), Buffer.alloc(16_384)).catch(() => {});
      expect(await codeOf(importInto(archive, join(small, "shard"), { keyFile: join(small, "k") }))).to.equal(
        "STORE_FULL",
      );
      expect(await readdir(small)).to.deep.equal(["filler"]);
    } finally {
      spawnSync("umount", [small]);
    }
  });

  it("blames no patient for a picture that the disk does not take", async () => {
    const program = `
      import { importArchive } from "${join(repository, "imaging/import/import-archive.ts")}";
      const options = { keyFile: ${JSON.stringify(join(root, "limited.key"))}, workers: 1 };
      const work = importArchive(${JSON.stringify(archive)}, ${JSON.stringify(join(root, "limited"))}, options);
      try { for await (const _ of work); console.log("done"); } catch ({ code }) { console.log(code); }`;
    const script = join(root, "limited.mjs");
    await writeFile(script, program);
    // Blocks of 1 KiB: the scans fit, and a picture does not.
    const limited = spawnSync("bash", ["-c", `ulimit -f 40; "$0" "$@"`, process.execPath, script], {
      encoding: "utf8",
    });
    expect(limited.stdout.trim(), limited.stderr).to.equal("FILE_UNWRITABLE");
  });

  it("names a disk that may not be written, whether the key or the shard lies there", async () => {
    const readOnly = join(root, "read-only");
    await mkdir(readOnly);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "ro", "none", readOnly]).status !== 0) return;
    try {
      const shard = importInto(archive, join(readOnly, "shard"), { keyFile: join(root, "k-ro") });
      expect(await codeOf(shard)).to.equal("FILE_UNWRITABLE");
      const key = importInto(archive, join(root, "key-ro"), { keyFile: join(readOnly, "k") });
      expect(await codeOf(key)).to.equal("FILE_UNWRITABLE");
    } finally {
      spawnSync("umount", [readOnly]);
    }
  });

  it("lists the files of an archive in which none can be read", async () => {
    const dir = join(root, "refused");
    await mkdir(dir);
    await writeFile(join(dir, "a.dcm"), "no image");
    await writeFile(join(dir, "b.dcm"), "");
    const error = await importInto(dir, join(root, "refused-shard")).catch((cause: unknown) => cause);
    expect(error).to.deep.include({ code: "ARCHIVE_NO_CT" });
    const { refusedFiles } = error as { refusedFiles: { number: number; code: string }[] };
    expect(refusedFiles.map(({ number, code }) => [number, code])).to.deep.equal([
      [1, "DICOM_FOREIGN"],
      [2, "FILE_EMPTY"],
    ]);
  });
});
