// The options of commands that read from a PACS: what to look for, who asks, and how gently.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { isPacsAddress, parsePacsAddress } from "../../io/pacs/address.ts";
import { type Credentials, readTokenCommand, readTokenFile } from "../../io/pacs/credentials.ts";
import { type DicomWebServer, openDicomWeb } from "../../io/pacs/dicomweb.ts";
import type { PacsAccess } from "../../io/pacs/http.ts";
import { type InstanceStore, openInstanceStore } from "../../io/pacs/store-instances.ts";
import { whole } from "../terminal/parse-options.ts";
import { proxiesOf } from "../terminal/proxies.ts";
import { readPassword } from "../terminal/read-password.ts";

const variable = "CONSILIUM_PACS_PASSWORD";
const passwordOption = "--pacs-password-file";

/** Login at a PACS, and how its certificate is checked. */
export const pacsLoginFields = {
  user: z.string().optional(),
  pacsPasswordFile: z.string().optional(),
  tokenFile: z.string().optional(),
  tokenCommand: z.string().optional(),
  ca: z.string().optional(),
  clientCert: z.string().optional(),
  clientKey: z.string().optional(),
  insecureHttp: z.boolean().default(false),
};
const loginSchema = z.object(pacsLoginFields);
type PacsLogin = z.output<typeof loginSchema>;

export const pacsFields = {
  query: z.string(),
  connections: whole(1, 64),
  maxMibPerSecond: z.coerce.number().positive().optional(),
  ...pacsLoginFields,
};
const pacsSchema = z.object(pacsFields);
export type PacsOptions = z.output<typeof pacsSchema>;

export function addPacsOptions(command: Command): Command {
  return addPacsLogin(
    command
      .option("--query <qido>", "PACS: which studies, by QIDO-RS attributes", "ModalitiesInStudy=CT")
      .option("--connections <n>", "PACS: requests at a time", "4")
      .option("--max-mib-per-second <n>", "PACS: read no faster, so that the clinic's work is not slowed down"),
  );
}

/** The options of the login at a PACS. */
export function addPacsLogin(command: Command): Command {
  return command
    .option("--user <name>", `PACS: user; the password comes from ${variable}, a prompt, or the file below`)
    .option(`${passwordOption} <file>`, "PACS: file whose first line is the password")
    .option("--token-file <file>", "PACS: file with a bearer token; read again when the PACS refuses it")
    .option("--token-command <command>", "PACS: prints a bearer token; run again when the PACS refuses it")
    .option("--ca <pem>", "PACS: the hospital's own certificate authority")
    .option("--client-cert <pem>", "PACS: certificate of this client")
    .option("--client-key <pem>", "PACS: its key")
    .option("--insecure-http", "PACS: allow addresses without TLS that are not on this machine");
}

/**
 * @returns undefined if the source is a path and no address of a PACS
 * @throws PACS_ADDRESS, PACS_CREDENTIALS, PACS_QUERY, FILE_UNREADABLE, and those of readPassword
 */
export async function openPacs(source: string, options: PacsOptions): Promise<DicomWebServer | undefined> {
  if (!isPacsAddress(source)) return undefined;
  const { base } = parsePacsAddress(source, { insecure: options.insecureHttp });
  return openDicomWeb(base, options.query, await accessOf(options));
}

/**
 * The PACS in which results are stored.
 *
 * @throws PACS_ADDRESS, PACS_CREDENTIALS, FILE_UNREADABLE, and those of readPassword
 */
export async function openResultStore(address: string, login: PacsLogin): Promise<InstanceStore> {
  const { base } = parsePacsAddress(address, { insecure: login.insecureHttp });
  return openInstanceStore(base, await accessOf({ ...login, connections: 1 }));
}

async function accessOf(
  options: PacsLogin & Pick<PacsOptions, "connections" | "maxMibPerSecond">,
): Promise<PacsAccess> {
  const { ca, clientCert, clientKey, connections, maxMibPerSecond } = options;
  if ((clientCert === undefined) !== (clientKey === undefined)) {
    throw new FedError("PACS_CREDENTIALS", {}, { remedy: "give --client-cert and --client-key together" });
  }
  return {
    credentials: await credentialsOf(options),
    tls: { ca: await readPem(ca, "--ca"), ...(await clientFiles(clientCert, clientKey)) },
    proxies: proxiesOf(process.env),
    connections,
    bytesPerSecond: maxMibPerSecond === undefined ? undefined : maxMibPerSecond * 2 ** 20,
  };
}

async function credentialsOf(options: PacsLogin): Promise<Credentials> {
  const { user, pacsPasswordFile: file, tokenFile, tokenCommand } = options;
  const ways = [user, tokenFile, tokenCommand].filter((way) => way !== undefined).length;
  if (ways > 1 || (file !== undefined && user === undefined)) throw new FedError("PACS_CREDENTIALS");
  if (tokenFile !== undefined) return { kind: "bearer", read: () => readTokenFile(resolve(tokenFile)) };
  if (tokenCommand !== undefined) return { kind: "bearer", read: () => readTokenCommand(tokenCommand) };
  if (user === undefined) return { kind: "none" };
  const password = await readPassword({ file, fileOption: passwordOption, variable, prompt: "Password of the PACS" });
  return { kind: "basic", user, password };
}

async function clientFiles(cert: string | undefined, key: string | undefined) {
  return { cert: await readPem(cert, "--client-cert"), key: await readPem(key, "--client-key") };
}

function readPem(path: string | undefined, option: string): Promise<string> | undefined {
  return path === undefined
    ? undefined
    : readFile(path, "utf8").catch((cause: unknown) => {
        throw new FedError("FILE_UNREADABLE", {}, { cause, remedy: `check ${option}` });
      });
}
