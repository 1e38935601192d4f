// A copy of the project in which faults are tried: no fault ever stands in the files that someone works on.
import { execFileSync } from "node:child_process";
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface CopiedTree {
  readonly root: string;
  /** Paths of all files from the root. */
  readonly files: readonly string[];
  read(file: string): string;
  write(file: string, text: string): void;
  remove(): void;
}

/** What the set-up made and git does not know; compiled contracts are needed by the tests on Hardhat. */
const made = ["artifacts", "cache"];

/** Copies the files that git knows or would take up, as they are now. */
export function copyTree(project: string): CopiedTree {
  const root = mkdtempSync(join(tmpdir(), "consilium-mutants-"));
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: project,
  });
  const files = listed
    .toString()
    .split("\0")
    .filter((file) => isFile(join(project, file)));
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    cpSync(join(project, file), join(root, file));
  }
  for (const folder of made) cpSync(join(project, folder), join(root, folder), { recursive: true });
  symlinkSync(join(project, "node_modules"), join(root, "node_modules"));
  return {
    root,
    files,
    read: (file) => readFileSync(join(root, file), "utf8"),
    write: (file, text) => writeFileSync(join(root, file), text),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Not so for files that were deleted since, and for a link to another checkout's packages. */
function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
