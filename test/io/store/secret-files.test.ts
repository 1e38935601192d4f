import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openSecretFiles } from "../../../io/store/secret-files.ts";

const secret = Uint8Array.from({ length: 32 }, (_, at) => 200 - at);

describe("a hospital's secret files", () => {
  let dir: string;
  beforeEach(async () => {
    dir = join(await mkdtemp(join(tmpdir(), "consilium-secrets-")), "secrets");
  });
  afterEach(() => rm(join(dir, ".."), { recursive: true, force: true }));

  it("are read again by the next process, and listed in order", async () => {
    const first = await openSecretFiles(dir);
    await first.write("prekey/7", secret);
    await first.write("mask/7", secret.slice(1));
    const next = await openSecretFiles(dir);
    expect(await next.names()).to.deep.equal(["mask/7", "prekey/7"]);
    expect([...((await next.read("prekey/7")) ?? [])]).to.deep.equal([...secret]);
    expect(await next.read("mask/8")).to.equal(undefined);
    expect((await stat(dir)).mode & 0o077).to.equal(0);
  });

  it("are gone from the folder once erased, with nothing of them in any file", async () => {
    const files = await openSecretFiles(dir);
    await files.write("mask/7", secret);
    await files.write("mask/8", secret.slice(1));
    await files.erase("mask/7");
    await files.erase("mask/7");
    const left = await readdir(dir);
    expect(left).to.have.length(1);
    for (const name of left) expect((await readFile(join(dir, name))).includes(Buffer.from(secret))).to.equal(false);
  });

  it("are whole or absent under their names while they are erased: a kill leaves no zeros to be read as a secret", async () => {
    const files = await openSecretFiles(dir);
    for (let round = 1; round <= 8; round++) {
      await files.write(`coins/${round}`, secret);
      let isErased = false;
      const erasing = files.erase(`coins/${round}`).then(() => {
        isErased = true;
      });
      while (!isErased) {
        const found = await files.read(`coins/${round}`);
        if (found) expect([...found]).to.deep.equal([...secret]);
      }
      await erasing;
    }
  });

  it("of a write or an erasure that was cut off are erased at the next start", async () => {
    await openSecretFiles(dir);
    await writeFile(join(dir, "mask.7.new"), secret);
    await writeFile(join(dir, "mask.6.gone"), secret);
    const files = await openSecretFiles(dir);
    expect(await files.names()).to.deep.equal([]);
    expect(await readdir(dir)).to.deep.equal([]);
  });
});
