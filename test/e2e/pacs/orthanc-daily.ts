// Run as a program in a network namespace: starts Orthanc with nine of ten studies, imports by --watch, stores the tenth while
// that runs, then scores a patient and sends the results back. Prints what came of it as JSON.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pause } from "../../../foundation/pause.ts";
import { genesisWeights } from "../../../model/training/trainer.ts";
import { defaultPlan } from "../../../protocol/format/default-plan.ts";
import { login, loginHeaders, orthancUrl, startOrthanc, storeInOrthanc } from "./orthanc-server.ts";
import { archiveFiles, optionsIn, patientIds, prepareStudies } from "./ten-studies.ts";

export interface DailyResults {
  readonly scans: readonly [before: number, after: number];
  /** Patients of before who are in another split afterwards. */
  readonly moved: number;
  /** Of the command that watched, after its signal. */
  readonly status: number | null;
  /** DICOM modalities of the study in Orthanc after the results were sent, each once. */
  readonly modalities: readonly string[];
  readonly sent: number | null;
}

const root = process.argv[2] ?? "";
const address = `dicomweb+${orthancUrl}/dicom-web`;
const asUser = ["--user", login.user, "--pacs-password-file", join(root, "password")];
const program = fileURLToPath(new URL("../../../scripts/consilium.ts", import.meta.url));
const command = (...args: string[]) => ["--disable-warning=ExperimentalWarning", program, ...args, ...asUser];

await prepareStudies(root);
await writeFile(join(root, "password"), `${login.password}\n`);
const last = patientIds.at(-1)!;
const orthanc = await startOrthanc(join(root, "orthanc"), () => archiveFiles(root, patientIds.slice(0, -1)));
try {
  const watched = await watch();
  await writeFile(join(root, "model.safetensors"), genesisWeights(defaultPlan()));
  const scan = join(root, "archive", last);
  const results = ["--dicom", join(root, "results"), "--send", address];
  const sending = command("predict", join(root, "model.safetensors"), scan, ...results);
  const { status: sent } = spawnSync(process.execPath, sending, { stdio: ["ignore", "ignore", "inherit"] });
  console.log(JSON.stringify({ ...watched, sent, modalities: await modalitiesOf(last) } satisfies DailyResults));
} finally {
  orthanc.kill("SIGKILL");
}

async function watch(): Promise<Pick<DailyResults, "scans" | "moved" | "status">> {
  const { keyFile, labels } = optionsIn(root);
  const out = ["--out", join(root, "shard"), "--key", keyFile, "--labels", labels, "--pictures", "0", "--json"];
  const often = ["--watch", String(2 / 60)];
  const watching = spawn(process.execPath, command("import", address, ...out, ...often), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  watching.stdout.on("data", (piece: Buffer) => (printed += piece));
  const ended = once(watching, "exit") as Promise<[number | null]>;
  const before = await splitsOf(patientIds.length - 1);
  for await (const bytes of archiveFiles(root, [last])) await storeInOrthanc(bytes);
  const after = await splitsOf(patientIds.length);
  // Between two imports, which is when the last one has said what it did.
  while (!printed.includes(`"scans":${after.size}`)) await pause(20);
  watching.kill("SIGINT");
  const [status] = await ended;
  const moved = [...before].filter(([patient, split]) => after.get(patient) !== split).length;
  return { scans: [before.size, after.size], moved, status };
}

/** The split of each patient, once the shard has so many. */
async function splitsOf(patients: number): Promise<Map<string, string>> {
  for (;;) {
    const text = await readFile(join(root, "shard", "shard.json"), "utf8").catch(() => '{"scans":[]}');
    const { scans } = JSON.parse(text) as { scans: { patient: string; split: string }[] };
    if (scans.length >= patients) return new Map(scans.map(({ patient, split }) => [patient, split]));
    await pause(100);
  }
}

async function modalitiesOf(patient: string): Promise<string[]> {
  const answer = await fetch(`${orthancUrl}/dicom-web/series?PatientID=${patient}`, {
    headers: { ...loginHeaders, accept: "application/dicom+json" },
  });
  const series = (await answer.json()) as Record<string, { Value?: string[] }>[];
  return [...new Set(series.map((each) => each["00080060"]?.Value?.[0] ?? "none"))].sort();
}
