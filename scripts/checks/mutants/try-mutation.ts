// One fault on trial: is there a test that fails with it?
import { type MeasuredTest, testsOf } from "./baseline.ts";
import type { CopiedTree } from "./copied-tree.ts";
import { changedLine, type Mutation, mutated } from "./mutations.ts";
import { runTestFile } from "./run-test-file.ts";

export interface Trial {
  readonly file: string;
  readonly line: number;
  readonly operator: string;
  readonly before: string;
  readonly after: string;
  /** "not run" is a survivor too: no test reaches the place. */
  readonly result: "found" | "timed out" | "survived" | "not run";
  readonly seconds: number;
  /** The test files that passed with the fault. */
  readonly passed: readonly string[];
  /** The test file that found it, and its reason. */
  readonly foundBy?: string;
  readonly reason?: string;
}

/** A test with a fault that makes it hang is ended after this, and after five times its usual time. */
const leastLimitMs = 20_000;

/**
 * Runs the tests that reach the fault one after another until one fails.
 * @param mostSeconds no further test is begun once those that ran would take this long without a fault
 */
export async function tryMutation(
  tree: CopiedTree,
  mutation: Mutation,
  { measured, mostSeconds }: { measured: readonly MeasuredTest[]; mostSeconds: number },
): Promise<Trial> {
  const text = tree.read(mutation.file);
  const { operator, file } = mutation;
  const facts = { file, operator, ...changedLine(text, mutation) };
  const started = performance.now();
  const tests = testsOf(mutation, measured);
  const passed: string[] = [];
  const seconds = () => Math.round((performance.now() - started) / 100) / 10;
  tree.write(file, mutated(text, mutation));
  try {
    let usual = 0;
    for (const test of tests) {
      if (usual >= mostSeconds) break;
      usual += test.seconds;
      const limitMs = leastLimitMs + 5000 * test.seconds;
      const { result, reason } = await runTestFile(tree.root, test.file, { limitMs });
      if (result === "passed") passed.push(test.file);
      else
        return {
          ...facts,
          result: result === "failed" ? "found" : result,
          seconds: seconds(),
          passed,
          foundBy: test.file,
          reason,
        };
    }
  } finally {
    tree.write(file, text);
  }
  return { ...facts, result: tests.length === 0 ? "not run" : "survived", seconds: seconds(), passed };
}
