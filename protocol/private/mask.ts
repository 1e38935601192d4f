// Masks a hospital's integers: c = a k + e + delta x, polynomial by polynomial, with a mask key k for this round alone.
// A mask key is a one-time pad: two inputs under one secret show their difference.
import { FedError } from "../../foundation/errors.ts";
import { contextText, type PrivateContext } from "./context.ts";
import { errorSampler } from "./error-sampler.ts";
import { KeyStream } from "./key-stream.ts";
import { encodeMasked } from "./masked.ts";
import { publicSlots } from "./public-slots.ts";
import { blocksOf, degree, type Ring } from "./ring.ts";
import { multiplierBy } from "./transform.ts";

/** What masks are made from. */
export interface MaskSecrets {
  readonly ring: Ring;
  /** 32 random bytes, for one input in one round; kept until the round is final. */
  readonly secret: Uint8Array;
  readonly context: PrivateContext;
}

/** The mask key as slots, by the ring's primes. */
export function maskKey({ ring, secret, context }: MaskSecrets): Int32Array[] {
  return ring.primes.map(({ value: prime }) => {
    const slots = new Int32Array(degree);
    KeyStream.ofSecret(secret, contextText("mask key", context, prime)).residues(slots, prime);
    return slots;
  });
}

/**
 * The masked object of an input: the same bytes for the same secret and input.
 * @param input integers within ±(plaintext / 2 - 1)
 * @throws INPUT_OUT_OF_RANGE
 */
export function maskInput(input: Int32Array, secrets: MaskSecrets): Uint8Array {
  const { ring, secret, context } = secrets;
  checkRange(input, ring.plaintext / 2 - 1);
  const blocks = blocksOf(input.length);
  const sampler = errorSampler(KeyStream.ofSecret(secret, contextText("mask errors", context)), degree);
  const errors = new Int16Array(degree);
  const key = maskKey(secrets);
  const parts = ring.primes.map((prime, place) => ({
    prime: prime.value,
    multiplier: multiplierBy(key[place]!, prime),
    stream: publicSlots(context, prime.value),
    out: new Uint16Array(blocks * degree),
  }));
  for (let start = 0; start < blocks * degree; start += degree) {
    sampler.next(errors);
    const block = input.subarray(start, start + degree);
    for (const { prime, multiplier, stream, out } of parts) {
      stream.residues(multiplier.polynomial, prime);
      multiplier.multiply();
      multiplier.errors.set(errors);
      multiplier.input.set(block);
      multiplier.input.fill(0, block.length);
      multiplier.cover(ring.delta);
      out.set(multiplier.masked, start);
    }
  }
  const masked = parts.map(({ out }) => out);
  return encodeMasked(masked, ring);
}

/** Looks at all integers before it decides: its time says nothing about which one was out of range. */
function checkRange(input: Int32Array, limit: number): void {
  let outside = 0;
  for (let i = 0; i < input.length; i++) outside |= (limit - input[i]!) | (limit + input[i]!);
  if (outside < 0) throw new FedError("INPUT_OUT_OF_RANGE", { limit });
}
