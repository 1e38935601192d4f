// The contract on Hardhat's EVM, driven by the calls of test/fakes/contract.ts as fast as JSON-RPC allows.
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { AbiCoder, HDNodeWallet, hexlify, Mnemonic, Signature, type TypedDataDomain, Wallet } from "ethers";
import { peerIdOf, peerKeyMessage } from "../../io/chain/peer-key.ts";
import { readEvent } from "../../io/chain/read-event.ts";
import { decodeRevert } from "../../io/chain/reverts.ts";
import {
  type Arguments,
  creationCode,
  decodeReturned,
  encodeCall,
  type FunctionName,
  parseEvent,
  type Returned,
  trainingRoundsInterface,
} from "../../io/chain/training-rounds.ts";
import { commitmentTypedData } from "../../protocol/contract/commitment.ts";
import type { LedgerEvent } from "../../protocol/contract/events.ts";
import type { Member, PrivateSums, RoundTerms } from "../../protocol/contract/round.ts";
import { activeIndexOf, type ContractState, everIndexOf } from "../../protocol/contract/state.ts";
import {
  type Digest,
  type HospitalAddress,
  parseAddress,
  type RoundId,
  zeroDigest,
} from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { SignedCommitment } from "../../protocol/ports.ts";
import type { AnyCall } from "../fakes/contract.ts";
import { type Chain, signAttestation } from "./federation.ts";

interface RawLog {
  readonly topics: readonly string[];
  readonly data: string;
  readonly logIndex: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly transactionHash: string;
}
interface RawReceipt {
  readonly logs: readonly RawLog[];
  readonly contractAddress: string;
  readonly status: string;
}

/** What a federation is founded with. */
export interface Founding {
  readonly plan: Digest;
  readonly genesis: Digest;
  readonly privateSums?: PrivateSums | undefined;
}

export interface Sent {
  /** The contract's error code; undefined where it took the call. */
  readonly error: string | undefined;
  readonly logs: readonly RawLog[];
}

const rotationTypes = {
  Rotation: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "nonce", type: "uint32" },
  ],
};
const phrase = Mnemonic.fromPhrase("test test test test test test test test test test test junk");

/** Accounts that Hardhat's node signs for; here, too, for what the contract verifies. */
const wallets = Array.from({ length: 20 }, (_, at) => {
  const { privateKey } = HDNodeWallet.fromMnemonic(phrase, `m/44'/60'/0'/0/${at}`);
  return new Wallet(privateKey);
});
const addresses = wallets.map(({ address }) => parseAddress(address));
export const accounts: readonly HospitalAddress[] = addresses.slice(0, 14);
/** For keys that members change to. */
export const spareAccounts: readonly HospitalAddress[] = addresses.slice(14);

/** Peers that members may bind. */
export const peers = Array.from({ length: 4 }, (_, at) => peerFrom(Buffer.alloc(32, at + 1)));

export class RealContract {
  readonly #chain: Chain;
  readonly federation: FederationId;

  constructor(chain: Chain, federation: FederationId) {
    this.#chain = chain;
    this.federation = federation;
  }

  /** @returns the contract, and the events of its creation */
  static async deploy(
    chain: Chain,
    terms: RoundTerms,
    { plan, genesis, privateSums }: Founding,
  ): Promise<{ real: RealContract; logs: readonly RawLog[] }> {
    const owner = accounts[0]!;
    const constructed = AbiCoder.defaultAbiCoder().encode(trainingRoundsInterface.deploy.inputs, [
      owner,
      Object.values(terms),
      `0x${"00".repeat(20)}`,
      plan,
      genesis,
      privateSums?.mechanism ?? zeroDigest,
      privateSums?.maxSeals ?? 0,
    ]);
    const data = `${creationCode}${constructed.slice(2)}`;
    const rpc = (method: string, params: readonly unknown[]) => chain.provider.request({ method, params: [...params] });
    const hash = await rpc("eth_sendTransaction", [{ from: owner, data, gas: "0x1000000" }]);
    const { contractAddress, logs } = (await rpc("eth_getTransactionReceipt", [hash])) as RawReceipt;
    const chainId = Number(await rpc("eth_chainId", []));
    return { real: new RealContract(chain, { chainId, contract: parseAddress(contractAddress) }), logs };
  }

  async rpc(method: string, params: readonly unknown[] = []): Promise<unknown> {
    return this.#chain.provider.request({ method, params: [...params] });
  }

  /** Sends the call in a block of its own at this time. @param state before the call, for members' indices */
  async send({ by, call }: { by: HospitalAddress; call: AnyCall }, state: ContractState, time: number): Promise<Sent> {
    const data = await this.#encode(by, call, state);
    await this.rpc("evm_setNextBlockTimestamp", [`0x${time.toString(16)}`]);
    const { contract: to } = this.federation;
    try {
      const hash = await this.rpc("eth_sendTransaction", [{ from: by, to, data, gas: "0x200000" }]);
      const { logs } = (await this.rpc("eth_getTransactionReceipt", [hash])) as RawReceipt;
      return { error: undefined, logs };
    } catch (error) {
      const { data: revert } = error as { data?: string | { data?: string } };
      const decoded = decodeRevert((typeof revert === "object" ? revert.data : revert) ?? "0x");
      if (!decoded) throw error;
      return { error: decoded.code, logs: [] };
    }
  }

