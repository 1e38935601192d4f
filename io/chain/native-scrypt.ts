// Lets ethers' keystores use Node's scrypt, which is several times faster than the one in JavaScript and does not block the
// event loop.
import { scrypt as nodeScrypt } from "node:crypto";
import { promisify } from "node:util";
import { scrypt } from "ethers/crypto";

/** Most memory that a keystore may ask for, bytes: four times what the keystores of ethers and geth need. */
const maxMemory = 2 ** 30;

/** For all keystores of this process. */
export function useNativeScrypt(): void {
  const derive = promisify<Uint8Array, Uint8Array, number, object, Buffer>(nodeScrypt);
  scrypt.register((password, salt, N, r, p, length) => derive(password, salt, length, { N, r, p, maxmem: maxMemory }));
}
