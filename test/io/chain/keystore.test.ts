import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createKeystore, openKeystore, readKeystore } from "../../../io/chain/keystore.ts";
import { writeNewFile } from "../../../io/chain/new-file.ts";
import { codeOf } from "./federation.ts";

const password = "correct horse";
const cheap = { n: 1 << 10 };

describe("a keystore", () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-keys-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("opens with its password to the key of the address that it names", async () => {
    const path = join(dir, "new", "deeper", "keystore.json");
    const address = await createKeystore(path, password, cheap);
    const wallet = await openKeystore(path, password);
    expect(wallet.address.toLowerCase()).to.equal(address);
    expect(await readKeystore(path)).to.deep.equal({ address, kdf: "scrypt", n: 1024 });
    const text = await readFile(path, "utf8");
    expect(text).not.to.include(wallet.privateKey.slice(2));
  });

  it("is readable by its owner only and leaves nothing else behind", async () => {
    await createKeystore(join(dir, "keystore.json"), password, cheap);
    expect((await stat(join(dir, "keystore.json"))).mode & 0o777).to.equal(0o600);
    expect(await readdir(dir)).to.deep.equal(["keystore.json"]);
  });

  it("never overwrites a file, even if several are created at once", async () => {
    const path = join(dir, "keystore.json");
    const codes = await Promise.all(
      Array.from({ length: 5 }, (_, i) => codeOf(writeNewFile(path, `text ${i}`, { mode: 0o600 }))),
    );
    expect(codes.filter((code) => code === undefined)).to.have.length(1);
    expect(codes.filter((code) => code === "FILE_EXISTS")).to.have.length(4);
    const winner = `text ${codes.indexOf(undefined)}`;
    expect(await readFile(path, "utf8")).to.equal(winner);
    expect(await codeOf(createKeystore(path, password, cheap))).to.equal("FILE_EXISTS");
    expect(await readFile(path, "utf8")).to.equal(winner);
    expect(await readdir(dir)).to.deep.equal(["keystore.json"]);
  });

  it("is refused if it asks for too much memory", async () => {
    const path = join(dir, "keystore.json");
    await createKeystore(path, password, cheap);
    const json = (await readFile(path, "utf8")).replace('"n":1024', `"n":${2 ** 24}`);
    await writeFile(path, json);
    expect((await readKeystore(path)).n).to.equal(2 ** 24);
    expect(await codeOf(openKeystore(path, password))).to.equal("KEYSTORE_MALFORMED");
  });

  it("gives a code of its own to a wrong password, a damaged file and a missing one", async () => {
    const path = join(dir, "keystore.json");
    await createKeystore(path, password, cheap);
    expect(await codeOf(openKeystore(path, "another"))).to.equal("KEYSTORE_PASSWORD");
    const whole = await readFile(path, "utf8");
    await writeFile(path, whole.slice(0, whole.length / 2));
    expect(await codeOf(openKeystore(path, password))).to.equal("KEYSTORE_MALFORMED");
    expect(await codeOf(readKeystore(path))).to.equal("KEYSTORE_MALFORMED");
    expect(await codeOf(openKeystore(join(dir, "none"), password))).to.equal("KEYSTORE_MISSING");
  });

  it("of geth's own form, without 0x and in capitals, names its address too", async () => {
    const path = join(dir, "UTC--keystore");
    const address = await createKeystore(join(dir, "keystore.json"), password, cheap);
    const json = JSON.parse(await readFile(join(dir, "keystore.json"), "utf8")) as Record<string, unknown>;
    const { Crypto, crypto = Crypto, ...rest } = json;
    await writeFile(path, JSON.stringify({ ...rest, address: address.slice(2), Crypto: crypto }));
    expect((await readKeystore(path)).address).to.equal(address);
    expect((await openKeystore(path, password)).address.toLowerCase()).to.equal(address);
  });
});
