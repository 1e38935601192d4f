// A contract's refusal as one of our errors: "CommitmentDuplicate(address member)" becomes COMMITMENT_DUPLICATE with
// the member among its facts.
import { AbiCoder } from "ethers";
import { type ErrorFacts, FedError } from "../../foundation/errors.ts";
import { RpcRefusal } from "./json-rpc.ts";
import { trainingRoundsInterface } from "./training-rounds.ts";

const remedies: Readonly<Record<string, string>> = {
  MEMBER_UNKNOWN: "ask the consortium to admit this address: consilium members admit ADDRESS",
  MEMBER_NOT_HOSPITAL: "this account is an aggregator; only hospitals do this",
  OWNABLE_UNAUTHORIZED_ACCOUNT:
    "only the federation's owner may do this; where that is the contract itself, use consilium members vote or consilium terms --vote",
  MEMBER_ALREADY_ADMITTED: "an address stands for one member for ever: take a new key",
  MEMBERS_FULL: "256 members were admitted: found a new federation with --predecessor",
  ROUNDS_PAUSED: "the consortium's owner has paused the rounds",
  ROUND_BASE_MISMATCH: "open the round on the last final model",
  ROUND_RUNNING: "wait until this round is final or abandoned: consilium status tells how long that may take",
  ROUND_TOO_FEW_HOSPITALS: "admit more hospitals, or lower the minimum of updates: consilium terms --min-updates N",
  COMMITMENT_SAMPLE_COUNT: "the plan's sampleCap must not be above the contract's",
  TERMS_INVALID: "periods are 1 s to 365 days, the sample cap 1 to 2^20, minimum and proposals at least 1",
};

/** The FedError of a revert's bytes; undefined where they are none of the contract's errors. */
export function decodeRevert(data: string): FedError | undefined {
  const parsed = trainingRoundsInterface.parseError(data);
  if (parsed) {
    const code = parsed.name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toUpperCase();
    const facts: ErrorFacts = Object.fromEntries(
      parsed.fragment.inputs.map(({ name }, i) => [name, fact(parsed.args[i])]),
    );
    const remedy = remedies[code];
    return new FedError(code, facts, remedy ? { remedy } : {});
  }
  // Error(string) and Panic(uint256) of Solidity itself.
  if (data.startsWith("0x08c379a0")) {
    const [text] = AbiCoder.defaultAbiCoder().decode(["string"], `0x${data.slice(10)}`);
    return new FedError("CONTRACT_REVERTED", { text: String(text).slice(0, 200) });
  }
  return undefined;
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
