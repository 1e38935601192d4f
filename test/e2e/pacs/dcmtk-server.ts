// A real dcmqrscp of dcmtk that stores the files of a folder. It listens on all addresses: only in a network namespace of its own.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pause } from "../../../foundation/pause.ts";
import { namespace, receiverPort } from "./orthanc-server.ts";

export const dcmtkPort = 11112;
const tools = ["dcmqrscp", "storescu", "echoscu"];

/** What is missing on this machine; undefined if nothing is. */
export function missingForDcmtk(): string | undefined {
  if (tools.some((tool) => spawnSync(tool, ["--version"]).status !== 0)) return "dcmtk";
  return spawnSync("unshare", [...namespace, "true"]).status === 0 ? undefined : "network namespaces";
}

/** Answers when it is ready and has stored the files, which it does where its folder is new. */
export async function startDcmtk(dir: string, archive: string): Promise<ChildProcess> {
  const store = join(dir, "store");
  const isNew = !existsSync(store);
  await mkdir(store, { recursive: true });
  // By the name that its address resolves to.
  const config = [
    ...[`NetworkTCPPort = ${dcmtkPort}`, "MaxPDUSize = 131072", "MaxAssociations = 16"],
    ...["HostTable BEGIN", `consilium = (CONSILIUM, localhost, ${receiverPort})`, "HostTable END"],
    ...["VendorTable BEGIN", "VendorTable END"],
    ...["AETable BEGIN", `DCMTK ${store} RW (500, 1024mb) consilium`, "AETable END", ""],
  ];
  await writeFile(join(dir, "dcmqrscp.cfg"), config.join("\n"));
  // A group of its own: each association is a process, and all of them end together.
  const child = spawn("dcmqrscp", ["-c", join(dir, "dcmqrscp.cfg")], { stdio: "ignore", detached: true });
  const peer = ["-aet", "CONSILIUM", "-aec", "DCMTK", "127.0.0.1", String(dcmtkPort)];
  while (spawnSync("echoscu", peer).status !== 0) {
    if (child.exitCode !== null) throw new Error("dcmqrscp ended");
    await pause(100);
  }
  if (isNew && spawnSync("storescu", [...peer, "+sd", "+r", archive]).status !== 0)
    throw new Error("dcmqrscp does not store");
  return child;
}

export function killDcmtk({ pid }: ChildProcess): void {
  process.kill(-pid!, "SIGKILL");
}

/** The files of one study are lost; its index still names them. */
export async function loseOneStudy(dir: string, instances: readonly string[]): Promise<void> {
  const store = join(dir, "store");
  for (const name of await readdir(store)) {
    const bytes = await readFile(join(store, name));
    if (name !== "index.dat" && instances.some((uid) => bytes.includes(uid))) await rm(join(store, name));
  }
}
