import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { writePhantom } from "./phantom-archive.ts";
import { importInto, writeArchive } from "./synthetic.ts";

const repository = join(import.meta.dirname, "../../..");

describe("what an import shows of patients", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-privacy-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("holds no name, id, UID or file name of the archive in any output, store, log or error", async () => {
    const archive = await writeArchive(join(root, "a"), {
      patients: 6,
      nuisances: ["two-kernels", "multi-frame", "prone"],
    });
    await rm(join(archive, "labels.csv"));
    const names: string[] = [];
    for (const label of ["positive", "negative"]) {
      for (const [index, patient] of (await readdir(join(archive, label))).entries()) {
        const name = `Doe-${label}-${index}`;
        await rename(join(archive, label, patient), join(archive, label, name));
        names.push(name, patient);
      }
    }
    // What goes wrong must not quote what it found.
    const broken = join(archive, "positive", "Doe-positive-0");
    const [file] = (await readdir(broken, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    await truncate(join(file!.parentPath, file!.name), 1500);
    await writeFile(join(broken, "Doe^Jane.dcm"), `DICM${"\0".repeat(200)}Doe^Jane 1950-01-01`);
    await writeFile(join(broken, "Doe^Jane.jpg"), Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, 4, 0x44, 0x6f, 0x65, 0x5e]));
    const identifiers = [...names, "Doe^Jane", "Doe", "SYNTHETIC^PHANTOM", "20200101", ...(await uidsIn(archive))];
    expect(identifiers.length).to.be.above(30);

    await mkdir(join(root, "out"));
    const said: string[] = [];
    for (const more of [[], ["--json"], ["--verbose", "--min-slices", "500"]]) {
      said.push(
        await run(["import", archive, "--out", join(root, "out", "shard"), "--seed", String(more.length), ...more]),
      );
    }
    said.push(await run(["import", join(archive, "positive"), "--out", join(root, "out", "none"), "--verbose"]));
    expect(said[0]).to.include("6 patients");
    expect(said.at(-1)).to.include("LABELS_MISSING");
    for (const entry of await readdir(join(root, "out"), { recursive: true, withFileTypes: true })) {
      said.push(join(entry.parentPath.slice(root.length), entry.name));
      if (entry.isFile()) said.push((await readFile(join(entry.parentPath, entry.name))).toString("latin1"));
    }
    const all = said.join("\n").replaceAll(root, "");
    expect(identifiers.filter((identifier) => all.includes(identifier))).to.deep.equal([]);
  });
});

describe("words of headers", () => {
  it("are shown if they are a maker's, and otherwise replaced by hashes", async () => {
    const root = await mkdtemp(join(tmpdir(), "consilium-words-"));
    try {
      const words = {
        "00080070": ["LO", "Doe^John"],
        "00081090": ["LO", "Doe 1950"],
        "00181210": ["SH", "DOE"],
      } as const;
      const elements = { ...words, "00185100": ["CS", "DOE"] } as const;
      for (const index of [1, 2]) {
        const place = (slice: number) => `${index === 1 ? "positive" : "negative"}/p${index}/${slice}.dcm`;
        await writePhantom(join(root, "a"), { index, id: `p${index}`, elements }, place);
      }
      await importInto(join(root, "a"), join(root, "shard"));
      for (const entry of await readdir(join(root, "shard"), { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const text = (await readFile(join(entry.parentPath, entry.name))).toString("latin1");
        expect(text.toLowerCase(), entry.name).not.to.include("doe");
      }
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});

/** UIDs of the synthetic archive begin with 2.25: one of each kind that its files hold. */
async function uidsIn(archive: string): Promise<string[]> {
  const found = new Set<string>();
  for (const entry of await readdir(archive, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = (await readFile(join(entry.parentPath, entry.name))).toString("latin1");
    for (const uid of text.match(/2\.25\.\d{20,}/g) ?? []) found.add(uid);
  }
  return [...found];
}

/** Everything that the command prints, on both streams. */
function run(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [join(repository, "scripts/consilium.ts"), ...args]);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(text));
  });
}
