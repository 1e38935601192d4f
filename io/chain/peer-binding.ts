// The statement with which a member without gas binds its peer key: signed by both keys, sent by anyone who pays for it.
import { readFile } from "node:fs/promises";
import { hexlify } from "ethers/utils";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import { addressField, signatureField } from "../../protocol/format/fields.ts";
import type { Signatures, TypedData } from "../../protocol/ports.ts";
import { isPeerKeyProven, type PeerIdentity, peerKeyMessage } from "./peer-key.ts";

const peerBindingSchema = z
  .object({
    version: z.literal(1),
    chainId: z.number().int().positive().safe(),
    contract: addressField,
    /** The member. */
    account: addressField,
    /** Ed25519 public key. */
    peerKey: z.string().regex(/^0x[0-9a-f]{64}$/),
    /** The member's keyNonce: the statement holds once, and until the member binds or rotates a key otherwise. */
    nonce: z
      .number()
      .int()
      .min(0)
      .max(2 ** 32 - 1),
    /** By the peer key over peerKeyMessage. */
    possession: z.string().regex(/^0x[0-9a-f]{128}$/),
    /** EIP-712, by the member's chain key. */
    signature: signatureField,
  })
  .strict();

export type PeerBinding = z.output<typeof peerBindingSchema>;

const maxBindingBytes = 4096;

/** The statement of a member about its peer key. */
export async function signPeerBinding(
  subject: FederationId & { readonly account: HospitalAddress; readonly nonce: number },
  { identity, signatures }: { readonly identity: PeerIdentity; readonly signatures: Pick<Signatures, "sign"> },
): Promise<PeerBinding> {
  const peerKey = hexlify(identity.publicKey);
  const possession = hexlify(await identity.sign(peerKeyMessage(subject, subject.account)));
  const signature = (await signatures.sign(bindingTypedData({ ...subject, peerKey }))).toLowerCase();
  return peerBindingSchema.parse({ version: 1, ...subject, peerKey, possession, signature });
}

/** Whether both keys have signed it for this federation. The contract checks one of them; every reader the other. */
export function isPeerBindingSigned(binding: PeerBinding, { recover }: Pick<Signatures, "recover">): boolean {
  const { account, peerKey, possession, signature } = binding;
  const [publicKey, proof] = [peerKey, possession].map((hex) => Buffer.from(hex.slice(2), "hex")) as [Buffer, Buffer];
  return (
    recover(bindingTypedData(binding), signature) === account &&
    isPeerKeyProven(binding, account, { publicKey, possession: proof })
  );
}

/** @throws PEER_BINDING_MALFORMED */
export function parsePeerBinding(bytes: Uint8Array): PeerBinding {
  try {
    if (bytes.byteLength > maxBindingBytes) throw new RangeError(`${bytes.byteLength} bytes`);
    return peerBindingSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new FedError("PEER_BINDING_MALFORMED", {}, { cause });
  }
}

/** @throws FILE_UNREADABLE, PEER_BINDING_MALFORMED */
export async function readPeerBinding(path: string): Promise<PeerBinding> {
  const bytes = await readFile(path).catch((cause) => {
    throw new FedError("FILE_UNREADABLE", { path }, { cause });
  });
  return parsePeerBinding(bytes);
}

/** The fields and their order are the contract's PEER_KEY_TYPEHASH. */
function bindingTypedData({
  chainId,
  contract,
  account,
  peerKey,
  nonce,
}: Pick<PeerBinding, "chainId" | "contract" | "account" | "peerKey" | "nonce">): TypedData {
  return {
    domain: { name: "Consilium", version: "1", chainId, verifyingContract: contract },
    types: {
      PeerKey: [
        { name: "account", type: "address" },
        { name: "peerKey", type: "bytes32" },
        { name: "nonce", type: "uint32" },
      ],
    },
    message: { account, peerKey, nonce },
  };
}
