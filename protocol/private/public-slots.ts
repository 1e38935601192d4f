// The public polynomials a of a round, as slots: one stream for each prime, which anyone draws again from the round's name.
import { contextText, type PrivateContext } from "./context.ts";
import { KeyStream } from "./key-stream.ts";

/** The stream of a round's public polynomials modulo a prime; polynomial after polynomial, slot after slot. */
export function publicSlots(context: PrivateContext, prime: number): KeyStream {
  return KeyStream.ofText(contextText("public polynomials", context, prime));
}
