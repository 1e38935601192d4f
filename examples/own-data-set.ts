// Imports a hospital's own data set, whose labels are in the hospital's own table, and reads the shard back:
//   node own-data-set.ts ./archive ./diagnoses.json ./shard
// The table is JSON: [{ "patient": "4711", "icd10": "U07.1" }, …]
import { readFile, writeFile } from "node:fs/promises";
import { type ImportProgress, type ImportSummary, importArchive } from "consilium";
import { openShard } from "consilium/imaging";

interface Diagnosis {
  readonly patient: string;
  readonly icd10: string;
}

const [archive = "", table = "", shardDir = ""] = process.argv.slice(2);
const diagnoses = JSON.parse(await readFile(table, "utf8")) as Diagnosis[];
// An import takes patient,label; the patient is the DICOM PatientID, or the name of the patient's folder.
const rows = diagnoses.map(({ patient, icd10 }) => `${patient},${icd10.startsWith("U07") ? "positive" : "negative"}`);
const labels = `${shardDir}.labels.csv`;
await writeFile(labels, `patient,label\n${rows.join("\n")}\n`, { mode: 0o600 });

const shape = { height: 32, width: 32, windows: ["lung" as const, "mediastinum" as const] };
const summary = await finish(importArchive(archive, shardDir, { keyFile: `${shardDir}.key`, labels, shape }));
const { positive, negative, splits, quarantine } = summary;
console.log(`${positive} positive, ${negative} negative, ${splits.train} to train on, ${quarantine.length} refused`);

const shard = await openShard(shardDir);
for (const [index, { patient, label, split }] of shard.scans.entries()) {
  const pixels = shard.read(index); // [slices, height, width, channels], 0 to 255
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  console.log(`${patient.slice(0, 8)} label ${label}, ${split}, mean intensity ${mean.toFixed(1)}`);
}
await shard.close();

/** Runs an import to its end, showing its progress. */
async function finish(work: AsyncGenerator<ImportProgress, ImportSummary>): Promise<ImportSummary> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
    const { stage, done, total } = step.value;
    if (done === total) console.error(`${total} ${stage}`);
  }
}
