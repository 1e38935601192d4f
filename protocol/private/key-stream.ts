// Streams of uniform bytes: AES-256-CTR by Node's OpenSSL, which takes the same time for all keys. Public ones are keyed by
// a hash of their purpose, secret ones by HKDF from the hospital's secret of the round.
import { type Cipher, createCipheriv, hkdfSync } from "node:crypto";
import { sha256 } from "../../foundation/sha256.ts";

/** A multiple of the cipher's block and of 8, so that no number lies across two buffers of a stream of one width. */
const bufferBytes = 1 << 16;

/** Bytes of a hospital's secret of a round. */
export const secretBytes = 32;

export class KeyStream {
  readonly #cipher: Cipher;
  readonly #zeros = new Uint8Array(bufferBytes);
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv("aes-256-ctr", key, new Uint8Array(16));
  }

  /** The stream that everyone can compute. */
  static ofText(text: string): KeyStream {
    return new KeyStream(sha256(text));
  }

  /** @param purpose a contextText: each purpose has its own stream @param secret 32 bytes */
  static ofSecret(secret: Uint8Array, purpose: string): KeyStream {
    if (secret.byteLength !== secretBytes) throw new RangeError(`a secret has ${secretBytes} bytes`);
    return new KeyStream(new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), purpose, 32)));
  }

  /** The next bytes, as a copy. */
  bytes(length: number): Uint8Array {
    const taken = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      if (this.#at === this.#bytes.length) this.#refill();
      const part = this.#bytes.subarray(this.#at, this.#at + length - done);
      taken.set(part, done);
      done += part.length;
      this.#at += part.length;
    }
    return taken;
  }

  /** The next four bytes, little-endian. */
  uint32(): number {
    if (this.#bytes.length - this.#at < 4) {
      const bytes = this.bytes(4);
      return new DataView(bytes.buffer).getUint32(0, true);
    }
    const value = this.#bytes.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  /**
   * Uniform residues by rejection: of 16-bit little-endian numbers v in turn, those below the largest multiple of the
   * prime, modulo the prime. Time depends on what is rejected, never on what is taken.
   */
  residues(into: Uint16Array | Int32Array, prime: number): void {
    const multiples = Math.floor(2 ** 16 / prime);
    const limit = prime * multiples;
    for (let index = 0; index < into.length; ) {
      if (this.#at === this.#bytes.length) this.#refill();
      const { buffer, byteOffset, length } = this.#bytes;
      const numbers = new Uint16Array(buffer, byteOffset + this.#at, (length - this.#at) >>> 1);
      let read = 0;
      while (read < numbers.length && index < into.length) {
        const number = numbers[read++]!;
        if (number < limit) into[index++] = multiples === 1 ? number : number % prime;
      }
      this.#at += 2 * read;
    }
  }

  #refill(): void {
    this.#bytes = this.#cipher.update(this.#zeros);
    this.#at = 0;
  }
}
