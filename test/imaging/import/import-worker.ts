// A process that imports, tells each patient by a line, and sends itself a signal after so many of them, so that it cannot
// be done before another process does: node import-worker.ts SOURCE SHARD SIGNAL PATIENTS.
import { importInto } from "./synthetic.ts";

const [source, dir, signal, patients] = process.argv.slice(2) as [string, string, NodeJS.Signals, string];
let seen = 0;
const onPatient = () => {
  process.stdout.write(".\n");
  if (++seen === Number(patients)) process.kill(process.pid, signal);
};
await importInto(source, dir, {}, { onPatient });
