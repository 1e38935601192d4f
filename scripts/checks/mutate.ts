// Tries small faults in a copy of the project, one at a time, and shows which of them no test finds.
//   npm run test:mutants                                   27 faults in each room of protocol/, io/chain, node and party
//   npm run test:mutants -- --each 5 protocol/format       five faults of one room
//   npm run test:mutants -- --json report.json             the report as JSON, written after each fault
//   npm run test:mutants -- --again report.json            only the survivors of a report
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { table } from "../terminal/table.ts";
import { measureTests } from "./mutants/baseline.ts";
import { chooseMutations, inTurns } from "./mutants/choose.ts";
import { copyTree } from "./mutants/copied-tree.ts";
import { changedLine, type Mutation, mutationsOf } from "./mutants/mutations.ts";
import { type Trial, tryMutation } from "./mutants/try-mutation.ts";

const protocolRooms = ["format", "contract", "update", "strategy", "judge", "audit"];
const usualRooms = [...protocolRooms.map((room) => `protocol/${room}`), "io/chain", "node", "party"];
/** The tests that are shown the faults; all others need minutes, or reach these rooms by way of the same code. */
const testFolders = ["protocol", "io/chain", "node", "party", "aggregator", "decoders"];
const furtherTests = ["test/contracts/rules.test.ts", "test/simulation/simulation.test.ts"];
const usage = `usage: npm run test:mutants -- [ROOM...] [options]
  --each N           faults of each room (27)
  --seed N           another seed chooses other faults (1)
  --most-seconds N   of tests for each fault, by their usual time (40)
  --notes FILE       keeps what each test runs: a second run begins at once. Delete it after a change of sources
  --json FILE        writes the report
  --again FILE       tries the survivors of a report instead`;

const { values, positionals } = readArguments();
const from = process.env["INIT_CWD"] ?? process.cwd();
const rooms = positionals.length > 0 ? positionals.map((room) => room.replace(/\/+$/, "")) : usualRooms;
const tree = copyTree(fileURLToPath(new URL("../..", import.meta.url)));
process.on("exit", () => tree.remove());
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

const sources = new Map(tree.files.filter(isSource).map((file) => [file, tree.read(file)]));
const mutations = values.again === undefined ? chosen() : survivorsOf(resolve(from, values.again));
if (mutations.length === 0) fail(`nothing to try in ${rooms.join(", ")}`);
const measured = await measureTests(tree, {
  tests: tree.files.filter(isTest),
  sources: new Set(sources.keys()),
  notes: values.notes === undefined ? undefined : resolve(from, values.notes),
  say: (line) => console.error(line),
});
const trials: Trial[] = [];
for (const mutation of mutations) {
  const trial = await tryMutation(tree, mutation, { measured, mostSeconds: wholeNumber("most-seconds") });
  trials.push(trial);
  const { result, seconds, file, line, operator } = trial;
  console.error(`${trials.length}/${mutations.length}  ${result}, ${seconds} s  ${file}:${line}  ${operator}`);
  if (values.json !== undefined) writeFileSync(resolve(from, values.json), `${JSON.stringify(trials, null, 1)}\n`);
}
show();

function readArguments() {
  try {
    const text = (value: string) => ({ type: "string", default: value }) as const;
    const file = { type: "string" } as const;
    const options = {
      each: text("27"),
      seed: text("1"),
      "most-seconds": text("40"),
      notes: file,
      json: file,
      again: file,
    };
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return fail((error as Error).message);
  }
}

function wholeNumber(option: "each" | "seed" | "most-seconds"): number {
  const value = Number(values[option]);
  return Number.isSafeInteger(value) && value >= 1 ? value : fail(`--${option} takes a whole number from 1 on`);
}

function fail(message: string): never {
  console.error(`${message}\n${usage}`);
  process.exit(1);
}

function isSource(file: string): boolean {
  return roomOf(file) !== undefined && file.endsWith(".ts") && !file.endsWith("-wasm.ts");
}

function isTest(file: string): boolean {
  if (!file.endsWith(".test.ts")) return false;
  return furtherTests.includes(file) || testFolders.some((folder) => file.startsWith(`test/${folder}/`));
}

function roomOf(file: string): string | undefined {
  return rooms.find((room) => file.startsWith(`${room}/`));
}

function candidates(room: string): Mutation[] {
  const files = [...sources].filter(([file]) => roomOf(file) === room);
  return files.flatMap(([file, text]) => mutationsOf(file, text));
}

function chosen(): Mutation[] {
  const [seed, each] = [wholeNumber("seed"), wholeNumber("each")];
  return inTurns(rooms.map((room) => chooseMutations(candidates(room), sources, seed, each)));
}

/** A survivor is the fault that changes the same line of the same file alike, wherever that line stands now. */
function survivorsOf(report: string): Mutation[] {
  const before = JSON.parse(readFileSync(report, "utf8")) as Trial[];
  const key = (trial: Pick<Trial, "file" | "operator" | "before" | "after">) =>
    JSON.stringify([trial.file, trial.operator, trial.before, trial.after]);
  const wanted = new Set(before.filter(isSurvivor).map(key));
  const found = rooms.flatMap(candidates).filter((mutation) => {
    const { file, operator } = mutation;
    return wanted.delete(key({ file, operator, ...changedLine(sources.get(file)!, mutation) }));
  });
  for (const gone of wanted) console.error(`no longer in the sources: ${gone}`);
  return found;
}

function isSurvivor({ result }: Trial): boolean {
  return result === "survived" || result === "not run";
}

function show(): void {
  const count = (of: readonly Trial[], result: Trial["result"]) => of.filter((trial) => trial.result === result).length;
  const row = (name: string, of: readonly Trial[]) => [
    name,
    of.length,
    count(of, "found"),
    count(of, "timed out"),
    count(of, "survived"),
    count(of, "not run"),
  ];
  const perRoom = rooms.map((room) => ({ room, of: trials.filter(({ file }) => roomOf(file) === room) }));
  const rows = [...perRoom.map(({ room, of }) => row(room, of)), row("all", trials)];
  for (const { file, line, result, operator, before, after } of trials.filter(isSurvivor)) {
    console.log(`${file}:${line} ${result}: ${operator}\n  - ${before}\n  + ${after}`);
  }
  console.log(table(["room", "faults", "found by a test", "found by time", "survived", "no test runs it"], rows));
}
