// Run as a program in a network namespace: stores studies in Orthanc and measures, in turns, curl and us; then a whole import.
import { spawn, spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { giveBack } from "../../foundation/give-back.ts";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";
import type { InstanceName } from "../../imaging/source/image-server.ts";
import { openDicomWeb } from "../../io/pacs/dicomweb.ts";
import { login, loginHeaders, orthancUrl, startOrthanc } from "../../test/e2e/pacs/orthanc-server.ts";
import { marker, watchMemory } from "../simulate/process-tree.ts";
import { cpuOf, endedChildrenCpu } from "./processor-time.ts";

/** Seconds for the same answers of the server; medians of the turns. */
export interface Transfer {
  /** Metadata of all studies. */
  readonly metadata: number;
  /** All their instances. */
  readonly instances: number;
}

export interface PacsMeasure {
  /** What is brought is parsed: JSON into data sets, multipart into instances. */
  readonly ours: Transfer;
  /** What is brought is thrown away. */
  readonly curl: Transfer;
  /** Seconds of processor that our part of both takes a turn. */
  readonly ownCpu: number;
  /** Seconds of `consilium import`, and what all its threads hold at the peak. */
  readonly wholeImport: number;
  /** Seconds of processor meanwhile. */
  readonly importCpu: { readonly ours: number; readonly orthanc: number };
  readonly importPeakBytes: number;
}

const turns = 3;
const patients = 4;
const slices = 250;
const connections = 4;
const instanceType = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const dir = process.argv[2]!;
const web = `${orthancUrl}/dicom-web`;

const archive = join(dir, "archive");
const form = { patients, seed: 7, matrix: 512, slices: [slices, slices], encodings: ["explicit-little"] } as const;
for await (const _ of writeSyntheticArchive(archive, form));
const orthanc = await startOrthanc(join(dir, "orthanc"), storedFiles);
try {
  const server = openDicomWeb(new URL(web), "ModalitiesInStudy=CT", {
    ...{ credentials: { kind: "basic", ...login }, tls: {}, proxies: {}, connections },
  });
  const studies: string[] = [];
  for await (const study of server.find({})) studies.push(study);
  const [ours, curl]: [Transfer[], Transfer[]] = [[], []];
  const ownCpu: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    curl.push({
      metadata: await timed(async () => bringByCurl(studies, "application/dicom+json", "/metadata")),
      instances: await timed(async () => bringByCurl(studies, instanceType, "")),
    });
    const cpu = process.cpuUsage();
    const series: InstanceName[] = [];
    ours.push({
      metadata: await timed(async () => {
        for (const study of studies) {
          const instances = await server.instances(study, {});
          series.push(...new Map(instances.map((one) => [one.seriesUid, one])).values());
        }
      }),
      instances: await timed(async () => {
        for (const one of series) await server.bringSeries!(one, async (bytes) => giveBack(bytes), {});
      }),
    });
    const { user, system } = process.cpuUsage(cpu);
    ownCpu.push((user + system) / 1e6);
  }
  await server.close();
  const whole = await importWhole(orthanc.pid!);
  const measure: PacsMeasure = { ours: medians(ours), curl: medians(curl), ownCpu: median(ownCpu), ...whole };
  console.log(JSON.stringify(measure));
} finally {
  orthanc.kill("SIGKILL");
}

async function* storedFiles(): AsyncGenerator<Buffer> {
  const names = await readdir(archive, { recursive: true });
  for (const name of names) if (/\.dcm$/.test(name)) yield readFile(join(archive, name));
}

/** Of all studies over one connection, as Orthanc stores them. */
function bringByCurl(studies: readonly string[], accept: string, path: string): void {
  const headers = [`accept: ${accept}`, "accept-encoding: identity", `authorization: ${loginHeaders.authorization}`];
  const urls = studies.flatMap((study) => ["-o", "/dev/null", `${web}/studies/${study}${path}`]);
  const { status } = spawnSync("curl", ["-sf", ...headers.flatMap((header) => ["-H", header]), ...urls]);
  if (status !== 0) throw new Error(`curl ended with ${status}`);
}

async function importWhole(
  orthancPid: number,
): Promise<Pick<PacsMeasure, "wholeImport" | "importCpu" | "importPeakBytes">> {
  await writeFile(join(dir, "password"), login.password);
  const program = fileURLToPath(new URL("../../scripts/consilium.ts", import.meta.url));
  const run = `pacs-${process.pid}`;
  const args = ["--user", login.user, "--pacs-password-file", join(dir, "password"), "--out", join(dir, "shard")];
  const labels = ["--labels", join(archive, "labels.csv"), "--pictures", "0"];
  const all = ["--disable-warning=ExperimentalWarning", program, "import", `dicomweb+${web}`, ...args, ...labels];
  const memory = watchMemory(run);
  const before = { ours: endedChildrenCpu(), orthanc: cpuOf(orthancPid) };
  const wholeImport = await timed(async () => {
    const child = spawn(process.execPath, all, {
      env: { ...process.env, [marker]: run },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const status = await new Promise((resolve) => child.on("close", resolve));
    if (status !== 0) throw new Error(`the import ended with ${status}`);
  });
  const importCpu = { ours: endedChildrenCpu() - before.ours, orthanc: cpuOf(orthancPid) - before.orthanc };
  return { wholeImport, importCpu, importPeakBytes: memory.stop() };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function medians(transfers: readonly Transfer[]): Transfer {
  return {
    metadata: median(transfers.map(({ metadata }) => metadata)),
    instances: median(transfers.map(({ instances }) => instances)),
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
