// Processor time of other processes, as Linux counts it (proc(5)): Node tells its own only.
import { readFileSync } from "node:fs";

/** Of a running process with all its threads, seconds. */
export function cpuOf(pid: number): number {
  const fields = statOf(pid);
  return secondsOf(fields[11], fields[12]);
}

/** Of the children of this process that have ended and been waited for, seconds. */
export function endedChildrenCpu(): number {
  const fields = statOf("self");
  return secondsOf(fields[13], fields[14]);
}

/** The fields after the name, which may hold blanks itself: the first is the state. */
function statOf(process: number | "self"): string[] {
  const text = readFileSync(`/proc/${process}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** Ticks are hundredths of a second on every architecture (USER_HZ). */
function secondsOf(user: string | undefined, system: string | undefined): number {
  return (Number(user) + Number(system)) / 100;
}
