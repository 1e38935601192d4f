// The password of encrypted zips: from a file, from the environment, or asked for on the terminal when a zip turns out to
// be encrypted. As an argument, everybody on the machine could read it.
import { type Command, Option } from "commander";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { readPassword } from "./read-password.ts";

const variable = "CONSILIUM_ZIP_PASSWORD";
const fileOption = "--password-file";

export interface ZipPasswordOptions {
  readonly passwordFile?: string | undefined;
  /** Given as an argument, as older versions took it. */
  readonly password?: string | undefined;
}

/** Adds the options to a command that reads archives. */
export function addZipPassword(command: Command): Command {
  return command
    .option(
      `${fileOption} <file>`,
      `its first line is the password of encrypted zips (else ${variable}, else a prompt)`,
    )
    .addOption(new Option("--password <text>").hideHelp());
}

/**
 * Runs `work` with the password that is given, or without one; where that turns out to be needed, asks and runs it again.
 *
 * @throws PASSWORD_IN_ARGUMENT, FILE_UNREADABLE, and what `work` throws
 */
export async function withZipPassword<T>(
  { passwordFile: file, password }: ZipPasswordOptions,
  work: (password: string | undefined) => Promise<T>,
): Promise<T> {
  if (password !== undefined) throw new FedError("PASSWORD_IN_ARGUMENT");
  const request = { file, fileOption, variable, prompt: "Password of the zip" };
  if (file !== undefined || process.env[variable] !== undefined) return work(await readPassword(request));
  try {
    return await work(undefined);
  } catch (error) {
    if (!isFedError(error, "ZIP_PASSWORD") || !process.stdin.isTTY) throw error;
    return work(await readPassword(request));
  }
}
