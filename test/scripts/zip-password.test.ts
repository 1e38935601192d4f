import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { FedError } from "../../foundation/errors.ts";
import { withZipPassword } from "../../scripts/terminal/zip-password.ts";
import { codeOf } from "../imaging/import/synthetic.ts";

const variable = "CONSILIUM_ZIP_PASSWORD";

describe("the password of zips", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-zip-password-"));
    await writeFile(join(root, "password"), "thankyou\nsecond line\n");
  });
  after(async () => {
    delete process.env[variable];
    await rm(root, { recursive: true, force: true });
  });
  const received = async (password: string | undefined) => password;

  it("comes from a file or the environment, which then forgets it", async () => {
    expect(await withZipPassword({ passwordFile: join(root, "password") }, received)).to.equal("thankyou");
    process.env[variable] = "from outside";
    expect(await withZipPassword({}, received)).to.equal("from outside");
    expect(process.env[variable]).to.equal(undefined);
    expect(await withZipPassword({}, received)).to.equal(undefined);
  });

  it("is refused as an argument, which everybody on the machine can read", async () => {
    const error = await withZipPassword({ password: "thankyou" }, received).catch((cause: unknown) => cause);
    expect(error).to.deep.include({ code: "PASSWORD_IN_ARGUMENT" });
    expect((error as FedError).message).not.to.include("thankyou");
  });

  it("is not asked for where there is no terminal", async function () {
    if (process.stdin.isTTY) this.skip();
    const work = () => Promise.reject(new FedError("ZIP_PASSWORD"));
    expect(await codeOf(withZipPassword({}, work))).to.equal("ZIP_PASSWORD");
  });
});
