// The files of a hospital that joins: each is written once and then left alone, so that a join can be repeated.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Wallet } from "ethers";
import { FedError } from "../../foundation/errors.ts";
import { readFederationFile, writeFederationFile } from "../../io/chain/federation-file.ts";
import { writeNewFile } from "../../io/chain/new-file.ts";
import { signPeerBinding } from "../../io/chain/peer-binding.ts";
import { walletSignatures } from "../../io/chain/signatures.ts";
import { loadPeerKey } from "../../io/p2p/identity.ts";
import { openPeerKeyFile } from "../../io/p2p/key-file.ts";
import { parseAddress } from "../../protocol/format/digest.ts";
import { collectAnswers } from "../init/answers.ts";
import { configText } from "../init/config-file.ts";
import type { Invitation } from "./invitation.ts";

/** @throws FILE_EXISTS where the folder is of another federation */
export async function writeFederation(path: string, { federation }: Invitation): Promise<void> {
  if (!existsSync(path)) {
    await mkdir(dirname(path), { recursive: true });
    return writeFederationFile(path, federation);
  }
  const { chainId, contract } = await readFederationFile(path);
  if (chainId === federation.chainId && contract === federation.contract) return;
  throw new FedError("FILE_EXISTS", { path }, { remedy: "this folder is of another federation: give another --dir" });
}

export async function writeConfiguration(
  path: string,
  { peers }: Invitation,
  given: {
    readonly endpoints: readonly string[];
    readonly confirmations: string;
    readonly port: string;
    readonly nat?: boolean;
    readonly relayed?: boolean;
    readonly passwordFile?: string;
  },
): Promise<void> {
  if (existsSync(path)) return;
  const { endpoints: rpc, ...rest } = given;
  const answers = await collectAnswers("hospital", { ...rest, rpc, peer: peers }, { isAsking: false });
  await writeNewFile(path, configText("hospital", answers), { mode: 0o600 });
}

/** The request: the account and the peer key, each signed by its own key, for this federation alone. */
export async function writeRequest(
  path: string,
  { federation: { chainId, contract } }: Invitation,
  { wallet, peerKey }: { readonly wallet: Wallet; readonly peerKey: string },
): Promise<void> {
  if (existsSync(path)) return;
  const key = await loadPeerKey(await openPeerKeyFile(peerKey));
  const identity = { publicKey: key.publicKey.raw, sign: (message: Uint8Array) => key.sign(message) };
  const account = parseAddress(wallet.address);
  // An account that was never a member has bound no key yet: its nonce is 0.
  const subject = { chainId, contract, account, nonce: 0 };
  const binding = await signPeerBinding(subject, { identity, signatures: walletSignatures(wallet) });
  await writeNewFile(path, `${JSON.stringify(binding, null, 2)}\n`, { mode: 0o644 });
}
