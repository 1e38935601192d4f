// The machine: its disk, memory, clock-independent parts of it, and whether there is a GPU.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fetchedPackages, foundFolder } from "../../foundation/fetched-packages.ts";
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
  /** Files of which one is there where a GPU is; default: those of NVIDIA's driver. */
  readonly gpuDevices?: readonly string[];
  /** Folder of the TensorFlow package; default: the one that training uses. */
  readonly tensorflow?: string | undefined;
}

export async function checkMachine({
  store,
  trains,
  gpuDevices = nvidiaDevices,
  tensorflow = tensorflowFolder(),
}: MachineFacts): Promise<readonly Finding[]> {
  const findings = [await checkDisk(store), checkMemory(trains)];
  return trains ? [...findings, await checkGpu(gpuDevices, tensorflow)] : findings;
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

/** NVIDIA's driver makes these. */
const nvidiaDevices = ["/dev/nvidiactl", "/dev/nvidia0"];

function tensorflowFolder(): string | undefined {
  const folder = foundFolder("tensorflow");
  return folder && join(folder, "node_modules", fetchedPackages.tensorflow.name);
}

async function checkGpu(devices: readonly string[], tfjs: string | undefined): Promise<Finding> {
  const isThere = devices.some((device) => existsSync(device));
  const stamp = tfjs && (await readFile(join(tfjs, ".consilium-binding"), "utf8").catch(() => ""));
  const isForGpu = stamp?.endsWith("-gpu") ?? false;
  if (isThere && isForGpu) return good("gpu", "an NVIDIA GPU is there, and TensorFlow is set up for it");
  if (isThere) {
    const remedy = "CONSILIUM_GPU=1 consilium fetch tensorflow sets it up (3 GB); this was never tried on a GPU";
    return note("gpu", "an NVIDIA GPU is there, and TensorFlow is set up for the processor", remedy);
  }
  if (isForGpu) {
    const remedy = "check NVIDIA's driver by nvidia-smi, or go back by CONSILIUM_GPU=0 consilium fetch tensorflow";
    return note("gpu", "TensorFlow is set up for an NVIDIA GPU, and none is there: it uses the processor", remedy);
  }
  return good("gpu", "no NVIDIA GPU: TensorFlow is set up for the processor");
}
