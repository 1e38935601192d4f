// Runs every suite and ends with one line that a program can read: "N passed, N failed, N skipped".
//   npm test                 contracts (Solidity and TypeScript) and all rooms
//   npm run test:e2e         real processes, long runs
//   npm test -- test/io      only the files below a folder
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Print, sideBySide } from "./side-by-side.ts";

interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  /** Title and message of each failed test. */
  failures?: readonly string[];
  /** The same of each test that failed once and was run again. */
  retried?: readonly string[];
}

// Hardhat's matchers replace chai's own closeTo and above by ones for integers: its suites have a process of their own.
const onHardhat = [
  "test/contracts/**/*.test.ts",
  "test/io/chain/**/*.test.ts",
  "test/scripts/ledger-*.test.ts",
  "test/examples/audit.test.ts",
];
/** What runs beside the rest of `npm test`, on a second core. */
const imaging = ["test/imaging/**/*.test.ts", "test/decoders/**/*.test.ts"];
const slowOnHardhat = [
  "test/e2e/audit.e2e.ts",
  "test/e2e/gas.e2e.ts",
  "test/e2e/hostile-histories.e2e.ts",
  "test/e2e/package.e2e.ts",
];
/** A chain with a block a second, and a deployment that is killed between its transactions: nothing else may take its time. */
const onRealChains = ["test/e2e/chains.e2e.ts"];
/** Real federations that mostly wait for their own deadlines: they run beside the other end-to-end suites. */
const waiting = ["test/e2e/runbook.e2e.ts", "test/e2e/strategies.e2e.ts"];

const args = process.argv.slice(2);
const e2e = args.includes("--e2e");
const places = args.filter((argument) => !argument.startsWith("--"));
let outcomeFiles = 0;
const scratch = mkdtempSync(join(tmpdir(), "consilium-tests-"));

try {
  const show: Print = (text) => process.stdout.write(text);
  const outcomes: Outcome[] = [];
  if (e2e && places.length === 0) {
    for (const suites of [slowOnHardhat, onRealChains]) outcomes.push(await mocha(suites)(show));
    const rest = mocha(["test/e2e/**/*.e2e.ts"], [...slowOnHardhat, ...onRealChains, ...waiting]);
    outcomes.push(...(await sideBySide([[rest], [mocha(waiting)]], show)));
  } else if (places.length > 0) outcomes.push(await mocha(places)(show));
  else {
    // Alone: it compiles the tests, and the others read what was compiled.
    outcomes.push(await solidity(show));
    const rest = mocha(["test/**/*.test.ts"], [...onHardhat, ...imaging]);
    outcomes.push(...(await sideBySide([[mocha(onHardhat), mocha(imaging)], [rest]], show)));
  }
  const total = outcomes.reduce((sum, each) => ({
    passed: sum.passed + each.passed,
    failed: sum.failed + each.failed,
    skipped: sum.skipped + each.skipped,
  }));
  // Once more: some read only the end of a long output.
  const list = (word: string, tests: readonly string[] = []) => {
    for (const test of tests) console.log(`${word}: ${test.replaceAll(/\s+/g, " ").slice(0, 500)}`);
  };
  for (const { retried, failures } of outcomes) {
    list(
      "run again",
      retried?.filter((test) => !failures?.includes(test)),
    );
    list("failed", failures);
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Fuzz and invariant tests written in Solidity, counted from Hardhat's own closing lines. */
async function solidity(print: Print): Promise<Outcome> {
  const { code, output } = await run("node_modules/.bin/hardhat", ["test", "solidity"], print);
  const count = (word: string) => Number(output.match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0);
  const outcome = { passed: count("passing"), failed: count("failing"), skipped: count("skipped") };
  // A run that died without a count (a compiler error, say) is one failure, never none.
  if (code === 0) return outcome;
  return {
    ...outcome,
    failed: Math.max(1, outcome.failed),
    failures: [`hardhat test solidity ended with code ${code}`],
  };
}

/** A run of the files in a process of its own. */
function mocha(files: readonly string[], ignored: readonly string[] = []): (print: Print) => Promise<Outcome> {
  const report = join(scratch, `mocha-${outcomeFiles++}.json`);
  const options = [
    ...["--require", "scripts/checks/mocha-setup.mjs"],
    ...["--reporter", "scripts/checks/reporter.cjs", "--reporter-option", `output=${report}`],
    ...["--timeout", e2e ? "900000" : "60000"],
    // Real processes keep real time limits, on machines that others slow down. A test that passes only when run again is named
    // at the end: it may hide a fault that shows now and then, and is to be looked into.
    ...["--retries", "1"],
    ...["--recursive", "--extension", "test.ts", "--no-warnings"],
    ...(process.stdout.isTTY ? ["--color"] : []),
    ...ignored.flatMap((pattern) => ["--ignore", pattern]),
  ];
  return async (print) => {
    const { code } = await run("node_modules/.bin/mocha", [...options, ...files], print);
    try {
      const outcome = JSON.parse(readFileSync(report, "utf8")) as Outcome;
      if (outcome.failed > 0 || code === 0) return outcome;
      return { ...outcome, failed: 1, failures: [`${files.join(" ")}: mocha ended with code ${code}`] };
    } catch {
      return { passed: 0, failed: 1, skipped: 0, failures: [`${files.join(" ")}: mocha ended without a report`] };
    }
  };
}

function run(file: string, args: string[], print: Print): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ["ignore", "pipe", "inherit"],
      // What is tested prints plain text, wherever the tests run; the runner's own colours are asked for by flag.
      env: { ...process.env, NO_COLOR: "1" },
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
      print(chunk);
    });
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
