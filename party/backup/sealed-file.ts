// An encrypted file that is written and read as a stream: scrypt makes the key from a password, AES-256-GCM seals each
// 64 KiB block. The block's number and a last-block mark are in its nonce (the STREAM construction, Hoang et al. 2015), so
// that removed, repeated or reordered blocks and a cut-off end are all detected.
import { createCipheriv, createDecipheriv, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { FedError } from "../../foundation/errors.ts";

/** Layout: magic (8), version (1), log2 of scrypt's N (1), salt (32), password check (16). */
const magic = Buffer.from("CONSBKUP", "latin1");
const version = 1;
const saltBytes = 32;
const checkBytes = 16;
const headerBytes = magic.length + 2 + saltBytes + checkBytes;
const blockBytes = 64 << 10;
const tagBytes = 16;
/** scrypt with r = 8 and p = 1 takes 128 x 8 x N bytes: 128 MiB. */
const defaultLog2N = 17;
/** A hostile file must not make the reader allocate more than 1 GiB. */
const largestLog2N = 20;

/** @returns the sealed bytes, in pieces */
export async function* seal(
  plain: AsyncIterable<Uint8Array>,
  password: string,
  { log2N = defaultLog2N }: { readonly log2N?: number } = {},
): AsyncIterable<Uint8Array> {
  const salt = randomBytes(saltBytes);
  const { key, check } = await deriveKey(password, salt, log2N);
  const header = Buffer.concat([magic, Buffer.from([version, log2N]), salt, check]);
  yield header;
  let number = 0;
  let pending = Buffer.alloc(0);
  for await (const piece of plain) {
    pending = Buffer.concat([pending, piece]);
    let start = 0;
    // The last block is sealed after the loop, so at least one byte stays pending.
    for (; pending.length - start > blockBytes; start += blockBytes) {
      yield sealBlock(key, header, pending.subarray(start, start + blockBytes), number++, false);
    }
    pending = pending.subarray(start);
  }
  yield sealBlock(key, header, pending, number, true);
}

/**
 * Every piece that it yields has been authenticated; the end of the iteration means that the file was complete.
 * @throws BACKUP_MALFORMED, BACKUP_VERSION, BACKUP_PASSWORD, BACKUP_DAMAGED
 */
export async function* unseal(sealed: AsyncIterable<Uint8Array>, password: string): AsyncIterable<Uint8Array> {
  let key: Buffer | undefined;
  let header = Buffer.alloc(0);
  let number = 0;
  let pending = Buffer.alloc(0);
  for await (const piece of sealed) {
    pending = Buffer.concat([pending, piece]);
    if (key === undefined) {
      if (pending.length < headerBytes) continue;
      header = pending.subarray(0, headerBytes);
      key = await openHeader(header, password);
      pending = pending.subarray(headerBytes);
    }
    let start = 0;
    const step = blockBytes + tagBytes;
    for (; pending.length - start > step; start += step) {
      yield unsealBlock(key, header, pending.subarray(start, start + step), number++, false);
    }
    pending = pending.subarray(start);
  }
  if (key === undefined) throw new FedError("BACKUP_MALFORMED", { bytes: pending.length });
  yield unsealBlock(key, header, pending, number, true);
}

async function openHeader(header: Buffer, password: string): Promise<Buffer> {
  if (!header.subarray(0, magic.length).equals(magic)) throw new FedError("BACKUP_MALFORMED");
  const [found, log2N] = [header[magic.length]!, header[magic.length + 1]!];
  if (found !== version) throw new FedError("BACKUP_VERSION", { found, expected: version });
  if (log2N < 1 || log2N > largestLog2N) throw new FedError("BACKUP_MALFORMED", { log2N });
  const salt = header.subarray(magic.length + 2, magic.length + 2 + saltBytes);
  const { key, check } = await deriveKey(password, salt, log2N);
  if (!timingSafeEqual(check, header.subarray(headerBytes - checkBytes))) throw new FedError("BACKUP_PASSWORD");
  return key;
}

/** The check is a separate part of scrypt's output: it tells a wrong password from a damaged file, and nothing about the key. */
function deriveKey(password: string, salt: Uint8Array, log2N: number): Promise<{ key: Buffer; check: Buffer }> {
  const options = { N: 2 ** log2N, r: 8, p: 1, maxmem: 2 ** (log2N + 11) };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, 32 + checkBytes, options, (error, derived) => {
      if (error) reject(error);
      else resolve({ key: derived.subarray(0, 32), check: derived.subarray(32) });
    });
  });
}

/** 96 bits: the block's number and whether it is the last. The key belongs to one file, so no nonce repeats. */
function nonceOf(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function sealBlock(key: Buffer, header: Buffer, plain: Buffer, number: number, last: boolean): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(number, last)).setAAD(header);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function unsealBlock(key: Buffer, header: Buffer, sealed: Buffer, number: number, last: boolean): Buffer {
  const damaged = (cause?: unknown) => new FedError("BACKUP_DAMAGED", { block: number }, { cause });
  if (sealed.length < tagBytes) throw damaged();
  const end = sealed.length - tagBytes;
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(number, last)).setAAD(header);
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  } catch (cause) {
    throw damaged(cause);
  }
}
