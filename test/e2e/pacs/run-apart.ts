// Runs a program of this folder in a network namespace of its own.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { missingForOrthanc, namespace } from "./orthanc-server.ts";

/** @returns what it prints, as JSON */
export async function runApart<T>(name: string, ...own: string[]): Promise<T> {
  const program = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const args = [...namespace, process.execPath, "--disable-warning=ExperimentalWarning", program, ...own];
  const child = spawn("unshare", args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (piece: Buffer) => (text += piece));
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect(status).to.equal(0);
  return JSON.parse(text) as T;
}

/** Runs a program that starts Orthanc, in a folder of its own that is removed; skips the suite where Orthanc is not here. */
export async function runWithOrthanc<T>(suite: Mocha.Context, name: string): Promise<T> {
  const missing = missingForOrthanc();
  if (missing !== undefined) {
    console.log(`      skipped: ${missing} not here`);
    suite.skip();
  }
  const root = await mkdtemp(join(tmpdir(), "consilium-orthanc-"));
  try {
    return await runApart<T>(name, root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
