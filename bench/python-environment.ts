// A peer's Python environment in the user's cache, made by the first run that needs it.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** @returns the environment's folder */
export async function pythonEnvironment(name: string, requirements: string): Promise<string> {
  const base = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const cache = process.env["CONSILIUM_CACHE"] || join(base, "consilium");
  const environment = join(cache, `bench-${name}`);
  const stamp = join(environment, ".complete");
  if (existsSync(stamp)) return environment;
  await mkdir(cache, { recursive: true });
  await execute("python3", ["-m", "venv", "--clear", environment]);
  await execute(join(environment, "bin/pip"), ["install", "-q", "-r", requirements], { maxBuffer: 1 << 26 });
  await writeFile(stamp, "");
  return environment;
}
