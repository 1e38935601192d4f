// `consilium keys`: a party's two keys on disk, the chain key (encrypted) and the peer key.
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { readKeystore } from "../io/chain/keystore.ts";
import { createKeyFiles, type KeyPlaces, keyPlaces, requireNoKeys } from "./keys/key-files.ts";
import { readPassword } from "./terminal/read-password.ts";

interface Options {
  readonly json?: boolean;
  readonly passwordFile?: string;
}

/** Adds the command and its parts to the program. */
export function keysCommand(program: Command): void {
  const keys = program.command("keys").description("Create and show a party's chain key and peer key.");
  keys
    .command("create")
    .description("Create both keys: DIR/keystore.json (encrypted) and DIR/peer.key; never overwrites.")
    .argument("[dir]", "folder of the keys", "keys")
    .option("--password-file <file>", "its first line is the keystore's password (else the environment, else a prompt)")
    .option("--json", "print paths and public names as JSON")
    .addHelpText("after", createHelp)
    .action(async (dir: string, options: Options) => print(await create(keyPlaces(dir), options), options));
  keys
    .command("show")
    .description("Show the public names of both keys, and whether others can read the files. Needs no password.")
    .argument("[dir]", "folder of the keys", "keys")
    .option("--json", "print them as JSON")
    .addHelpText("after", "\nExamples:\n  consilium keys show\n  consilium keys show /etc/consilium/keys --json")
    .action(async (dir: string, options: Options) => print(await show(keyPlaces(dir)), options));
  keys
    .command("address")
    .description("Print the chain address, and nothing else.")
    .argument("[dir]", "folder of the keys", "keys")
    .option("--json", "print it as JSON")
    .addHelpText("after", '\nExamples:\n  consilium members admit "$(consilium keys address ./keys)" --role hospital …')
    .action(async (dir: string, { json }: Options) => {
      const { address } = await readKeystore(keyPlaces(dir).keystore);
      console.log(json ? JSON.stringify({ address }) : address);
    });
}

const createHelp = `
The password is read from --password-file or CONSILIUM_KEYSTORE_PASSWORD, or asked for twice. Keep the password and a copy of
the folder in different places: both together are this hospital's identity, and nobody can restore a lost one.

Examples:
  consilium keys create
  consilium keys create /etc/consilium/keys --password-file /run/secrets/keystore-password`;

async function create(at: KeyPlaces, { passwordFile }: Options) {
  requireNoKeys(at); // checked before a password is typed
  const password = await readPassword({ file: passwordFile, isNew: true, prompt: "Password for the new keystore" });
  await createKeyFiles(at, password);
  return show(at);
}

async function show(at: KeyPlaces) {
  const { address, kdf, n } = await readKeystore(at.keystore);
  const peerId = existsSync(at.peerKey) ? await peerIdIn(at.peerKey) : undefined;
  const exposed: string[] = [];
  for (const path of [at.keystore, at.peerKey]) {
    if (existsSync(path) && ((await stat(path)).mode & 0o077) !== 0) exposed.push(path);
  }
  return { address, peerId, keystore: at.keystore, peerKey: at.peerKey, kdf, n, exposed };
}

/** Loaded when it is needed: libp2p's keys are a hundred modules. */
const identity = () => import("../io/p2p/identity.ts");

async function peerIdIn(path: string): Promise<string> {
  const { openPeerKeyFile } = await import("../io/p2p/key-file.ts");
  return (await identity()).peerIdOfKey(await openPeerKeyFile(path));
}

function print(shown: Awaited<ReturnType<typeof show>>, { json }: Options): void {
  if (json) {
    console.log(JSON.stringify(shown));
    return;
  }
  const { address, peerId, keystore, peerKey, kdf, n, exposed } = shown;
  console.log(`address   ${address}`);
  console.log(`peer id   ${peerId ?? "none yet: the node creates one when it starts"}`);
  console.log(`keystore  ${keystore} (${kdf}${n === undefined ? "" : `, N = ${n}`})`);
  console.log(`peer key  ${peerKey}`);
  for (const path of exposed) console.log(`warning   other users can read ${path}: run chmod 600 on it`);
}
