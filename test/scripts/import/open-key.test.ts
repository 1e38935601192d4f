import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { writeArchive } from "../../imaging/import/synthetic.ts";

const program = join(import.meta.dirname, "../../../scripts/consilium.ts");

describe("the key of an import's pseudonyms", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-open-key-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("is for its owner alone, and a note names it where others can read it", async () => {
    const archive = await writeArchive(join(root, "archive"), { patients: 4 });
    const key = join(root, "pseudonyms.key");
    const args = [archive, "--out", join(root, "shard"), "--key", key];
    expect(JSON.parse(await importing([...args, "--json"]))).to.include({ isKeyOpen: false });
    expect(await importing(args)).not.to.include(key);
    await chmod(key, 0o644);
    expect(JSON.parse(await importing([...args, "--json"]))).to.include({ isKeyOpen: true });
    expect(await importing(args)).to.include(key);
  });
});

/** What the command prints. */
function importing(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, "import", ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (piece: Buffer) => (text += piece));
    child.on("close", () => resolve(text));
  });
}
