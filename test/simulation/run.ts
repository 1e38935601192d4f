// Runs many seeds of the simulator, or one:
//   npm run test:sim -- --seeds 10000             seeds 1 to 10000
//   npm run test:sim -- --from 501 --seeds 500    seeds 501 to 1000
//   npm run test:sim -- --seed 214                one seed: its faults, and its last calls if a rule is broken
//   npm run test:sim -- --private --seeds 100     rounds with private sums
//   npm run test:sim -- --buckets --seeds 100     rounds with private sums of buckets
//   npm run test:sim -- --noise --seeds 100       rounds with private sums, noise and a budget
import { parseArgs } from "node:util";
import { describeFailure, type Outcome, runSeed } from "./run-seed.ts";

const kinds = "[--private | --buckets | --noise]";
const usage = `usage: npm run test:sim -- ${kinds} [--seeds N] [--from N] | ${kinds} --seed N`;

function wholeNumber(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  console.error(`--${option} takes a whole number from 1 on, not "${text}"\n${usage}`);
  process.exit(1);
}

function readArguments() {
  try {
    const options = {
      seeds: { type: "string" },
      from: { type: "string" },
      seed: { type: "string" },
      private: { type: "boolean" },
      buckets: { type: "boolean" },
      noise: { type: "boolean" },
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(1);
  }
}

const { seeds = "1000", from = "1", seed, ...asked } = readArguments();
const { private: isPrivate = false, buckets: isBucketed = false, noise: isNoisy = false } = asked;
const kind = { isPrivate, isBucketed, isNoisy };
if (seed !== undefined) {
  const outcome = await runSeed(wholeNumber(seed, "seed"), undefined, kind);
  console.log(JSON.stringify(outcome.faults, null, 2));
  for (const line of outcome.failure?.trace ?? []) console.log(line);
  console.log(describeFailure(outcome));
  const { steps, virtualSeconds, finals, crashes, reorganisations, fingerprint } = outcome;
  console.log(`${steps} steps, ${virtualSeconds.toFixed(0)} virtual seconds, ${finals} final models`);
  console.log(`${crashes} crashes, ${reorganisations} reorganisations, fingerprint ${fingerprint}`);
  process.exitCode = outcome.failure ? 1 : 0;
} else {
  const first = wholeNumber(from, "from");
  const last = first + wholeNumber(seeds, "seeds") - 1;
  const failed: Outcome[] = [];
  const total = { steps: 0, virtualSeconds: 0, finals: 0, crashes: 0, reorganisations: 0 };
  let reportedAt = performance.now();
  for (let each = first; each <= last; each++) {
    const outcome = await runSeed(each, undefined, kind);
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += outcome[key];
    if (outcome.failure) {
      failed.push(outcome);
      console.log(describeFailure(outcome));
    }
    if (performance.now() - reportedAt < 10_000) continue;
    reportedAt = performance.now();
    console.error(`seed ${each} of ${last}, ${failed.length} failed`);
  }
  const { steps, virtualSeconds, finals, crashes, reorganisations } = total;
  console.log(`${steps} steps, ${(virtualSeconds / 3600).toFixed(1)} virtual hours, ${finals} final models`);
  console.log(`${crashes} crashes, ${reorganisations} reorganisations`);
  console.log(`${last - first + 1 - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}
