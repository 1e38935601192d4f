// Passwords come from a file, the environment or the terminal; never from an argument, which every user of a machine sees.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { FedError } from "../../foundation/errors.ts";

export const passwordVariable = "CONSILIUM_KEYSTORE_PASSWORD";

export interface PasswordRequest {
  /** Its first line is the password. */
  readonly file?: string | undefined;
  /** Asked twice, since nobody could open what a slip of the finger closed. */
  readonly isNew?: boolean;
  /** What it opens, for the prompt. */
  readonly prompt?: string;
}

/** @throws FedError PASSWORD_MISSING, PASSWORD_MISMATCH, FILE_UNREADABLE */
export async function readPassword({ file, isNew = false, prompt = "Password" }: PasswordRequest): Promise<string> {
  if (file !== undefined) {
    try {
      return (await readFile(file, "utf8")).split(/\r?\n/, 1)[0] as string;
    } catch (cause) {
      throw new FedError("FILE_UNREADABLE", { path: file }, { cause, remedy: "check --password-file" });
    }
  }
  const fromEnvironment = process.env[passwordVariable];
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (!process.stdin.isTTY) {
    const remedy = `give --password-file, set ${passwordVariable}, or run this on a terminal`;
    throw new FedError("PASSWORD_MISSING", {}, { remedy });
  }
  const password = await ask(prompt);
  if (isNew && (await ask(`${prompt}, again`)) !== password) {
    throw new FedError("PASSWORD_MISMATCH", {}, { remedy: "nothing was written: try again" });
  }
  return password;
}

/** Readline echoes what is typed to its output: this one swallows it. */
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
