// Whether code on a chain is the contract of this source. Members check this before they trust the digest that the founder
// wrote into the federation file.
import { deployedCode } from "./training-rounds.ts";

/**
 * Compares code with the compiled contract, except for the immutables (chain id, address, EIP-712 domain), which the
 * constructor fills in differently for each federation.
 * @param code 0x and hex digits, as eth_getCode returns it
 */
export function isTrainingRoundsCode(code: string): boolean {
  const { bytecode, immutables } = deployedCode;
  return code.length === bytecode.length && masked(code, immutables) === masked(bytecode, immutables);
}

function masked(code: string, places: readonly { readonly start: number; readonly length: number }[]): string {
  const bytes = Buffer.from(code.slice(2), "hex");
  for (const { start, length } of places) bytes.fill(0, start, start + length);
  return bytes.toString("hex");
}
