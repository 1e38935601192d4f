// `consilium backup`: a stopped party's keys, journal and own objects in one encrypted file.
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { readPassword } from "./terminal/read-password.ts";

interface Options {
  readonly config: string;
  readonly out: string;
  readonly passwordFile?: string;
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function backupCommand(program: Command): void {
  program
    .command("backup")
    .description("Back a stopped party up to one encrypted file: its keys, its journal and its own objects.")
    .requiredOption("--config <file>", "the party's configuration, YAML or JSON")
    .requiredOption("--out <file>", "the backup file; never overwritten")
    .option(
      "--password-file <file>",
      "its first line encrypts the backup (else CONSILIUM_BACKUP_PASSWORD, else a prompt)",
    )
    .option("--json", "print the counts as JSON")
    .addHelpText(
      "after",
      "\nA running party is refused (STORE_LOCKED): stop it first. Keep the password apart from the file.\n" +
        "\nExamples:\n  consilium backup --config hospital.yaml --out hospital.backup --password-file backup-password",
    )
    .action(async ({ config, out, passwordFile, json }: Options) => {
      // Here, since --help needs none of them.
      const { backUp } = await import("../party/backup/back-up.ts");
      const { partyPlaces } = await import("../party/backup/places.ts");
      const { readConfigFile } = await import("./party/read-config.ts");
      const places = partyPlaces(await readConfigFile(config), dirname(resolve(config)));
      const prompt = "Password for the backup";
      const variable = "CONSILIUM_BACKUP_PASSWORD";
      const password = await readPassword({ file: passwordFile, isNew: true, prompt, variable });
      const { notes, objects } = await backUp(places, resolve(out), { password });
      console.log(json ? JSON.stringify({ file: resolve(out), notes, objects }) : `${notes} notes, ${objects} objects`);
    });
}
