// A disk that is full, really: a small file system for the store of one hospital. Needs root, to mount it.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { isFedError } from "../../foundation/errors.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { openJournal } from "../../io/store/journal.ts";
import { openLevel } from "../../io/store/level.ts";
import { outlineDigest, outlineOf } from "../../protocol/format/merkle.ts";
import { until } from "../io/p2p/federation-of-peers.ts";
import { expectCode, patternBytes } from "../suites/blob-store.ts";
import { RealFederation } from "./real-federation.ts";

const run = promisify(execFile);
const mebibyte = 2 ** 20;

/** Mounts a small file system. */
async function mountSmallDisk(dir: string, mebibytes: number): Promise<void> {
  await mkdir(dir, { recursive: true });
  await run("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", dir]);
}

/** Takes all that is free. @returns a function that gives it back */
async function fill(dir: string): Promise<() => Promise<void>> {
  const ballast = join(dir, "ballast");
  const { bavail, bsize } = await statfs(dir);
  // A node that writes meanwhile takes a part.
  await writeFile(ballast, new Uint8Array(bavail * bsize)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOSPC") throw error;
  });
  return () => rm(ballast);
}

describe("a full disk", function () {
  this.timeout(600_000);
  let dir: string;
  const mounted: string[] = [];
  const mount = async (place: string, mebibytes: number) => {
    await mountSmallDisk(place, mebibytes);
    mounted.push(place);
  };
  before(async function () {
    dir = await mkdtemp(join(tmpdir(), "consilium-full-"));
    if (process.getuid?.() !== 0) {
      console.log("skipped: only root can mount a small disk");
      return this.skip();
    }
    // Root inside a container may not mount.
    await mount(join(dir, "trial"), 1).catch(() => this.skip());
  });
  after(async () => {
    for (const place of mounted.reverse()) await run("umount", ["-l", place]);
    await rm(dir, { recursive: true, force: true });
  });

  it("is STORE_FULL for objects, fetches and notes; all continue once there is room, and nothing is lost", async () => {
    const disk = join(dir, "store");
    await mount(disk, 16);
    const store = await openBlobStore(join(disk, "blobs"));
    const level = await openLevel(join(disk, "notes"));
    const journal = await openJournal(level, join(disk, "large-notes"));
    const kept = await store.put(patternBytes(mebibyte));
    await journal.write({ before: Buffer.from("kept") });
    const release = await fill(disk);
    await expectCode(() => store.put(patternBytes(2 * mebibyte, 3)), "STORE_FULL");
    await expectCode(() => journal.write({ large: patternBytes(200_000) }), "STORE_FULL");
    const object = patternBytes(3 * mebibyte, 5);
    const outline = outlineOf(object);
    const writer = await store.writer(outlineDigest(outline), outline);
    await expectCode(() => writer.write(0, object.subarray(0, mebibyte)), "STORE_FULL");
    // Small notes fill what is left of a page first.
    let refused = 0;
    for (let at = 0; at < 200; at++) {
      const writing = journal.write({ [`small/${at}`]: patternBytes(3000, at) });
      await writing.catch((error: unknown) => {
        if (!isFedError(error, "STORE_FULL")) throw error;
        refused++;
      });
    }
    expect(refused).to.be.above(100);
    await release();
    await journal.write({ after: Buffer.from("kept too") });
    await writer.write(0, object.subarray(0, mebibyte));
    await writer.close();
    const made = await store.put(patternBytes(2 * mebibyte, 3));
    await store.remove(kept);
    await level.close();
    await store.close();

    const again = await openLevel(join(disk, "notes"));
    const notes = await openJournal(again, join(disk, "large-notes"));
    expect(Buffer.from((await notes.get("before")) ?? []).toString()).to.equal("kept");
    expect(Buffer.from((await notes.get("after")) ?? []).toString()).to.equal("kept too");
    await again.close();
    const objects = await openBlobStore(join(disk, "blobs"));
    expect(await objects.has(made)).to.equal(true);
    expect(await objects.has(kept)).to.equal(false);
    await objects.close();
  });

  it("stops a hospital with STORE_FULL and its remedy; with room it continues, without a restart", async () => {
    const federation = await RealFederation.found({ rounds: 1, weights: 500_000, terms: { attestPeriod: 300 } });
    const [hospital] = federation.hospitals;
    const { name, address, dir: home } = hospital!;
    const store = join(home, "store");
    await mount(store, 64);
    try {
      await federation.start();
      const has = (event: string) => () =>
        federation.events.some((each) => each.event === event && each["hospital"] === address);
      await federation.until(has("ready"));
      const release = await fill(store);
      await until(async () => (await federation.log(name)).includes("STORE_FULL"), { withinMs: 120_000 });
      await release();
      await federation.untilAdopted(1, { withinMs: 400_000 });
      for (const { members, commitments } of await federation.rounds()) {
        expect(commitments.length).to.be.at.least(members.length - 1);
      }
    } finally {
      await federation.kill(name);
      await run("umount", ["-l", mounted.pop()!]);
      await federation.stop();
    }
  });
});
