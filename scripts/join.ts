// `consilium join`: from an invitation to a hospital that is ready to be admitted.
import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
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
It exits with 0 when these files are written: not to be admitted yet is the usual case. The last line, and "admitted" with
--json, say whether the consortium has admitted the hospital; run it again, or consilium doctor, to see the change.

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
  const passwordFile = options.passwordFile && asSeenFrom(dir, options.passwordFile);
  await writeConfiguration(config, invitation, { ...options, endpoints, passwordFile });
  const request = join(dir, "join-request.json");
  await writeRequest(request, invitation, { wallet, peerKey: keys.peerKey });

  const { examine } = await import("./doctor/examine.ts");
  const findings = await examine(config, undefined, async () => password);
  // What the doctor says of the membership: it has read the contract's list.
  const admitted = findings.some(({ check, state }) => check === "member" && state !== "bad");
  const fingerprint = fingerprintOf(invitation);
  const address = wallet.address.toLowerCase();
  if (options.json) {
    const written = { config, request, address, fingerprint, signedBy: checked.signer };
    console.log(JSON.stringify({ ...written, admitted, findings }));
    return;
  }
  console.log(`invitation  ${fingerprint}, signed by ${checked.isOwner ? "the federation's owner" : "a member"}`);
  console.log(`${findings.map(line).join("\n")}\n`);
  console.log(admitted ? nextWhenAdmitted(config) : nextWhenWaiting({ config, request, address }));
}

/** An option's path starts from the folder of the command, and one in a configuration from the configuration's folder. */
function asSeenFrom(dir: string, path: string): string {
  const way = relative(dir, resolve(path));
  return way.startsWith("..") ? resolve(path) : way;
}

const nextWhenAdmitted = (config: string) =>
  `next:\n  consilium doctor --config ${config}\n  consilium node --config ${config}\n` +
  "admitted: the consortium has admitted this hospital";

const nextWhenWaiting = ({ config, request, address }: { config: string; request: string; address: string }) =>
  `next:\n  send ${request} to the consortium\n  consilium import ARCHIVE, into the shard's folder\n` +
  `  consilium doctor --config ${config}\n  consilium node --config ${config}\n` +
  `waiting for the consortium to admit ${address}`;
