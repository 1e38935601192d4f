// What the commands of both roles share: the configuration file, the keystore's password, signals, events and logs.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { jsonLog, type LogLevel } from "../../io/telemetry/json-log.ts";
import { FedError } from "../../protocol/errors.ts";
import type { PartyConfig } from "../../protocol/party-config.ts";
import type { Log } from "../../protocol/ports.ts";

export interface PartyRun {
  readonly password: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Prints an event: one JSON object a line on stdout. */
  readonly onEvent: (event: object) => void;
}

/**
 * Reads the configuration, runs the party, and stops it in good order on SIGINT, SIGTERM, or the end of a parent that
 * started it over a pipe. A second signal ends the process at once: the chain and the journal make that safe too.
 */
export async function runPartyCommand<Config extends PartyConfig>(
  configPath: string,
  { logLevel }: { logLevel: LogLevel },
  parse: (raw: unknown, place: { baseDir: string }) => Config,
  run: (config: Config, party: PartyRun) => Promise<void>,
): Promise<void> {
  const path = resolve(configPath);
  const config = parse(await readJson(path), { baseDir: dirname(path) });
  const password = await readPassword(config);
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new FedError("ABORTED", { what: "stopped" }));
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, stop);
  if (process.channel) process.once("disconnect", stop);
  const log = jsonLog((line) => process.stderr.write(`${line}\n`), { level: logLevel });
  try {
    await run(config, {
      password,
      log,
      signal: controller.signal,
      onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
    });
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    if (process.channel) process.disconnect();
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    const code = cause instanceof SyntaxError ? "CONFIG_INVALID" : "FILE_UNREADABLE";
    throw new FedError(code, { path }, { cause, remedy: "give a readable JSON file with --config" });
  }
}

/** Of the password file's first line, or of the environment; never of an argument, which every user of a machine sees. */
async function readPassword({ keys }: PartyConfig): Promise<string> {
  const fromEnvironment = process.env["CONSILIUM_KEYSTORE_PASSWORD"];
  if (keys.passwordFile === undefined) {
    if (fromEnvironment !== undefined) return fromEnvironment;
    const remedy = "set CONSILIUM_KEYSTORE_PASSWORD, or name a file in keys.passwordFile";
    throw new FedError("PASSWORD_MISSING", {}, { remedy });
  }
  try {
    return (await readFile(keys.passwordFile, "utf8")).split("\n", 1)[0] as string;
  } catch (cause) {
    throw new FedError("FILE_UNREADABLE", { path: keys.passwordFile }, { cause, remedy: "check keys.passwordFile" });
  }
}
