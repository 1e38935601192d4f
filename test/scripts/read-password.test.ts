import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { keystorePasswordVariable, readPassword } from "../../scripts/terminal/read-password.ts";

describe("the reader of passwords", () => {
  let dir: string;
  const isTTY = process.stdin.isTTY;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-password-"));
    process.stdin.isTTY = false;
  });
  after(async () => {
    process.stdin.isTTY = isTTY;
    delete process.env[keystorePasswordVariable];
    await rm(dir, { recursive: true });
  });

  it("takes the first line of a file, with any line ending", async () => {
    const file = join(dir, "password");
    await writeFile(file, "correct horse\r\nnot this line\n");
    expect(await readPassword({ file })).to.equal("correct horse");
  });

  it("removes the variable from the environment that children inherit, even where a file is given", async () => {
    process.env[keystorePasswordVariable] = "battery staple";
    expect(await readPassword({})).to.equal("battery staple");
    expect(process.env[keystorePasswordVariable]).to.equal(undefined);
    process.env[keystorePasswordVariable] = "battery staple";
    const file = join(dir, "other");
    await writeFile(file, "from the file\n");
    expect(await readPassword({ file })).to.equal("from the file");
    expect(process.env[keystorePasswordVariable]).to.equal(undefined);
  });

  it("reads another variable for another password, and names it where there is none", async () => {
    process.env["CONSILIUM_TEST_ZIP_PASSWORD"] = "zip";
    expect(await readPassword({ variable: "CONSILIUM_TEST_ZIP_PASSWORD" })).to.equal("zip");
    const error = await readPassword({
      variable: "CONSILIUM_TEST_ZIP_PASSWORD",
      fileOption: "--zip-password-file",
    }).catch((reason) => reason);
    expect(error).to.have.property("code", "PASSWORD_MISSING");
    expect(error.remedy).to.include("CONSILIUM_TEST_ZIP_PASSWORD").and.to.include("--zip-password-file");
  });

  it("says which file cannot be read", async () => {
    const error = await readPassword({ file: join(dir, "none") }).catch((reason) => reason);
    expect(error).to.have.property("code", "FILE_UNREADABLE");
  });
});
