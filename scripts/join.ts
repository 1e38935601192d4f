// `consilium join`: from an invitation to a hospital that is ready to be admitted.
import type { Command } from "commander";
import type { JoinOptions } from "./join/accept.ts";

/** Adds the command to the program. */
export function joinCommand(program: Command): void {
  program
    .command("join")
    .description("Accept an invitation: keys, configuration, checks, and a request that the consortium admits.")
    .argument("<invitation>", "the file that the consortium sent")
    .option("--dir <dir>", "folder of the hospital's files", ".")
    .option("--rpc <url...>", "RPC endpoints of the chain (default: those of the invitation)")
    .option("--password-file <file>", "its first line is the keystore's password (else the environment, else a prompt)")
    .option("--confirmations <n>", "blocks on top before anything counts; 0 on a chain of one's own", "12")
    .option("--port <n>", "TCP port to listen on", "4710")
    .option("--nat", "nobody can connect to this machine from outside: listen through a relay")
    .option("--relayed", "the account has no coins: other members send what this hospital signs")
    .option("--json", "print what was written and found as JSON")
    .addHelpText("after", help)
    .action(async (path: string, options: JoinOptions) => {
      const { accept } = await import("./join/accept.ts"); // here, since --help needs nothing of it
      await accept(path, options);
    });
}

const help = `
It writes into the folder what is not there yet, and overwrites nothing: keys/, federation.json, hospital.yaml, and
join-request.json, which both keys have signed. Send the request to the consortium, whose owner gives
  consilium members admit join-request.json --role hospital
Read the fingerprint to each other by telephone: it shows that nobody has changed the invitation on its way.
It exits with 0 when these files are written: not to be admitted yet is the usual case. The last line, and "admitted" with
--json, say whether the consortium has admitted the hospital; run it again, or consilium doctor, to see the change.

Examples:
  consilium join invitation.yaml --password-file /run/secrets/keystore-password
  consilium join invitation.yaml --dir /var/lib/consilium --rpc https://rpc.example/ https://rpc.other/ --nat`;
