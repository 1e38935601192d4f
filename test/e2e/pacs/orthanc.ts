// Run as a program in a network namespace: starts Orthanc, stores ten studies, imports them in several ways, and prints what
// came of it as JSON.
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { importArchive } from "../../../imaging/import/import-archive.ts";
import type { ImportSummary } from "../../../imaging/import/import-summary.ts";
import { openDicomWeb } from "../../../io/pacs/dicomweb.ts";
import type { PacsAccess } from "../../../io/pacs/http.ts";
import type { PacsCheck } from "../../../scripts/pacs/check-server.ts";
import { deleteOneStudy, login, orthancUrl, startOrthanc } from "./orthanc-server.ts";
import { archiveFiles, codeOf, drainImport, isSame, optionsIn, prepareStudies } from "./ten-studies.ts";

interface Same {
  readonly scans: number;
  readonly isSame: boolean;
}
export interface OrthancResults {
  readonly byCommand: Same;
  readonly compressed: Same;
  readonly otherCa: string;
  readonly killed: { readonly code: string; readonly resumed: number; readonly isSame: boolean };
  readonly wrongPassword: string;
  readonly deleted: { readonly scans: number; readonly first: unknown };
  readonly check: { readonly status: number | null; readonly check: PacsCheck };
}

const credentials = { kind: "basic", ...login } as const;
const access: PacsAccess = { credentials, tls: {}, proxies: {}, connections: 4 };
const patience = { answerMs: 20_000, slowMs: 20_000, slowBytes: 1000, retriesMs: [20, 20] };
const root = process.argv[2] ?? "";
const options = optionsIn(root);

await prepareStudies(root);
await writeFile(join(root, "password"), `${login.password}\n`);
{
  let orthanc = await startOrthanc(join(root, "orthanc"), () => archiveFiles(root));
  try {
    const { byCommand, check } = await byCommands();
    const { compressed, otherCa } = await overTls();
    const wrong = { ...access, credentials: { ...credentials, password: "wrong" } };
    const wrongPassword = await codeOf(importInto("wrong", wrong));

    const code = await codeOf(
      importInto("killed", { ...access, patience }, (done) => {
        if (done === 2) orthanc.kill("SIGKILL");
      }),
    );
    orthanc = await startOrthanc(join(root, "orthanc"), () => archiveFiles(root));
    const { resumed } = await importInto("killed", access);
    const killed = { code, resumed, isSame: await isSame(root, "killed") };

    const { quarantine, scans } = await importInto("deleted", access, undefined, deleteOneStudy);
    const first = quarantine.find(({ code: one }) => one === "SERIES_DAMAGED")?.facts["first"];
    const results: OrthancResults = {
      ...{ byCommand, compressed, otherCa, killed, wrongPassword, check },
      deleted: { scans, first },
    };
    console.log(JSON.stringify(results));
  } finally {
    orthanc.kill("SIGKILL");
  }
}

async function byCommands(): Promise<Pick<OrthancResults, "byCommand" | "check">> {
  const asUser = ["--user", login.user, "--pacs-password-file", join(root, "password"), "--json"];
  const run = (...args: string[]) => {
    const program = fileURLToPath(new URL("../../../scripts/consilium.ts", import.meta.url));
    const all = ["--disable-warning=ExperimentalWarning", program, ...args, ...asUser];
    return spawnSync(process.execPath, all, { encoding: "utf8" });
  };
  const address = `dicomweb+${orthancUrl}/dicom-web`;
  const check = run("pacs", "check", address);
  const out = ["--out", join(root, "command"), "--key", options.keyFile, "--labels", options.labels];
  const summary = JSON.parse(run("import", address, ...out, "--pictures", "0").stdout) as ImportSummary;
  return {
    check: { status: check.status, check: JSON.parse(check.stdout) as PacsCheck },
    byCommand: { scans: summary.scans, isSame: await isSame(root, "command") },
  };
}

/** Through a proxy with TLS, since Debian's Orthanc ends at its first handshake, and which makes Orthanc compress. */
async function overTls(): Promise<Pick<OrthancResults, "compressed" | "otherCa">> {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: root, stdio: "ignore" });
  const form = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"];
  for (const name of ["ca", "other"]) {
    const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
    openssl("req", "-x509", ...form, ...files, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1");
  }
  const read = (name: string) => readFile(join(root, name), "utf8");
  const proxy = createServer({ key: await read("ca.key"), cert: await read("ca.pem") }, (asked, answer) => {
    const own = { ...asked.headers, "accept-encoding": "gzip" };
    request(`${orthancUrl}${asked.url}`, { headers: own }, (answered) => {
      answer.writeHead(answered.statusCode ?? 500, answered.headers);
      answered.pipe(answer);
    }).end();
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const base = `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { scans } = await importInto(
    "tls",
    { ...access, tls: { ca: await read("ca.pem") } },
    undefined,
    undefined,
    base,
  );
  const other = { ...access, tls: { ca: await read("other.pem") } };
  const otherCa = await codeOf(importInto("other", other, undefined, undefined, base));
  proxy.close();
  proxy.closeAllConnections();
  return { compressed: { scans, isSame: await isSame(root, "tls") }, otherCa };
}

async function importInto(
  name: string,
  asked: PacsAccess,
  onPatient: (done: number) => void = () => {},
  onExamined: () => Promise<void> = async () => {},
  base = orthancUrl,
): Promise<ImportSummary> {
  const server = openDicomWeb(new URL(`${base}/dicom-web`), "ModalitiesInStudy=CT", asked);
  try {
    return await drainImport(importArchive(server, join(root, name), options), onPatient, onExamined);
  } finally {
    await server.close();
  }
}
