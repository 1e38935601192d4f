// A contract's refusal as one of our errors: "CommitmentDuplicate(address member)" becomes COMMITMENT_DUPLICATE with
// the member among its facts.
import { AbiCoder } from "ethers/abi";
import { isErrorCode } from "../../foundation/errors/table.ts";
import { type ErrorFacts, FedError } from "../../foundation/errors.ts";
import { RpcRefusal } from "./json-rpc.ts";
import { trainingRoundsInterface } from "./training-rounds.ts";

/** The FedError of a revert's bytes; undefined for bytes that are none of the contract's errors, or that are cut off. */
export function decodeRevert(data: string): FedError | undefined {
  try {
    return contractError(data) ?? solidityError(data);
  } catch {
    return undefined;
  }
}

function contractError(data: string): FedError | undefined {
  const parsed = trainingRoundsInterface.parseError(data);
  if (!parsed) return undefined;
  const facts: ErrorFacts = Object.fromEntries(
    parsed.fragment.inputs.map(({ name }, i) => [name, fact(parsed.args[i])]),
  );
  const code = codeOfContractError(parsed.name);
  return isErrorCode(code)
    ? new FedError(code, facts)
    : new FedError("CONTRACT_REVERTED", { ...facts, error: parsed.name });
}

/** Error(string) of Solidity itself. */
function solidityError(data: string): FedError | undefined {
  if (!data.startsWith("0x08c379a0")) return undefined;
  const [text] = AbiCoder.defaultAbiCoder().decode(["string"], `0x${data.slice(10)}`);
  return new FedError("CONTRACT_REVERTED", { text: String(text).slice(0, 200) });
}

/** @example codeOfContractError("ECDSAInvalidSignature") // "ECDSA_INVALID_SIGNATURE" */
export function codeOfContractError(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, "_").toUpperCase();
}

/** Throws the contract's reason where the error holds one, and the error itself where not. */
export function rethrowRevert(error: unknown): never {
  if (error instanceof RpcRefusal && error.data) throw decodeRevert(error.data) ?? error;
  throw error;
}

function fact(value: unknown): string | number | bigint | boolean {
  if (typeof value === "bigint") return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  if (typeof value === "string") return value.toLowerCase();
  return Boolean(value);
}
