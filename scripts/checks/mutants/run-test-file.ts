// One test file in a process of its own, which ends at the first test that fails.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

export interface TestRun {
  readonly result: "passed" | "failed" | "timed out";
  readonly seconds: number;
  /** The test that failed, or the last lines of a process that ended otherwise. */
  readonly reason: string;
}

export interface TestOptions {
  readonly limitMs: number;
  /** A folder for the coverage that V8 measures. */
  readonly coverage?: string;
}

/** Runs it in the copy at `root`; whatever it started or left in the temporary folder is gone afterwards. */
export async function runTestFile(root: string, file: string, { limitMs, coverage }: TestOptions): Promise<TestRun> {
  const scratch = mkdtempSync(join(root, "run-"));
  if (coverage !== undefined) mkdirSync(coverage, { recursive: true });
  const started = performance.now();
  const child = spawn(
    join(root, "node_modules", ".bin", "mocha"),
    [
      ...["--require", "scripts/checks/mocha-setup.mjs", "--reporter", "scripts/checks/first-failure.cjs"],
      ...["--timeout", String(limitMs), "--no-warnings", file],
    ],
    {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        NO_COLOR: "1",
        TMPDIR: scratch,
        NODE_V8_COVERAGE: coverage,
      },
    },
  );
  const end = () => endGroup(child.pid!);
  process.once("exit", end);
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk).slice(-2000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end();
  }, limitMs);
  const code = await new Promise<number | null>((resolve) => child.on("exit", resolve));
  clearTimeout(timer);
  end();
  process.off("exit", end);
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  const result = late ? "timed out" : code === 0 ? "passed" : "failed";
  return { result, seconds: (performance.now() - started) / 1000, reason: result === "passed" ? "" : lastLine(output) };
}

/** The process and all that it started. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All have ended by themselves.
  }
}

function lastLine(output: string): string {
  const lines = output.trim().split("\n");
  return (lines.findLast((line) => line.startsWith("failed: ")) ?? lines.at(-1) ?? "").slice(0, 300);
}
