// A real Orthanc with DICOMweb that stores given files. It listens on all addresses: only in a network namespace of its own.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pause } from "../../../foundation/pause.ts";

const plugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
const port = 8042;
export const dicomPort = 4242;
/** Where servers know the AE title CONSILIUM to be. */
export const receiverPort = 11113;
export const login = { user: "importer", password: "correct horse" } as const;
export const orthancUrl = `http://127.0.0.1:${port}`;
export const loginHeaders = {
  authorization: `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`,
};

/** Arguments of unshare before a command that it is to run. */
export const namespace = ["-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];

/** What is missing on this machine; undefined if nothing is. */
export function missingForOrthanc(): string | undefined {
  if (spawnSync("Orthanc", ["--version"]).status !== 0 || !existsSync(plugin)) return "orthanc, orthanc-dicomweb";
  return spawnSync("unshare", [...namespace, "true"]).status === 0 ? undefined : "network namespaces";
}

/**
 * Answers when it is ready and has stored the files, which it does where its folder is new.
 *
 * @param dir its folder
 * @param own further settings
 */
export async function startOrthanc(
  dir: string,
  files: () => AsyncIterable<Buffer>,
  own: Readonly<Record<string, unknown>> = {},
): Promise<ChildProcess> {
  await mkdir(dir, { recursive: true });
  const config = {
    ...{ StorageDirectory: dir, IndexDirectory: dir, HttpPort: port, DicomServerEnabled: true },
    ...{ DicomAet: "ORTHANC", DicomPort: dicomPort, DicomCheckCalledAet: true, DicomAlwaysAllowFind: false },
    ...{ DicomModalities: { consilium: ["CONSILIUM", "127.0.0.1", receiverPort] }, DicomAlwaysAllowGet: false },
    ...{ AuthenticationEnabled: true, RegisteredUsers: { [login.user]: login.password }, RemoteAccessAllowed: false },
    ...{ Plugins: [plugin], DicomWeb: { Enable: true, Root: "/dicom-web/" }, ...own },
  };
  await writeFile(join(dir, "orthanc.json"), JSON.stringify(config));
  const child = spawn("Orthanc", [join(dir, "orthanc.json")], { stdio: "ignore" });
  let studies: readonly string[] | undefined;
  for (;;) {
    studies = await fetch(`${orthancUrl}/studies`, { headers: loginHeaders }).then(
      async (answer) => (answer.ok ? ((await answer.json()) as string[]) : undefined),
      () => undefined,
    );
    if (studies) break;
    if (child.exitCode !== null) throw new Error("Orthanc ended");
    await pause(100);
  }
  if (studies.length > 0) return child;
  for await (const bytes of files()) await storeInOrthanc(bytes);
  return child;
}

/** Stores a file. */
export async function storeInOrthanc(bytes: Buffer): Promise<void> {
  const body = new Uint8Array(bytes);
  const answer = await fetch(`${orthancUrl}/instances`, { method: "POST", body, headers: loginHeaders });
  if (!answer.ok) throw new Error(`Orthanc does not store: ${answer.status}`);
}

/** Deletes a study from it. */
export async function deleteOneStudy(): Promise<void> {
  const [study] = (await (await fetch(`${orthancUrl}/studies`, { headers: loginHeaders })).json()) as string[];
  await fetch(`${orthancUrl}/studies/${study}`, { method: "DELETE", headers: loginHeaders });
}
