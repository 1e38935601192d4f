// The machine: its disk, memory, clock-independent parts of it, and whether there is a GPU.
import { existsSync } from "node:fs";
import { totalmem } from "node:os";
import { dirname } from "node:path";
import { diskSpaceOf } from "../../io/store/disk-space.ts";
import { bad, type Finding, good, note } from "./finding.ts";

const giB = 2 ** 30;
/** A few rounds of the large preset take this much. */
const comfortableDisk = 20 * giB;
const leastDisk = giB;
/** docs/operators-guide.md: what a hospital's training needs. */
const hospitalMemory = 4 * giB;
const aggregatorMemory = giB;

export interface MachineFacts {
  readonly store: string;
  readonly trains: boolean;
}

export async function checkMachine({ store, trains }: MachineFacts): Promise<readonly Finding[]> {
  const findings = [await checkDisk(store), checkMemory(trains)];
  return trains ? [...findings, checkGpu()] : findings;
}

async function checkDisk(store: string): Promise<Finding> {
  let folder = store;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { freeBytes: free } = await diskSpaceOf(folder);
  const text = `${(free / giB).toFixed(1)} GiB free for the store ${store}`;
  if (free < leastDisk) return bad("disk", text, "free some space, or give another folder as store");
  if (free < comfortableDisk) return note("disk", text, "enough for small models; maxStoreGiB limits what is kept");
  return good("disk", text);
}

function checkMemory(trains: boolean): Finding {
  const bytes = totalmem();
  const least = trains ? hospitalMemory : aggregatorMemory;
  const text = `${(bytes / giB).toFixed(1)} GiB of memory`;
  if (bytes >= least) return good("memory", text);
  return note("memory", text, `${least / giB} GiB and more are advised for this role`);
}

function checkGpu(): Finding {
  const isThere = existsSync("/dev/nvidiactl") || existsSync("/dev/nvidia0");
  return good("gpu", isThere ? "an NVIDIA GPU is there, and not used yet" : "no NVIDIA GPU, and none is used yet");
}
