// Studies from a real Orthanc over DICOMweb on loopback, by us and by curl: 1,000 slices of 512 x 512. Both ask for the same
// answers, the metadata of the studies and their instances; curl throws them away, we parse them. What an import decodes and
// writes is measured beside it, as a whole import. Orthanc and both run in a network namespace of their own. Debian has it:
// apt-get install --no-install-recommends orthanc orthanc-dicomweb curl
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { missingForOrthanc, namespace } from "../test/e2e/pacs/orthanc-server.ts";
import type { PacsMeasure, Transfer } from "./pacs/measure.ts";
import type { BenchResult } from "./result.ts";

export async function run({ json }: { json: boolean }): Promise<BenchResult> {
  const missing = missingForOrthanc();
  if (missing !== undefined) throw new Error(`not here: ${missing}`);
  const dir = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  try {
    const program = fileURLToPath(new URL("./pacs/measure.ts", import.meta.url));
    const args = [...namespace, process.execPath, "--disable-warning=ExperimentalWarning", program, dir];
    const child = spawn("unshare", args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (piece: Buffer) => (text += piece));
    await new Promise((resolve) => child.on("close", resolve));
    const { ours, curl, ownCpu, wholeImport, importCpu, importPeakBytes } = JSON.parse(text) as PacsMeasure;
    const total = ({ metadata, instances }: Transfer) => metadata + instances;
    const orthancAlone = total(curl) / wholeImport;
    if (!json) {
      const line = (what: keyof Transfer) => `${what} ${ours[what].toFixed(1)} s (curl ${curl[what].toFixed(1)} s)`;
      console.error(`${line("metadata")}, ${line("instances")}; of ours ${ownCpu.toFixed(1)} s are processor time`);
      const peak = (importPeakBytes / 1e6).toFixed(0);
      console.error(`whole import: ${wholeImport.toFixed(1)} s, ${peak} MB at the peak (limit 600)`);
      const share = (100 * orthancAlone).toFixed(0);
      console.error(`Orthanc alone takes ${share} % of it (curl's ${total(curl).toFixed(1)} s)`);
      const cpu = `import ${importCpu.ours.toFixed(1)} s, Orthanc ${importCpu.orthanc.toFixed(1)} s`;
      console.error(`processor time of both meanwhile: ${cpu}; this machine has ${availableParallelism()} cores`);
    }
    const peerName = "curl, the same requests";
    const costs = {
      unit: "seconds" as const,
      ours: total(ours),
      peer: total(curl),
      peerName,
      ratio: total(ours) / total(curl),
    };
    const processorSeconds = { import: importCpu.ours, Orthanc: importCpu.orthanc };
    const shares = { "Orthanc alone, of the whole import": orthancAlone };
    return { name: "pacs", ...costs, memoryRatio: null, peakBytes: importPeakBytes, processorSeconds, shares };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
