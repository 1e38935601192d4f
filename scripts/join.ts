// `consilium join`: from an invitation to a hospital that is ready to be admitted.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { openKeystore } from "../io/chain/keystore.ts";
import { line } from "./doctor/show.ts";
import { checkInvitation } from "./join/check-invitation.ts";
import { fingerprintOf, readInvitation } from "./join/invitation.ts";
import { writeConfiguration, writeFederation, writeRequest } from "./join/write-files.ts";
import { createKeyFiles, keyPlaces } from "./keys/key-files.ts";
import { rpcUrls } from "./ledger/options.ts";
import { readPassword } from "./terminal/read-password.ts";

interface Options {
  readonly dir: string;
  readonly rpc?: readonly string[];
  readonly passwordFile?: string;
  readonly confirmations: string;
  readonly port: string;
  readonly nat?: boolean;
  readonly relayed?: boolean;
  readonly json?: boolean;
}

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
    .action(accept);
}

const help = `
It writes into the folder what is not there yet, and overwrites nothing: keys/, federation.json, hospital.yaml, and
join-request.json, which both keys have signed. Send the request to the consortium, whose owner gives
  consilium members admit join-request.json --role hospital
Read the fingerprint to each other by telephone: it shows that nobody has changed the invitation on its way.

Examples:
  consilium join invitation.yaml --password-file /run/secrets/keystore-password
  consilium join invitation.yaml --dir /var/lib/consilium --rpc https://rpc.example/ https://rpc.other/ --nat`;

async function accept(path: string, options: Options): Promise<void> {
  const invitation = await readInvitation(path);
  const endpoints = rpcUrls(options.rpc ?? invitation.endpoints);
  const checked = await checkInvitation(invitation, endpoints);
  const dir = resolve(options.dir);
  const keys = keyPlaces(join(dir, "keys"));
  const isNew = !existsSync(keys.keystore) && !existsSync(keys.peerKey);
  const prompt = isNew ? "Password for the new keystore" : "Password of the keystore";
  const password = await readPassword({ file: options.passwordFile, isNew, prompt });
  if (isNew) await createKeyFiles(keys, password);
  const wallet = await openKeystore(keys.keystore, password);
  await writeFederation(join(dir, "federation.json"), invitation);
  const config = join(dir, "hospital.yaml");
  await writeConfiguration(config, invitation, { ...options, endpoints });
  const request = join(dir, "join-request.json");
  await writeRequest(request, invitation, { wallet, peerKey: keys.peerKey });

  const { examine } = await import("./doctor/examine.ts");
  const findings = await examine(config, undefined, async () => password);
  const fingerprint = fingerprintOf(invitation);
  if (options.json) {
    const written = { config, request, address: wallet.address.toLowerCase(), fingerprint, signedBy: checked.signer };
    console.log(JSON.stringify({ ...written, findings }));
    return;
  }
  console.log(`invitation  ${fingerprint}, signed by ${checked.isOwner ? "the federation's owner" : "a member"}`);
  console.log(`${findings.map(line).join("\n")}\n`);
  console.log(
    `send ${request} to the consortium; then\n  consilium doctor --config ${config}\n  consilium node --config ${config}`,
  );
}
