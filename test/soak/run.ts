// Runs a federation of real processes for a long time, and judges whether the memory and the handles of each stay flat:
//   npm run test:soak -- --minutes 120             four hospitals and an aggregator
//   npm run test:soak -- --minutes 10 --train-ms 500 --json
import { parseArgs } from "node:util";
import { RealFederation } from "../e2e/real-federation.ts";
import { type ProcessFigures, processFigures } from "./process-figures.ts";
import { trendOf } from "./verdict.ts";

const usage = "usage: npm run test:soak -- [--minutes N] [--hospitals N] [--train-ms N] [--json]";
const samplesWanted = 240;
const mebibyte = 2 ** 20;

function readArguments() {
  try {
    return parseArgs({
      options: {
        minutes: { type: "string", default: "120" },
        hospitals: { type: "string", default: "4" },
        "train-ms": { type: "string", default: "15000" },
        json: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(1);
  }
}

const options = readArguments();
const [minutes, hospitals, trainMs] = [options.minutes, options.hospitals, options["train-ms"]].map(Number);
if (!minutes || minutes <= 0 || !hospitals || !Number.isInteger(hospitals) || !trainMs || trainMs <= 0) {
  console.error(usage);
  process.exit(1);
}

const federation = await RealFederation.found({ hospitals, rounds: 1_000_000, trainMs });
process.once("SIGINT", () => void federation.stop().then(() => process.exit(130)));
try {
  await federation.start();
  const samples = new Map<string, ProcessFigures[]>();
  const startedAt = performance.now();
  const endsAt = startedAt + minutes * 60_000;
  const everyMs = Math.max(1000, (endsAt - startedAt) / samplesWanted);
  let dead: string | undefined;
  let reportedMinute = 0;
  for (let at = startedAt; at < endsAt && !dead; at += everyMs) {
    await federation.until(() => performance.now() >= at + everyMs, { withinMs: everyMs + 1000 }).catch(() => {});
    for (const { name, pid } of federation.processes()) {
      const figures = await processFigures(pid);
      if (!figures) dead = name;
      else samples.set(name, [...(samples.get(name) ?? []), figures]);
    }
    const minute = Math.floor((performance.now() - startedAt) / 60_000);
    if (minute > reportedMinute) console.error(`${minute} min, round ${await federation.ledger.latestRound()}`);
    reportedMinute = Math.max(reportedMinute, minute);
  }
  const rounds = await federation.ledger.latestRound();
  const parties = [...samples].map(([name, each]) => ({
    name,
    residentMiB: trendOf(
      each.map(({ residentBytes }) => Math.round(residentBytes / mebibyte)),
      { factor: 1.1, amount: 15 },
    ),
    handles: trendOf(
      each.map(({ handles }) => handles),
      { factor: 1.1, amount: 4 },
    ),
    threads: trendOf(
      each.map(({ threads }) => threads),
      { factor: 1, amount: 1 },
    ),
  }));
  const flat = !dead && parties.every((each) => each.residentMiB.flat && each.handles.flat && each.threads.flat);
  if (options.json) console.log(JSON.stringify({ minutes, rounds, flat, dead, parties }));
  else {
    for (const { name, residentMiB, handles, threads } of parties) {
      const change = ({ first, last }: { first: number; last: number }) => `${first} → ${last}`;
      console.log(
        `${name.padEnd(12)} ${change(residentMiB)} MiB, ${change(handles)} handles, ${change(threads)} threads`,
      );
    }
    console.log(`${rounds} rounds in ${minutes} minutes: ${dead ? `${dead} ended` : flat ? "flat" : "NOT FLAT"}`);
  }
  process.exitCode = flat ? 0 : 1;
} finally {
  await federation.stop();
}
