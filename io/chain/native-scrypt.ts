// ethers' keystores with Node's scrypt: several times as fast as the one in JavaScript, and beside the event loop.
import { scrypt as nodeScrypt } from "node:crypto";
import { promisify } from "node:util";
import { scrypt } from "ethers";

/** A keystore may ask for so much memory, bytes: four times what ethers and geth write. */
const maxMemory = 2 ** 30;

/** For all keystores of this process. */
export function useNativeScrypt(): void {
  const derive = promisify<Uint8Array, Uint8Array, number, object, Buffer>(nodeScrypt);
  scrypt.register((password, salt, N, r, p, length) => derive(password, salt, length, { N, r, p, maxmem: maxMemory }));
}