  async read<Name extends FunctionName>(name: Name, args: Arguments<Name>): Promise<Returned<Name>> {
    const call = { to: this.federation.contract, data: encodeCall(name, args) };
    return decodeReturned(name, (await this.rpc("eth_call", [call, "latest"])) as string);
  }

  /** The events of logs, as io/chain reads them. */
  *events(logs: readonly RawLog[], time: number, members: () => readonly Member[]): Generator<LedgerEvent> {
    for (const log of logs) {
      const { blockHash, transactionHash: transaction } = log;
      const place = { block: Number(log.blockNumber), logIndex: Number(log.logIndex), blockHash, transaction, time };
      const event = readEvent(parseEvent(log)!, place, { federation: this.federation, members: members() });
      if (event) yield event;
    }
  }

  async #encode(by: HospitalAddress, call: AnyCall, state: ContractState): Promise<string> {
    switch (call.name) {
      case "openRound":
        return encodeCall("openRound", []);
      case "commitUpdate":
        return encodeCall("commitUpdate", [call.args.round, call.args.manifest, call.args.sampleCount]);
      case "commitUpdates": {
        const { round, signed } = call.args;
        return encodeCall("commitUpdates", [round, await Promise.all(signed.map((each) => this.#signed(round, each)))]);
      }
      case "sealRound":
        return encodeCall("sealRound", [call.args.round, bitmapOf(call.args.included, state)]);
      case "proposeModel": {
        const { round, model, included } = call.args;
        return encodeCall("proposeModel", [round, model, bitmapOf(included, state)]);
      }
      case "attest": {
        const { round, proposal, agree, scores } = call.args;
        const model = state.round?.proposals.find(({ number }) => number === proposal)?.model ?? zeroDigest;
        return encodeCall("attest", [round, model, agree, scores]);
      }
      case "attestFor": {
        const { round, proposal, signed } = call.args;
        const model = state.round?.proposals.find(({ number }) => number === proposal)?.model ?? zeroDigest;
        const federation = { domain: this.#domain() };
        const votes = signed.map(({ member, ...vote }) =>
          signAttestation(federation, walletOf(member), { round, proposal, model, ...vote }),
        );
        return encodeCall("attestFor", [round, model, await Promise.all(votes)]);
      }
      case "agreePlan":
        return encodeCall("agreePlan", [call.args.plan, call.args.genesis]);
      case "expire":
        return encodeCall("expire", [call.args.round]);
      case "rotateKey": {
        const { to } = call.args;
        const { keyNonce: nonce } = await this.read("memberOf", [by]);
        const signature = await walletOf(to).signTypedData(this.#domain(), rotationTypes, { from: by, to, nonce });
        return encodeCall("rotateKey", [to, signature]);
      }
      case "bindPeer": {
        const { publicKey, privateKey } = peers.find(({ id }) => id === call.args.peerId)!;
        const possession = sign(null, peerKeyMessage(this.federation, by), privateKey);
        return encodeCall("bindPeerKey", [hexlify(publicKey), hexlify(possession)]);
      }
      case "admit":
        return encodeCall("admit", [call.args.member, call.args.role === "hospital" ? 1 : 2]);
      case "revoke":
        return encodeCall("revoke", [activeIndexOf(state, call.args.member) ?? 255]);
      case "setTerms":
        return encodeCall("setTerms", [call.args.terms]);
      case "pauseUntil":
        return encodeCall("pauseUntil", [call.args.until]);
    }
  }

  async #signed(round: RoundId, { member, manifest, sampleCount }: Omit<SignedCommitment, "signature">) {
    const { domain, types, message } = commitmentTypedData(this.federation, { round, manifest, sampleCount });
    const signature = await walletOf(member).signTypedData(domain, types as typeof rotationTypes, message);
    const { r, yParityAndS: vs } = Signature.from(signature);
    return { manifestDigest: manifest, sampleCount, r, vs };
  }

  #domain(): TypedDataDomain {
    return {
      name: "Consilium",
      version: "1",
      chainId: this.federation.chainId,
      verifyingContract: this.federation.contract,
    };
  }
}

function bitmapOf(included: readonly HospitalAddress[], state: ContractState): bigint {
  return included.reduce((bits, key) => bits | (1n << BigInt(everIndexOf(state, key)!)), 0n);
}

export function walletOf(address: HospitalAddress): Wallet {
  return wallets[addresses.indexOf(address)]!;
}

/** An Ed25519 key pair of a seed. */
function peerFrom(seed: Uint8Array): {
  readonly id: string;
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
} {
  // RFC 8410: the DER form of a private key is this prefix and the seed.
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const { x } = createPublicKey(privateKey).export({ format: "jwk" }) as { x: string };
  const publicKey = Buffer.from(x, "base64url");
  return { id: peerIdOf(publicKey), publicKey, privateKey };
}
