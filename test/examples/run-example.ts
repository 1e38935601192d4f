// Runs an example as its reader does, against the sources: "consilium" resolves to library/ by its own condition.
import { execFile } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** @returns the exit code and what it printed */
export function runExample(name: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const flags = ["--conditions=consilium-source", "--disable-warning=ExperimentalWarning"];
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, join(root, "examples", name), ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}
