// What each test file runs, and how long that takes, without a fault: a fault is tried only on the tests that reach it.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256 } from "../../../foundation/sha256.ts";
import type { CopiedTree } from "./copied-tree.ts";
import { readCoverage, type Spans } from "./coverage.ts";
import type { Mutation } from "./mutations.ts";
import { runTestFile } from "./run-test-file.ts";

export interface MeasuredTest {
  readonly file: string;
  /** Of the test file's own text. */
  readonly digest: string;
  readonly seconds: number;
  /** The spans of each source that it runs. */
  readonly ran: Readonly<Record<string, Spans>>;
}

export interface MeasureOptions {
  readonly tests: readonly string[];
  /** The files whose coverage is kept. */
  readonly sources: ReadonlySet<string>;
  /** Where the measures are kept for the next run. */
  readonly notes?: string | undefined;
  readonly say: (line: string) => void;
}

const measureLimitMs = 600_000;

/**
 * Runs every test file once. Test files of the same text are taken from `notes`, where the measures are kept: delete it
 * after a change of sources.
 */
export async function measureTests(
  tree: CopiedTree,
  { tests, sources, notes, say }: MeasureOptions,
): Promise<MeasuredTest[]> {
  const known =
    notes !== undefined && existsSync(notes) ? (JSON.parse(readFileSync(notes, "utf8")) as MeasuredTest[]) : [];
  const measured: MeasuredTest[] = [];
  const coverage = join(tree.root, "coverage");
  for (const file of tests) {
    const digest = Buffer.from(sha256(tree.read(file))).toString("hex");
    const before = known.find((test) => test.file === file && test.digest === digest);
    if (before) {
      measured.push(before);
      continue;
    }
    const { result, seconds, reason } = await runTestFile(tree.root, file, { limitMs: measureLimitMs, coverage });
    say(`${seconds.toFixed(1).padStart(6)} s  ${file}${result === "passed" ? "" : `: ${result}, left out: ${reason}`}`);
    if (result === "passed") {
      measured.push({ file, digest, seconds, ran: readCoverage(coverage, tree.root, sources) });
      if (notes !== undefined) writeFileSync(notes, JSON.stringify(measured));
    }
    rmSync(coverage, { recursive: true, force: true });
  }
  return measured;
}

/** The tests that run the faulty place: those of the file itself first, then those of its room, then the fastest. */
export function testsOf({ file, start }: Mutation, measured: readonly MeasuredTest[]): MeasuredTest[] {
  return measured
    .filter(({ ran }) => ran[file]?.some(([from, to]) => from <= start && start < to))
    .map((test) => ({ test, distance: distance(test.file, file) }))
    .sort((a, b) => a.distance - b.distance || a.test.seconds - b.test.seconds)
    .map(({ test }) => test);
}

function distance(test: string, source: string): number {
  if (test === `test/${source.replace(/\.ts$/, ".test.ts")}`) return 0;
  return test.startsWith(`test/${dirname(source)}/`) ? 1 : 2;
}
