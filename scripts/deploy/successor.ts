// A federation that continues another one starts from the last model of that one's contract.
import { FedError } from "../../foundation/errors.ts";
import type { FoundingSteps } from "../../ignition/modules/federation.ts";
import { decodeReturned, encodeCall } from "../../io/chain/training-rounds.ts";
import { type Digest, parseDigest, zeroDigest } from "../../protocol/format/digest.ts";
import type { Connection } from "./target.ts";

export interface FederationSteps extends Omit<FoundingSteps, "deployer"> {
  /** All names of the genesis model, where its file was given. */
  readonly genesisNames: readonly Digest[];
}

/**
 * The steps, with the predecessor's last model as the genesis. A predecessor on another chain cannot be asked: the genesis
 * must then be given.
 * @throws GENESIS_NOT_LAST_MODEL, OPTION_MISSING, RPC_MALFORMED
 */
export async function withGenesis(
  { provider }: Connection,
  { genesisNames, ...steps }: FederationSteps,
): Promise<Omit<FoundingSteps, "deployer">> {
  const { predecessor, genesis } = steps;
  if (predecessor === undefined) return steps;
  const call = async (method: string, ...params: unknown[]) =>
    (await provider.request({ method, params: [...params, "latest"] })) as string;
  if ((await call("eth_getCode", predecessor)) === "0x") {
    if (genesis !== undefined) return steps;
    const remedy = "give --genesis: this chain does not have the predecessor, whose last model cannot be read";
    throw new FedError("OPTION_MISSING", { option: "--genesis" }, { remedy });
  }
  const answer = await call("eth_call", { to: predecessor, data: encodeCall("latestModel", []) });
  const last: Digest = parseDigest(decodeReturned("latestModel", answer));
  if (last === zeroDigest) return steps;
  if (genesis !== undefined && !genesisNames.includes(last)) {
    throw new FedError("GENESIS_NOT_LAST_MODEL", { genesis, last, predecessor });
  }
  return { ...steps, genesis: last };
}
