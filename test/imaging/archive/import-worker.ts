// A process that imports and may be killed at any instant: node import-worker.ts SOURCE SHARD; a line a patient.
import { importInto } from "./synthetic.ts";

const [source, dir] = process.argv.slice(2) as [string, string];
const summary = await importInto(source, dir, {}, { onPatient: () => void process.stdout.write(".\n") });
process.stdout.write(`${summary.root} ${summary.resumed}\n`);
