// The work of `consilium join`: keys, configuration, checks and the request.
import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { openKeystore } from "../../io/chain/keystore.ts";
import { line } from "../doctor/show.ts";
import { createKeyFiles, keyPlaces } from "../keys/key-files.ts";
import { rpcUrls } from "../ledger/options.ts";
import { readPassword } from "../terminal/read-password.ts";
import { checkInvitation } from "./check-invitation.ts";
import { fingerprintOf, readInvitation } from "./invitation.ts";
import { writeConfiguration, writeFederation, writeRequest } from "./write-files.ts";

export interface JoinOptions {
  readonly dir: string;
  readonly rpc?: readonly string[];
  readonly passwordFile?: string;
  readonly confirmations: string;
  readonly port: string;
  readonly nat?: boolean;
  readonly relayed?: boolean;
  readonly json?: boolean;
}

/** Writes what is not there yet, checks it, and says what comes next. @throws INVITATION_*, OPTION_INVALID, KEYSTORE_*, PASSWORD_MISSING */
export async function accept(path: string, options: JoinOptions): Promise<void> {
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

  const { examine } = await import("../doctor/examine.ts");
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
