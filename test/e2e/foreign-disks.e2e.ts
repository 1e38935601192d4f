// An import on disks as they are carried about, really: exFAT and NTFS, which have no hard links or no permissions. Needs
// root, to mount them. Debian has the file systems: apt-get install exfat-fuse exfatprogs ntfs-3g
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { writeArchive } from "../imaging/import/synthetic.ts";
import { until } from "../io/p2p/federation-of-peers.ts";

const execute = promisify(execFile);
const program = join(import.meta.dirname, "../../scripts/consilium.ts");
const diskBytes = 200 * 2 ** 20;

const disks = {
  exFAT: { format: ["mkfs.exfat"], mount: ["mount.exfat-fuse"] },
  NTFS: { format: ["mkntfs", "-q", "-F"], mount: ["ntfs-3g", "-o", "permissions"] },
} as const;

interface Summary {
  readonly root: string;
  readonly unchanged: boolean;
  readonly resumed: number;
  readonly isKeyOpen: boolean;
}

describe("an import on a disk that is carried about", function () {
  this.timeout(600_000);
  let dir: string;
  let archive: string;
  let known: Summary;
  const undo: (() => Promise<unknown>)[] = [];
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-disks-"));
    archive = await writeArchive(join(dir, "archive"), { patients: 12 });
    known = await importing(join(dir, "archive"), dir);
  });
  after(async () => {
    for (const step of undo.reverse()) await step();
    await rm(dir, { recursive: true, force: true });
  });

  /** Formats a disk in a file and mounts it. @returns undefined where that cannot be done here */
  const mounted = async (name: keyof typeof disks): Promise<string | undefined> => {
    const [image, place] = [join(dir, `${name}.img`), join(dir, name)];
    const { format, mount } = disks[name];
    try {
      if (process.getuid?.() !== 0) return undefined;
      await writeFile(image, "");
      await execute("truncate", ["-s", String(diskBytes), image]);
      const [make, ...options] = format;
      await execute(make, [...options, image]);
      const { stdout } = await execute("losetup", ["-f", "--show", image]);
      const device = stdout.trim();
      undo.push(() => execute("losetup", ["-d", device]));
      await mkdir(place);
      const [program, ...mountOptions] = mount;
      await execute(program, [...mountOptions, device, place]);
      undo.push(() => execute("umount", [place]));
      return place;
    } catch {
      return undefined;
    }
  };

  for (const name of Object.keys(disks) as (keyof typeof disks)[]) {
    it(`gives the same shard with archive, key and shard on ${name}, also after a kill`, async function () {
      const place = await mounted(name);
      if (place === undefined) {
        console.log(`skipped: needs root and the programs of ${name}`);
        return this.skip();
      }
      await cp(archive, join(place, "archive"), { recursive: true });
      await cp(join(dir, "key"), join(place, "key"));
      const killed = start(join(place, "archive"), place);
      // It writes beside the shard's place, and moves it there at the end.
      await until(() => existsSync(join(place, "shard.importing", "outcomes")), { withinMs: 60_000 });
      killed.kill("SIGKILL");
      await once(killed, "close");
      expect(existsSync(join(place, "shard"))).to.equal(false);
      const done = await importing(join(place, "archive"), place);
      expect(done.root).to.equal(known.root);
      expect(done.isKeyOpen).to.equal(name === "exFAT");
      expect(await importing(join(place, "archive"), place)).to.include({ root: known.root, unchanged: true });
      // A key that the import makes itself, where no file can have two names.
      await rm(join(place, "key"));
      await rm(join(place, "shard"), { recursive: true });
      expect((await importing(join(place, "archive"), place)).root).not.to.equal(known.root);
    });
  }
});

function start(archive: string, place: string): ChildProcess {
  const args = ["import", archive, "--out", join(place, "shard"), "--key", join(place, "key"), "--json"];
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function importing(archive: string, place: string): Promise<Summary> {
  const child = start(archive, place);
  let text = "";
  child.stdout?.on("data", (piece: Buffer) => (text += piece));
  await once(child, "close");
  return JSON.parse(text) as Summary;
}
