// `consilium restore`: a party from its backup file, at the paths of a configuration.
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { readPassword } from "./terminal/read-password.ts";

interface Options {
  readonly config: string;
  readonly from: string;
  readonly passwordFile?: string;
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function restoreCommand(program: Command): void {
  program
    .command("restore")
    .description("Restore a party from a backup file to the paths of its configuration. Never overwrites.")
    .requiredOption("--config <file>", "the party's configuration on this machine, YAML or JSON")
    .requiredOption("--from <file>", "the backup file")
    .option(
      "--password-file <file>",
      "its first line decrypts the backup (else CONSILIUM_BACKUP_PASSWORD, else a prompt)",
    )
    .option("--json", "print the counts as JSON")
    .addHelpText(
      "after",
      "\nThe keystore, the peer key and the store of the configuration must not exist yet. Make sure that the old machine\n" +
        "never starts again: one key must not run twice.\n" +
        "\nExamples:\n  consilium restore --config hospital.yaml --from hospital.backup --password-file backup-password",
    )
    .action(async ({ config, from, passwordFile, json }: Options) => {
      // Here, since --help needs none of them.
      const { restore } = await import("../party/backup/restore.ts");
      const { partyPlaces } = await import("../party/backup/places.ts");
      const { readConfigFile } = await import("./party/read-config.ts");
      const places = partyPlaces(await readConfigFile(config), dirname(resolve(config)));
      const prompt = "Password of the backup";
      const variable = "CONSILIUM_BACKUP_PASSWORD";
      const password = await readPassword({ file: passwordFile, isNew: false, prompt, variable });
      const { notes, objects } = await restore(resolve(from), places, { password });
      console.log(json ? JSON.stringify({ ...places, notes, objects }) : `${notes} notes, ${objects} objects`);
    });
}
