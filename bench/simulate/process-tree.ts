// Memory of everything that a command started, daemons included: they all inherit one variable of the environment.
import { readdirSync, readFileSync } from "node:fs";

export const marker = "CONSILIUM_BENCH_RUN";

/** Processes that carry the marker with this value. */
export function markedProcesses(value: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${marker}=${value}`);
      } catch {
        return false; // it has ended, or belongs to somebody else
      }
    });
}

/** Peak of the sum of their proportional set sizes, bytes: shared pages count once. */
export function watchMemory(value: string): { stop(): number } {
  let peak = 0;
  const look = () => {
    const sum = markedProcesses(value).reduce((total, pid) => total + proportionalBytes(pid), 0);
    peak = Math.max(peak, sum);
  };
  const timer = setInterval(look, 250);
  return {
    stop() {
      clearInterval(timer);
      look();
      return peak;
    },
  };
}

function proportionalBytes(pid: number): number {
  try {
    const [, kibibytes = "0"] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
    return Number(kibibytes) * 1024;
  } catch {
    return 0;
  }
}
