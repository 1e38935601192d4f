// EIP-712 signatures by the party's chain key.
import type { TypedDataDomain, TypedDataField, Wallet } from "ethers";
import { verifyTypedData } from "ethers/hash";
import { parseAddress } from "../../protocol/format/digest.ts";
import type { Signatures, TypedData } from "../../protocol/ports.ts";

/** Signs with the wallet, and recovers the signer of any signature. */
export function walletSignatures(wallet: Wallet): Signatures {
  return {
    async sign(data) {
      return (await wallet.signTypedData(...ethersForm(data))) as `0x${string}`;
    },
    recover: recoverSigner,
  };
}

/** Recent results: an audit, and several parties of one process, check the same signature many times. */
const recovered = new Map<string, ReturnType<Signatures["recover"]>>();
const mostRecovered = 4096;

export function recoverSigner(data: TypedData, signature: string): ReturnType<Signatures["recover"]> {
  const key = JSON.stringify([data, signature], (_, value) =>
    typeof value === "bigint" ? { whole: `${value}` } : value,
  );
  if (!recovered.has(key)) {
    recovered.set(key, recoverAnew(data, signature));
    if (recovered.size > mostRecovered) recovered.delete(recovered.keys().next().value!);
  }
  return recovered.get(key);
}

function recoverAnew(data: TypedData, signature: string): ReturnType<Signatures["recover"]> {
  try {
    return parseAddress(verifyTypedData(...ethersForm(data), signature));
  } catch {
    return undefined; // ethers throws on malformed signatures
  }
}

function ethersForm({
  domain,
  types,
  message,
}: TypedData): [TypedDataDomain, Record<string, TypedDataField[]>, Record<string, unknown>] {
  return [
    domain,
    Object.fromEntries(Object.entries(types).map(([name, fields]) => [name, [...fields]])),
    { ...message },
  ];
}
