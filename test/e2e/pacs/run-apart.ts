// Runs a program of this folder in a network namespace of its own.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { namespace } from "./orthanc-server.ts";

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
