// Run as a program in a network namespace: starts Orthanc or dcmqrscp, stores ten studies, imports them by DIMSE in several ways,
// and prints what came of it as JSON.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { importArchive } from "../../../imaging/import/import-archive.ts";
import type { ImportSummary } from "../../../imaging/import/import-summary.ts";
import { uidFor } from "../../../imaging/phantom/ct-instance.ts";
import { openDimse } from "../../../io/pacs/dimse.ts";
import type { PacsCheck } from "../../../scripts/pacs/check-server.ts";
import { phantomFiles } from "../../imaging/import/phantom-archive.ts";
import { dcmtkPort, killDcmtk, loseOneStudy, startDcmtk } from "./dcmtk-server.ts";
import { deleteOneStudy, dicomPort, receiverPort, startOrthanc } from "./orthanc-server.ts";
import { archiveFiles, codeOf, drainImport, isSame, optionsIn, prepareStudies } from "./ten-studies.ts";

interface Same {
  readonly scans: number;
  readonly isSame: boolean;
}
export interface DimseResults {
  readonly byGet: Same;
  readonly byMove: Same;
  readonly killed: { readonly code: string; readonly resumed: number; readonly isSame: boolean };
  readonly wrongCalling: string;
  readonly wrongCalled: string;
  readonly deleted: { readonly scans: number; readonly first: unknown };
  readonly check: { readonly status: number | null; readonly check: PacsCheck };
}

interface Running {
  kill(): void;
}

const [root = "", kind] = process.argv.slice(2);
const dir = join(root, "server");
const [called, port] = kind === "orthanc" ? (["ORTHANC", dicomPort] as const) : (["DCMTK", dcmtkPort] as const);
const patience = { answerMs: 20_000, slowMs: 20_000, slowBytes: 1000, retriesMs: [20, 20] };
const receiver = { host: "127.0.0.1", port: receiverPort };
const options = optionsIn(root);

await prepareStudies(root);
let server = await start();
try {
  const { check, byGet, byMove } = byCommands();
  const wrongCalling = await codeOf(importInto("wrong", { titles: { calling: "STRANGER", called } }));
  const wrongCalled = await codeOf(importInto("wrong", { titles: { calling: "CONSILIUM", called: "OTHER" } }));
  const stopAt = (done: number) => {
    if (done === 2) server.kill();
  };
  const code = await codeOf(importInto("killed", { onPatient: stopAt }));
  server = await start();
  const { resumed } = await importInto("killed");
  const killed = { code, resumed, isSame: await isSame(root, "killed") };
  const { quarantine, scans } = await importInto("deleted", { onExamined: deleteOne });
  const first = quarantine.find(({ code: one }) => one === "SERIES_DAMAGED")?.facts["first"];
  const same = async (name: string, summary: ImportSummary) => ({
    scans: summary.scans,
    isSame: await isSame(root, name),
  });
  const results: DimseResults = {
    ...{ byGet: await same("get", byGet), byMove: await same("move", byMove) },
    ...{ killed, wrongCalling, wrongCalled, deleted: { scans, first }, check },
  };
  console.log(JSON.stringify(results));
} finally {
  server.kill();
}

async function start(): Promise<Running> {
  if (kind === "orthanc") {
    const orthanc = await startOrthanc(dir, () => archiveFiles(root));
    return { kill: () => void orthanc.kill("SIGKILL") };
  }
  const dcmtk = await startDcmtk(dir, join(root, "archive"));
  return { kill: () => killDcmtk(dcmtk) };
}

function byCommands(): { check: DimseResults["check"]; byGet: ImportSummary; byMove: ImportSummary } {
  const address = `dimse://CONSILIUM:${called}@127.0.0.1:${port}`;
  const run = (...args: string[]) => {
    const program = fileURLToPath(new URL("../../../scripts/consilium.ts", import.meta.url));
    const all = ["--disable-warning=ExperimentalWarning", program, ...args, "--json"];
    return spawnSync(process.execPath, all, { encoding: "utf8" });
  };
  const check = run("pacs", "check", address);
  const importBy = (name: string, ...more: string[]) => {
    const out = ["--out", join(root, name), "--key", options.keyFile, "--labels", options.labels, "--pictures", "0"];
    return JSON.parse(run("import", address, ...out, ...more).stdout) as ImportSummary;
  };
  return {
    check: { status: check.status, check: JSON.parse(check.stdout) as PacsCheck },
    byGet: importBy("get"),
    byMove: importBy("move", "--receive-at", `${receiver.host}:${receiver.port}`),
  };
}

interface Importing {
  readonly titles?: { readonly calling: string; readonly called: string };
  readonly onPatient?: (done: number) => void;
  readonly onExamined?: () => Promise<void>;
}

async function importInto(name: string, { titles, onPatient, onExamined }: Importing = {}): Promise<ImportSummary> {
  const address = { ...(titles ?? { calling: "CONSILIUM", called }), host: "127.0.0.1", port, isEncrypted: false };
  const access = { tls: {}, connections: 4, patience };
  const opened = openDimse({ kind: "dimse", ...address }, "ModalitiesInStudy=CT", access);
  try {
    return await drainImport(importArchive(opened, join(root, name), options), onPatient, onExamined);
  } finally {
    await opened.close();
  }
}

async function deleteOne(): Promise<void> {
  if (kind === "orthanc") return deleteOneStudy();
  const files = phantomFiles({ index: 3, id: "P3", study: uidFor("study", "P3") });
  const series = uidFor(uidFor("study", "P3"), "series", 2);
  return loseOneStudy(
    dir,
    files.map((_, slice) => uidFor(series, slice)),
  );
}
