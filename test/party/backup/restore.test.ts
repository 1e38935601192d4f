import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createKeystore } from "../../../io/chain/keystore.ts";
import { openPeerKeyFile } from "../../../io/p2p/key-file.ts";
import { openBlobStore } from "../../../io/store/blob-store.ts";
import { openJournal } from "../../../io/store/journal.ts";
import { openLevel } from "../../../io/store/level.ts";
import { objectPath } from "../../../io/store/object-files.ts";
import { backUp } from "../../../party/backup/back-up.ts";
import { type PartyPlaces, partyPlaces } from "../../../party/backup/places.ts";
import { restore } from "../../../party/backup/restore.ts";
import type { Digest } from "../../../protocol/format/digest.ts";

const password = "backup password";
const options = { password, log2N: 4 };
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe("a party's backup", () => {
  let dir: string;
  let places: PartyPlaces;
  let elsewhere: PartyPlaces;
  let file: string;
  const stored: Record<string, Digest> = {};
  const residual = Buffer.alloc(200_000, 7);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-backup-"));
    const config = { keys: { keystore: "keystore.json", peerKey: "peer-key" }, store: "store", shard: "ignored" };
    places = partyPlaces(config, join(dir, "hospital"));
    const other = { keys: { keystore: "secret/chain.json", peerKey: "secret/peer" }, store: "/", shard: "x" };
    elsewhere = { ...partyPlaces(other, join(dir, "other-machine")), store: join(dir, "other-machine/data/node") };
    file = join(dir, "copies", "hospital.backup");
    await mkdir(join(dir, "hospital"));
    const hospital = await createKeystore(places.keystore, "password", { n: 1 << 8 });
    await openPeerKeyFile(places.peerKey);
    const blobs = await openBlobStore(join(places.store, "blobs"));
    stored["own update"] = await blobs.put(Buffer.alloc(3 << 20, 1));
    stored["another's update"] = await blobs.put(Buffer.alloc(3 << 20, 2));
    stored["prepared update"] = await blobs.put(Buffer.alloc(2 << 20, 4));
    stored["model"] = await blobs.put(Buffer.alloc(2 << 20, 3));
    stored["manifest"] = await blobs.put(json({ hospital, update: stored["own update"] }));
    stored["another's manifest"] = await blobs.put(
      json({ hospital: `0x${"22".repeat(20)}`, update: stored["another's update"] }),
    );
    stored["scores"] = await blobs.put(json({ scores: [0.25] }));
    await blobs.close();
    const level = await openLevel(join(places.store, "notes"));
    const journal = await openJournal(level, join(places.store, "large-notes"));
    await journal.write({
      adopted: json({ round: 3 }),
      prepared: json({ update: stored["prepared update"] }),
      residual,
    });
    await level.close();
    await mkdir(join(places.store, "local-weights"));
    await writeFile(join(places.store, "local-weights", "round-000003.safetensors"), "local");
    await writeFile(join(places.store, "local-weights", "round-000004.safetensors.tmp"), "partial");
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("restores keys, journal, own objects and local weights at other paths; peers give back the rest", async () => {
    expect(await backUp(places, file, options)).to.deep.equal({ notes: 3, objects: 5 });
    await cp(join(dir, "hospital"), join(dir, "kept"), { recursive: true });
    await rm(join(dir, "hospital"), { recursive: true });
    expect(await restore(file, elsewhere, { password })).to.deep.equal({ notes: 3, objects: 5 });

    for (const name of ["keystore", "peerKey"] as const) {
      const original = places[name].replace(join(dir, "hospital"), join(dir, "kept"));
      expect(await readFile(elsewhere[name])).to.deep.equal(await readFile(original));
      expect((await stat(elsewhere[name])).mode & 0o777).to.equal(0o600);
    }
    const level = await openLevel(join(elsewhere.store, "notes"));
    const journal = await openJournal(level, join(elsewhere.store, "large-notes"));
    expect(await journal.keys("")).to.deep.equal(["adopted", "prepared", "residual"]);
    expect(Buffer.compare((await journal.get("residual"))!, residual)).to.equal(0);
    await level.close();
    const blobs = await openBlobStore(join(elsewhere.store, "blobs"));
    const here = Object.entries(stored).map(async ([name, digest]) => [name, await blobs.has(digest)]);
    expect(Object.fromEntries(await Promise.all(here))).to.deep.equal({
      "own update": true,
      "prepared update": true,
      "another's update": false,
      model: false,
      manifest: true,
      "another's manifest": true,
      scores: true,
    });
    expect((await blobs.get(stored["own update"]!, { maxBytes: 4 << 20 }))[5]).to.equal(1);
    await blobs.close();
    expect(await readdir(join(elsewhere.store, "local-weights"))).to.deep.equal(["round-000003.safetensors"]);
    expect(existsSync(`${elsewhere.store}.restoring`)).to.equal(false);
  });

  it("is refused while the party runs, and leaves no file", async () => {
    const level = await openLevel(join(places.store, "notes"));
    expect(await codeOf(backUp(places, file, options))).to.equal("STORE_LOCKED");
    await level.close();
    const blobs = await openBlobStore(join(places.store, "blobs"));
    expect(await codeOf(backUp(places, file, options))).to.equal("STORE_LOCKED");
    await blobs.close();
    expect(existsSync(file)).to.equal(false);
  });

  it("never overwrites a file, and needs a store", async () => {
    await backUp(places, file, options);
    expect(await codeOf(backUp(places, file, options))).to.equal("FILE_EXISTS");
    await rm(places.store, { recursive: true });
    expect(await codeOf(backUp(places, join(dir, "another"), options))).to.equal("STORE_MISSING");
  });

  it("leaves out an object that the disk has damaged", async () => {
    await writeFile(objectPath(join(places.store, "blobs"), stored["scores"]!), "damaged");
    expect((await backUp(places, file, options)).objects).to.equal(4);
  });

  for (const [name, code] of [
    ["store", "STORE_EXISTS"],
    ["keystore", "FILE_EXISTS"],
    ["peerKey", "FILE_EXISTS"],
  ] as const) {
    it(`never restores over an existing ${name}`, async () => {
      await backUp(places, file, options);
      await mkdir(join(elsewhere[name], ".."), { recursive: true });
      await writeFile(elsewhere[name], "precious");
      expect(await codeOf(restore(file, elsewhere, { password }))).to.equal(code);
      expect(await readFile(elsewhere[name], "utf8")).to.equal("precious");
      const others = (["store", "keystore", "peerKey"] as const).filter((each) => each !== name);
      expect(others.filter((each) => existsSync(elsewhere[each]))).to.deep.equal([]);
    });
  }

  it("restores nothing from a damaged or truncated file, or with a wrong password", async () => {
    await backUp(places, file, options);
    expect(await codeOf(restore(file, elsewhere, { password: "another" }))).to.equal("BACKUP_PASSWORD");
    const whole = await readFile(file);
    const damaged = Buffer.from(whole);
    damaged[whole.length - 40] = damaged[whole.length - 40]! ^ 1;
    await writeFile(file, damaged);
    expect(await codeOf(restore(file, elsewhere, { password }))).to.equal("BACKUP_DAMAGED");
    await writeFile(file, whole);
    await truncate(file, whole.length - 100_000);
    expect(await codeOf(restore(file, elsewhere, { password }))).to.equal("BACKUP_DAMAGED");
    expect(await codeOf(restore(join(dir, "none"), elsewhere, { password }))).to.equal("FILE_UNREADABLE");
    expect(existsSync(join(dir, "other-machine"))).to.equal(false);
  });
});
