// Whether code on a chain is the contract of this source: what a federation's members check before they trust a digest
// that its founder wrote into a file.
import { deployedCode } from "./training-rounds.ts";

/**
 * Compares code with the compiled contract. What the constructor fills in (chain id, address, EIP-712 domain) differs
 * from one federation to the next and is left out.
 * @param code 0x and hex digits, as eth_getCode gives it
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
