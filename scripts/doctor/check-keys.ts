// The keys: the keystore opens with its password, the peer key is there, and nobody else on the machine can read either.
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { isFedError } from "../../foundation/errors.ts";
import { openKeystore, readKeystore } from "../../io/chain/keystore.ts";
import { peerIdOfKey } from "../../io/p2p/identity.ts";
import { openPeerKeyFile } from "../../io/p2p/key-file.ts";
import { lockKeyFile } from "../../party/key-lock.ts";
import { type HospitalAddress, parseAddress } from "../../protocol/format/digest.ts";
import { bad, type Finding, good, note } from "./finding.ts";

export interface CheckedKeys {
  readonly findings: readonly Finding[];
  /** By the opened keystore; by what the file says where no password could be had. */
  readonly self?: HospitalAddress;
  readonly peerKey?: Uint8Array;
  readonly peerId?: string;
  /** Another process of this machine uses the keys: the node runs. */
  readonly isInUse: boolean;
}

/** What a service manager hands over is there only while the service runs. */
const credentials = "/run/credentials/";

/** @param password the file that has it, where it could not be read: the keystore is then not opened */
export async function checkKeys(
  { keystore, peerKey: peerKeyFile }: { readonly keystore: string; readonly peerKey: string },
  password: string | { readonly missing: string | undefined },
): Promise<CheckedKeys> {
  const findings: Finding[] = [];
  let self: HospitalAddress | undefined;
  try {
    if (typeof password === "string") {
      const { address } = await openKeystore(keystore, password);
      self = parseAddress(address.toLowerCase());
      findings.push(good("keystore", `opens; this party is ${address}`));
    } else {
      self = (await readKeystore(keystore)).address;
      findings.push(notOpened(self, password.missing));
    }
  } catch (error) {
    findings.push(failed("keystore", error));
  }
  let peerKey: Uint8Array | undefined;
  let peerId: string | undefined;
  if (existsSync(peerKeyFile)) {
    try {
      peerKey = await openPeerKeyFile(peerKeyFile);
      peerId = await peerIdOfKey(peerKey);
      findings.push(good("peer key", `peer id ${peerId}`));
    } catch (error) {
      findings.push(failed("peer key", error));
    }
  } else {
    const remedy = "the node makes it at its first start; consilium keys create makes both keys before";
    findings.push(note("peer key", `there is none yet at ${peerKeyFile}`, remedy));
  }
  for (const path of [keystore, peerKeyFile]) {
    const mode = await stat(path).then(
      ({ mode: bits }) => bits & 0o077,
      () => 0,
    );
    if (mode !== 0) findings.push(bad("key files", `other users can read ${path}`, `run chmod 600 ${path}`));
  }
  return { findings, self, peerKey, peerId, isInUse: self !== undefined && (await isLocked(keystore)) };
}

function notOpened(self: HospitalAddress, file: string | undefined): Finding {
  const text = `not opened: whether its password is right was not checked; by its file this party is ${self}`;
  if (file?.startsWith(credentials)) {
    const remedy = `${file} is there only while the service runs: run this on a terminal, where it asks for the password`;
    return note("keystore", text, remedy);
  }
  if (file !== undefined) return bad("keystore", `${text}; ${file} cannot be read`, "check keys.passwordFile");
  const remedy = "set keys.passwordFile, or CONSILIUM_KEYSTORE_PASSWORD, or run this on a terminal";
  return bad("keystore", `${text}; no password was given`, remedy);
}

/** A failed check, from the error that it threw. */
export function failed(check: string, error: unknown): Finding {
  if (isFedError(error)) return bad(check, error.message, error.remedy);
  throw error;
}

async function isLocked(path: string): Promise<boolean> {
  try {
    await (await lockKeyFile(path)).release();
    return false;
  } catch (error) {
    if (isFedError(error, "KEY_IN_USE")) return true;
    throw error;
  }
}

/** Where the node runs, its own ports and peers cannot be tried. */
export const inUse = note(
  "network",
  "the node runs with these keys: its ports and peers are not tried",
  "its log and consilium status tell how it does; stop it to try them here",
);
