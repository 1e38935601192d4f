// A share on its way: HPKE (RFC 9180) to the holder's prekey, so that it can lie in the open among a round's objects. The
// KEM is X-Wing, X25519 and ML-KEM-768 in one: a recorded box stays closed as long as one of the two holds
// (docs/decisions/0016-boxes-are-x-wing.md). A holder erases its prekey when the round is final.
import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import { FedError } from "../../foundation/errors.ts";
import { sha256 } from "../../foundation/sha256.ts";
import type { HospitalAddress } from "../format/digest.ts";
import { contextText, type PrivateContext } from "./context.ts";
import { KeyStream } from "./key-stream.ts";
import type { Ring } from "./ring.ts";
import { decodeShare, encodeShare, type Share, shareBytes } from "./share.ts";
import { x25519 } from "./x25519.ts";

/** The library's, but for the curve: its X25519 in JavaScript took most of the time of a box. */
class XWingOfNode extends XWing {
  constructor() {
    super();
    this._x25519.derive = async (secret, point) => x25519(secret, point);
  }
}

const kem = new XWingOfNode();
const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() });

export const prekeyBytes = 1216;
const encapsulatedBytes = 1120;
const tagBytes = 16;

/** A holder's key for the boxes of one round. */
export interface Prekey {
  /** 32 bytes, from which both secret keys are expanded; never leaves the hospital. */
  readonly secretKey: Uint8Array;
  /** 1,216 bytes. */
  readonly publicKey: Uint8Array;
}

/** @param secretKey 32 bytes of the operating system's generator, for one round */
export async function prekeyFrom(secretKey: Uint8Array): Promise<Prekey> {
  const { publicKey } = await kem.generateKeyPairDerand(secretKey);
  return { secretKey, publicKey: new Uint8Array(await kem.serializePublicKey(publicKey)) };
}

/** Who a box is from and for. */
export interface BoxNames {
  readonly context: PrivateContext;
  readonly dealer: HospitalAddress;
  readonly holder: HospitalAddress;
}

/** The exact size of a box. */
export function boxBytes(ring: Pick<Ring, "scalars">): number {
  return encapsulatedBytes + shareBytes(ring) + tagBytes;
}

/**
 * The box of a share: the same bytes for the same secret, names and prekey, so that a dealer that was killed makes the same
 * boxes again. Another prekey, or another holder, takes other coins.
 * @returns undefined for a prekey that nothing can be sealed to: everyone sees that it is its holder's fault
 */
export async function sealBox(
  share: Share,
  { secret, prekey, ...names }: BoxNames & { readonly secret: Uint8Array; readonly prekey: Uint8Array },
): Promise<Uint8Array | undefined> {
  const { context, holder } = names;
  const recipientPublicKey = await readPrekey(prekey);
  if (recipientPublicKey === undefined) return undefined;
  const purpose = contextText("box coins", context, holder, Buffer.from(sha256(prekey)).toString("hex"));
  const ekm = KeyStream.ofSecret(secret, purpose).bytes(64).buffer as ArrayBuffer;
  try {
    const sender = await suite.createSenderContext({ recipientPublicKey, info: infoOf(names), ekm });
    const sealed = await sender.seal(encodeShare(share).buffer as ArrayBuffer);
    return Buffer.concat([new Uint8Array(sender.enc), new Uint8Array(sealed)]);
  } catch {
    return undefined;
  }
}

/** @throws BOX_MALFORMED for anything but a share that was sealed to this key for this round, dealer and holder */
export async function openBox(
  box: Uint8Array,
  { secretKey, ring, ...names }: BoxNames & { readonly secretKey: Uint8Array; readonly ring: Ring },
): Promise<Share> {
  const refuse = (cause?: unknown) =>
    new FedError("BOX_MALFORMED", { dealer: names.dealer, bytes: box.byteLength }, { cause });
  if (box.byteLength !== boxBytes(ring)) throw refuse();
  let opened: ArrayBuffer;
  try {
    const recipientKey = await kem.deserializePrivateKey(copied(secretKey));
    const enc = copied(box.subarray(0, encapsulatedBytes));
    const recipient = await suite.createRecipientContext({ recipientKey, enc, info: infoOf(names) });
    opened = await recipient.open(copied(box.subarray(encapsulatedBytes)));
  } catch (cause) {
    throw refuse(cause);
  }
  try {
    return decodeShare(new Uint8Array(opened), ring);
  } catch (cause) {
    throw refuse(cause);
  }
}

function infoOf({ context, dealer, holder }: BoxNames): ArrayBuffer {
  return copied(new TextEncoder().encode(contextText("box", context, dealer, holder)));
}

async function readPrekey(prekey: Uint8Array) {
  if (prekey.byteLength !== prekeyBytes) return undefined;
  return kem.deserializePublicKey(copied(prekey));
}

/** As a buffer of its own: the library takes whole buffers. */
function copied(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer as ArrayBuffer;
}
