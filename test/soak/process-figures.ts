// What a process holds, from /proc: a leak shows here, in any part of the program or its libraries.
import { readdir, readFile } from "node:fs/promises";

export interface ProcessFigures {
  /** Resident memory, bytes. */
  readonly residentBytes: number;
  /** Open files, sockets and pipes. */
  readonly handles: number;
  readonly threads: number;
}

/** Undefined for a process that has ended. */
export async function processFigures(pid: number): Promise<ProcessFigures | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const field = (name: string) => Number(status.match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))?.[1] ?? 0);
    const handles = (await readdir(`/proc/${pid}/fd`)).length;
    return { residentBytes: field("VmRSS") * 1024, handles, threads: field("Threads") };
  } catch {
    return undefined;
  }
}
