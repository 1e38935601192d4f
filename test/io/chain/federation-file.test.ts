import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { describeFederation, readFederationFile, writeFederationFile } from "../../../io/chain/federation-file.ts";
import { parseAddress } from "../../../protocol/format/digest.ts";
import { codeOf } from "./federation.ts";

const founded = {
  federation: { chainId: 31337, contract: parseAddress(`0x${"a1".repeat(20)}`) },
  fromBlock: 12,
  codeDigest: `0x${"c0".repeat(32)}`,
  predecessor: undefined,
};

describe("the federation file", () => {
  let dir: string;
  let path: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-federation-"));
    path = join(dir, "federation.json");
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("is read as it was written, and is readable by everybody", async () => {
    const file = describeFederation({ ...founded, predecessor: parseAddress(`0x${"b2".repeat(20)}`) });
    await writeFederationFile(path, file);
    expect(await readFederationFile(path)).to.deep.equal(file);
    expect((await stat(path)).mode & 0o444).to.equal(0o444);
  });

  it("is never overwritten", async () => {
    await writeFederationFile(path, describeFederation(founded));
    const other = describeFederation({ ...founded, fromBlock: 13 });
    expect(await codeOf(writeFederationFile(path, other))).to.equal("FILE_EXISTS");
    expect((await readFederationFile(path)).fromBlock).to.equal(12);
  });

  it("is refused where it is missing, cut off, too large, or says more or less than it may", async () => {
    expect(await codeOf(readFederationFile(path))).to.equal("FEDERATION_FILE_MISSING");
    await writeFederationFile(path, describeFederation(founded));
    const whole = await readFile(path, "utf8");
    const value = JSON.parse(whole) as Record<string, unknown>;
    const { contract: _, ...without } = value;
    for (const text of [
      "",
      whole.slice(0, -20),
      "null",
      "[]",
      " ".repeat(1 << 20),
      JSON.stringify({ ...value, chainId: "31337" }),
      JSON.stringify({ ...value, fromBlock: -1 }),
      JSON.stringify({ ...value, contract: `0x${"A1".repeat(20)}` }),
      JSON.stringify({ ...value, version: 2 }),
      JSON.stringify({ ...value, more: 1 }),
      JSON.stringify(without),
    ]) {
      await writeFile(path, text);
      expect(await codeOf(readFederationFile(path)), text.slice(0, 80)).to.equal("FEDERATION_FILE_MALFORMED");
    }
  });

  it("of another version of the contracts is refused by name", async () => {
    await writeFederationFile(path, { ...describeFederation(founded), abiDigest: `0x${"00".repeat(32)}` });
    expect(await codeOf(readFederationFile(path))).to.equal("FEDERATION_ABI_MISMATCH");
  });
});
