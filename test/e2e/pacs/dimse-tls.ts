// Run as a program in a network namespace: imports ten studies by DIMSE over TLS with client certificates, from Orthanc with DICOM
// TLS or from dcmqrscp behind a TLS proxy, since Debian's dcmqrscp has no TLS. It prints what came of it as JSON.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { fileURLToPath } from "node:url";
import type { ImportSummary } from "../../../imaging/import/import-summary.ts";
import { makeCertificates } from "../../io/pacs/certificates.ts";
import { dcmtkPort, killDcmtk, startDcmtk } from "./dcmtk-server.ts";
import { dicomPort, receiverPort, startOrthanc } from "./orthanc-server.ts";
import { archiveFiles, isSame, optionsIn, prepareStudies } from "./ten-studies.ts";

/** The code of the error, or "same" or "another" shard. */
type Outcome = string;

export interface DimseTlsResults {
  readonly byGet: Outcome;
  /** Undefined where the server cannot send over TLS. */
  readonly byMove: Outcome | undefined;
  readonly withoutCertificate: Outcome;
  readonly foreignCertificate: Outcome;
  readonly otherCa: Outcome;
  readonly plain: Outcome;
}

const [root = "", kind] = process.argv.slice(2);
const proxyPort = 2762;
const [called, port] = kind === "orthanc" ? (["ORTHANC", dicomPort] as const) : (["DCMTK", proxyPort] as const);
const options = optionsIn(root);
const [own, others] = [join(root, "tls"), join(root, "other-tls")];
for (const dir of [own, others]) {
  await mkdir(dir);
  makeCertificates(dir);
}
await prepareStudies(root);
const server = await start();
try {
  const client = ["--client-cert", join(own, "client.pem"), "--client-key", join(own, "client.key")];
  const foreign = ["--client-cert", join(others, "client.pem"), "--client-key", join(others, "client.key")];
  const ca = ["--ca", join(own, "ca.pem")];
  const receive = ["--receive-at", `127.0.0.1:${receiverPort}`];
  const results: DimseTlsResults = {
    byGet: await importBy("get", "dimses", ...ca, ...client),
    byMove: kind === "orthanc" ? await importBy("move", "dimses", ...ca, ...client, ...receive) : undefined,
    withoutCertificate: await importBy("without", "dimses", ...ca),
    foreignCertificate: await importBy("foreign", "dimses", ...ca, ...foreign),
    otherCa: await importBy("other", "dimses", "--ca", join(others, "ca.pem"), ...client),
    plain: await importBy("plain", "dimse"),
  };
  console.log(JSON.stringify(results));
} finally {
  await server.stop();
}

async function start(): Promise<{ stop(): Promise<void> }> {
  if (kind === "orthanc") {
    const orthanc = await startOrthanc(join(root, "server"), () => archiveFiles(root), {
      ...{ DicomTlsEnabled: true, DicomTlsRemoteCertificateRequired: true },
      ...{ DicomTlsCertificate: join(own, "server.pem"), DicomTlsPrivateKey: join(own, "server.key") },
      DicomTlsTrustedCertificates: join(own, "ca.pem"),
      DicomModalities: { consilium: { AET: "CONSILIUM", Host: "127.0.0.1", Port: receiverPort, UseDicomTls: true } },
    });
    return { stop: async () => void orthanc.kill("SIGKILL") };
  }
  const dcmtk = await startDcmtk(join(root, "server"), join(root, "archive"));
  const read = (name: string) => readFile(join(own, name));
  const files = { key: await read("server.key"), cert: await read("server.pem"), ca: await read("ca.pem") };
  const proxy = createServer({ ...files, requestCert: true, rejectUnauthorized: true }, (asked) => {
    const answering = connect(dcmtkPort, "127.0.0.1");
    asked.pipe(answering).pipe(asked);
    for (const [one, other] of [
      [asked, answering],
      [answering, asked],
    ] as const) {
      one.on("error", () => other.destroy());
    }
  });
  await once(proxy.listen(proxyPort, "127.0.0.1"), "listening");
  return {
    async stop() {
      proxy.close();
      killDcmtk(dcmtk);
    },
  };
}

/** Runs the command without blocking this process, in which the proxy is. */
async function importBy(name: string, scheme: string, ...more: string[]): Promise<Outcome> {
  const program = fileURLToPath(new URL("../../../scripts/consilium.ts", import.meta.url));
  const out = ["--out", join(root, name), "--key", options.keyFile, "--labels", options.labels, "--pictures", "0"];
  const source = `${scheme}://CONSILIUM:${called}@127.0.0.1:${port}`;
  const all = ["--disable-warning=ExperimentalWarning", program, "import", source, ...out, "--json", ...more];
  const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (piece: Buffer) => (text += piece));
  await once(child, "close");
  const said = JSON.parse(text) as Partial<ImportSummary> & { error?: { code: string } };
  if (said.error) return said.error.code;
  return (await isSame(root, name)) ? "same" : "another";
}
