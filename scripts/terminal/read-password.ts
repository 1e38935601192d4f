// The one reader of passwords: from a file, an environment variable or the terminal. Never from an argument, which every
// user of the machine can read.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { FedError } from "../../foundation/errors.ts";

export const keystorePasswordVariable = "CONSILIUM_KEYSTORE_PASSWORD";

export interface PasswordRequest {
  /** File whose first line is the password. */
  readonly file?: string | undefined;
  /** The option or configuration field that names the file, for errors. Default --password-file. */
  readonly fileOption?: string;
  /** Environment variable with the password. Default that of the keystore. */
  readonly variable?: string;
  /** Asks twice, because nobody could open what a mistyped password has encrypted. */
  readonly isNew?: boolean;
  /** Text of the prompt: what the password opens. */
  readonly prompt?: string;
}

/**
 * Reads a password. A variable that held it is removed from this process's environment, so that no child inherits it.
 * @throws PASSWORD_MISSING, PASSWORD_MISMATCH, FILE_UNREADABLE, ABORTED
 */
export async function readPassword(request: PasswordRequest): Promise<string> {
  const { file, fileOption = "--password-file", variable = keystorePasswordVariable } = request;
  const { isNew = false, prompt = "Password" } = request;
  const fromEnvironment = process.env[variable];
  delete process.env[variable];
  if (file !== undefined) {
    try {
      return (await readFile(file, "utf8")).split(/\r?\n/, 1)[0]!;
    } catch (cause) {
      throw new FedError("FILE_UNREADABLE", { path: file }, { cause, remedy: `check ${fileOption}` });
    }
  }
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (!process.stdin.isTTY) {
    const remedy = `give ${fileOption}, set ${variable}, or run this on a terminal`;
    throw new FedError("PASSWORD_MISSING", {}, { remedy });
  }
  const password = await ask(prompt);
  if (isNew && (await ask(`${prompt}, again`)) !== password) {
    throw new FedError("PASSWORD_MISMATCH", {}, { remedy: "nothing was written: try again" });
  }
  return password;
}

/** Readline echoes what is typed to its output; this output discards it. */
async function ask(prompt: string): Promise<string> {
  process.stderr.write(`${prompt}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once("SIGINT", () => reject(new FedError("ABORTED", { what: "prompt" })));
      lines.question("").then(resolve, reject);
    });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}
