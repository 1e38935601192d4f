// What a crowd of hostile peers does to members: 300 strangers that stay connected and keep asking, 400 half-open
// sockets, and 11 members that do not read what they ask for, all at once and each stranger from an address of its own
// (127.0.0.0/8), against four members that exchange the objects of a round. Members' round time and memory with the
// crowd are compared with those without it; the crowd runs in a process of its own and shares the machine.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { BenchResult } from "./result.ts";

const membersPath = fileURLToPath(new URL("./hostile-peers/members.ts", import.meta.url));
const crowdPath = fileURLToPath(new URL("./hostile-peers/crowd.ts", import.meta.url));
const rounds = 7;

interface Round {
  readonly seconds: number;
  readonly memoryBytes: number;
}

/** Times are the fastest of several rounds (other work on the machine only ever adds); memory is the largest. */
export async function run(): Promise<BenchResult> {
  const members = start(membersPath);
  const [target] = await members.lines(1);
  await measure(members); // compiles the code, and opens the first connections
  const calm = await measure(members);
  const crowd = start(crowdPath, target ?? "");
  const [counts] = await crowd.lines(1);
  const disturbed = await measure(members);
  crowd.child.stdin?.end();
  members.child.stdin?.end();
  await Promise.all([crowd.ended, members.ended]);
  const extraMB = (disturbed.memoryBytes - calm.memoryBytes) / 1e6;
  console.error(`${counts}; memory ${extraMB.toFixed(0)} MB above the undisturbed members'`);
  return {
    name: "hostile-peers",
    unit: "seconds",
    ours: disturbed.seconds,
    peer: calm.seconds,
    peerName: "undisturbed",
    ratio: disturbed.seconds / calm.seconds,
    memoryRatio: disturbed.memoryBytes / calm.memoryBytes,
  };
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
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    child.stdin?.write("round\n");
    const [line] = await lines(1);
    measured.push(JSON.parse(line ?? "") as Round);
  }
  return {
    seconds: Math.min(...measured.map(({ seconds }) => seconds)),
    memoryBytes: Math.max(...measured.map(({ memoryBytes }) => memoryBytes)),
  };
}
