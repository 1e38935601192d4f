// Imports an archive and prints the resident memory of the process, with all its threads, after each patient, and its peak.
import { importArchive } from "../../../imaging/import/import-archive.ts";

const [archive, dir] = process.argv.slice(2) as [string, string];
const residentBytes: number[] = [];
// Copies of one patient in folders of their own stand for patients.
const work = importArchive(archive, dir, { keyFile: `${dir}.key`, patientsBy: "folder" });
for (let step = await work.next(); ; step = await work.next()) {
  if (step.done) {
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    console.log(JSON.stringify({ scans: step.value.scans, residentBytes, peakBytes }));
    break;
  }
  if (step.value.stage === "patients") residentBytes.push(process.memoryUsage.rss());
}
