// The options of commands that read from a PACS: what to look for, who asks, and how gently.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import type { ImageServer } from "../../imaging/source/image-server.ts";
import { isPacsAddress, parsePacsAddress } from "../../io/pacs/address.ts";
import { type Credentials, readTokenCommand, readTokenFile } from "../../io/pacs/credentials.ts";
import type { DimseAccess } from "../../io/pacs/dimse.ts";
import type { PacsAccess, TlsFiles } from "../../io/pacs/http.ts";
import type { InstanceStore } from "../../io/pacs/store-instances.ts";
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
  receiveAt: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/, "host and port")
    .optional(),
  maxMibPerSecond: z.coerce.number().positive().optional(),
  ...pacsLoginFields,
};
const pacsSchema = z.object(pacsFields);
export type PacsOptions = z.output<typeof pacsSchema>;

/** A PACS that is closed after use. */
type OpenServer = ImageServer & { close(): Promise<void> };

export function addPacsOptions(command: Command): Command {
  return addPacsLogin(
    command
      .option("--query <qido>", "PACS: which studies, by attributes as in QIDO-RS", "ModalitiesInStudy=CT")
      .option("--connections <n>", "PACS: requests at a time", "4")
      .option("--max-mib-per-second <n>", "PACS: read no faster, so that the clinic's work is not slowed down")
      .option("--receive-at <host:port>", "dimse: retrieve by C-MOVE to this address of ours, which the PACS knows"),
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
export async function openPacs(source: string, options: PacsOptions): Promise<OpenServer | undefined> {
  if (!isPacsAddress(source)) return undefined;
  const address = parsePacsAddress(source, { insecure: options.insecureHttp });
  if (address.kind === "dimse") {
    const { openDimse } = await import("../../io/pacs/dimse.ts"); // these are loaded here, since --help needs none of them
    return openDimse(address, options.query, await dimseAccessOf(options, address.isEncrypted));
  }
  if (options.receiveAt !== undefined) {
    throw new FedError("PACS_ADDRESS", {}, { remedy: "leave out --receive-at: DICOMweb needs no receiver" });
  }
  const { openDicomWeb } = await import("../../io/pacs/dicomweb.ts");
  return openDicomWeb(address.base, options.query, await accessOf(options));
}

/** @throws PACS_CREDENTIALS, FILE_UNREADABLE */
async function dimseAccessOf(options: PacsOptions, isEncrypted: boolean): Promise<DimseAccess> {
  const { user, pacsPasswordFile, tokenFile, tokenCommand, ca, clientCert, clientKey } = options;
  if ([user, pacsPasswordFile, tokenFile, tokenCommand].some((way) => way !== undefined)) {
    const remedy = "DIMSE knows AE titles and certificates: leave out user, password and token";
    throw new FedError("PACS_CREDENTIALS", {}, { remedy });
  }
  if (!isEncrypted && [ca, clientCert, clientKey].some((file) => file !== undefined)) {
    throw new FedError("PACS_CREDENTIALS", {}, { remedy: "write dimses:// for a connection with certificates" });
  }
  const tls = await tlsOf(options);
  const { connections, receiveAt } = options;
  if (isEncrypted && receiveAt !== undefined && tls.cert === undefined) {
    const remedy = "give --client-cert and --client-key, which --receive-at shows to the PACS";
    throw new FedError("PACS_CREDENTIALS", {}, { remedy });
  }
  const at = receiveAt?.lastIndexOf(":") ?? -1;
  const receiver = receiveAt && {
    host: receiveAt.slice(0, at).replace(/^\[|\]$/g, ""),
    port: Number(receiveAt.slice(at + 1)),
  };
  return { tls, connections, bytesPerSecond: bytesPerSecondOf(options), receiver: receiver || undefined };
}

/**
 * The PACS in which results are stored.
 *
 * @throws PACS_ADDRESS, PACS_CREDENTIALS, FILE_UNREADABLE, and those of readPassword
 */
export async function openResultStore(address: string, login: PacsLogin): Promise<InstanceStore> {
  const parsed = parsePacsAddress(address, { insecure: login.insecureHttp });
  if (parsed.kind !== "dicomweb") {
    throw new FedError(
      "PACS_ADDRESS",
      {},
      { remedy: "results are stored by DICOMweb: write dicomweb+https://HOST/PATH" },
    );
  }
  const { openInstanceStore } = await import("../../io/pacs/store-instances.ts");
  return openInstanceStore(parsed.base, await accessOf({ ...login, connections: 1 }));
}

async function accessOf(
  options: PacsLogin & Pick<PacsOptions, "connections" | "maxMibPerSecond">,
): Promise<PacsAccess> {
  return {
    credentials: await credentialsOf(options),
    tls: await tlsOf(options),
    proxies: proxiesOf(process.env),
    connections: options.connections,
    bytesPerSecond: bytesPerSecondOf(options),
  };
}

async function tlsOf({ ca, clientCert, clientKey }: PacsLogin): Promise<TlsFiles> {
  if ((clientCert === undefined) !== (clientKey === undefined)) {
    throw new FedError("PACS_CREDENTIALS", {}, { remedy: "give --client-cert and --client-key together" });
  }
  return { ca: await readPem(ca, "--ca"), ...(await clientFiles(clientCert, clientKey)) };
}

function bytesPerSecondOf({ maxMibPerSecond }: Pick<PacsOptions, "maxMibPerSecond">): number | undefined {
  return maxMibPerSecond === undefined ? undefined : maxMibPerSecond * 2 ** 20;
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
