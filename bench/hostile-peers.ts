// What a crowd of hostile peers does to members: 300 strangers that stay connected and keep asking, 400 half-open
// sockets, and 11 members that do not read what they ask for, all at once and each stranger from an address of its own
// (127.0.0.0/8), against four members that exchange the objects of a round. Their round time and memory are compared with
// those of four members that nobody attacks; the crowd runs in a process of its own and shares the machine.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { BenchResult } from "./result.ts";

const membersPath = fileURLToPath(new URL("./hostile-peers/members.ts", import.meta.url));
const crowdPath = fileURLToPath(new URL("./hostile-peers/crowd.ts", import.meta.url));
const warmUp = 5;
const pairs = 15;

interface Round {
  readonly seconds: number;
  readonly memoryBytes: number;
}

/**
 * Two groups of members run side by side, of which the crowd attacks one: rounds of the two alternate, so that both have
 * the same machine, with the crowd's own work on it. Times and memory are medians over the pairs.
 */
export async function run(): Promise<BenchResult> {
  const attacked = start(membersPath);
  const calm = start(membersPath);
  const [target] = await attacked.lines(1);
  await calm.lines(1);
  // Compiles the code, and opens the first connections.
  for (let round = 0; round < warmUp; round++) for (const members of [attacked, calm]) await measure(members);
  const crowd = start(crowdPath, target ?? "");
  const [counts] = await crowd.lines(1);
  const measured: { readonly attacked: Round; readonly calm: Round }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const calmFirst = pair % 2 === 0 ? await measure(calm) : undefined;
    const under = await measure(attacked);
    measured.push({ attacked: under, calm: calmFirst ?? (await measure(calm)) });
  }
  for (const { child } of [crowd, attacked, calm]) child.stdin?.end();
  await Promise.all([crowd.ended, attacked.ended, calm.ended]);
  const ours = median(measured.map(({ attacked: { seconds } }) => seconds));
  const peer = median(measured.map(({ calm: { seconds } }) => seconds));
  const ratio = median(measured.map(({ attacked: one, calm: other }) => one.seconds / other.seconds));
  const extraMB = median(measured.map(({ attacked: one, calm: other }) => one.memoryBytes - other.memoryBytes)) / 1e6;
  const memoryRatio = median(measured.map(({ attacked: one, calm: other }) => one.memoryBytes / other.memoryBytes));
  console.error(`${counts}; memory ${extraMB.toFixed(0)} MB above the undisturbed members'`);
  return { name: "hostile-peers", unit: "seconds", ours, peer, peerName: "undisturbed", ratio, memoryRatio };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  /** The next lines of its standard output. */
  lines(count: number): Promise<readonly string[]>;
}

function start(path: string, ...args: string[]): Running {
  const child = spawn(process.execPath, ["--no-warnings", path, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const reader = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    ended: once(child, "exit"),
    async lines(count) {
      const found: string[] = [];
      while (found.length < count) {
        const next = await reader.next();
        if (next.done) throw new Error(`${path} has ended`);
        found.push(next.value);
      }
      return found;
    },
  };
}

async function measure({ child, lines }: Running): Promise<Round> {
  child.stdin?.write("round\n");
  const [line] = await lines(1);
  return JSON.parse(line ?? "") as Round;
}
