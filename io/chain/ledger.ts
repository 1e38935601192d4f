// The Ledger port on a real chain: reads from a followed view of confirmed blocks, writes through one sender.
import { hexlify, keccak256, Signature, type Wallet } from "ethers";
import { type HospitalAddress, parseAddress, type RoundId } from "../../protocol/digest.ts";
import { FedError, isFedError } from "../../protocol/errors.ts";
import type { FederationId, Ledger, Log, Waiting } from "../../protocol/ports.ts";
import type { RoundTerms } from "../../protocol/round.ts";
import { ChainView } from "./chain-view.ts";
import { isTrainingRoundsCode } from "./contract-code.ts";
import { Endpoints } from "./endpoints.ts";
import { headerOf } from "./log-reader.ts";
import { pause } from "./pause.ts";
import { type PeerIdentity, peerIdOf, peerKeyMessage } from "./peer-key.ts";
import { rethrowRevert } from "./reverts.ts";
import { parseBytes, type Receipt } from "./rpc-values.ts";
import { Sender } from "./sender.ts";
import {
  type Arguments,
  decodeReturned,
  encodeCall,
  type FunctionName,
  parseEvent,
  type Returned,
} from "./training-rounds.ts";

export interface LedgerOptions {
  readonly federation: FederationId;
  /** Block of the contract's creation: events are read from here on. */
  readonly fromBlock: number;
  /** HTTP addresses of RPC endpoints of the chain, the preferred one first. */
  readonly endpoints: readonly string[];
  /** Keccak-256 of the contract's code, as the federation file has it; unchecked when left out. */
  readonly codeDigest?: string;
  /** The chain key that writes; an auditor has none. */
  readonly wallet?: Wallet;
  /** Blocks on top before anything counts. Default 0: right for a chain of one's own, wrong for a public one (12 and more). */
  readonly confirmations?: number;
  /** How often to look for a new block, milliseconds. Default 500. */
  readonly pollMs?: number;
  /** For one answer of an endpoint, milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** How long all endpoints may be down before an operation fails, milliseconds. Default 60,000. */
  readonly patienceMs?: number;
  readonly log?: Log;
}

/** A ledger of one process, with what its owner may do besides the port. */
export interface OpenLedger extends Ledger {
  /** Whether the contract is that of this program's source; if not, the federation file vouches for it alone. */
  readonly isKnownCode: boolean;
  /** The rules of the rounds, as of the last event. */
  terms(waiting?: Waiting): Promise<RoundTerms>;
  /** Binds this peer's identity to `self` unless it is bound already. @throws FedError MEMBER_UNKNOWN */
  bindPeer(identity: PeerIdentity, waiting?: Waiting): Promise<void>;
  /** A view of the contract, as of the latest block; of several values, the first. @throws FedError RPC_MALFORMED */
  read<Name extends FunctionName>(name: Name, args: Arguments<Name>, waiting?: Waiting): Promise<Returned<Name>>;
  /** Any other write of the contract (admit, revoke, vote, …), confirmed. */
  write<Name extends FunctionName>(name: Name, args: Arguments<Name>, waiting?: Waiting): Promise<Receipt>;
  /** Ends all that is under way, at once. */
  close(): void;
}

const silent: Log = { child: () => silent, debug() {}, info() {}, warn() {}, error() {} };

/**
 * Opens a federation's contract.
 * @throws FedError LEDGER_CHAIN_MISMATCH, LEDGER_CODE_MISSING, LEDGER_CODE_MISMATCH, RPC_UNAVAILABLE, RPC_NO_ENDPOINT
 */
export async function openLedger(options: LedgerOptions, waiting: Waiting = {}): Promise<OpenLedger> {
  const { federation, fromBlock, wallet, confirmations = 0, pollMs = 500, log = silent } = options;
  const { timeoutMs = 10_000, patienceMs = 60_000 } = options;
  const endpoints = new Endpoints({
    ...{ urls: options.endpoints, chainId: federation.chainId, timeoutMs, patienceMs, log },
  });
  const isKnownCode = isTrainingRoundsCode(await requireContract(endpoints, options, waiting));
  if (!isKnownCode) log.warn("contract-code-unknown", { contract: federation.contract });
  const life = new AbortController();
  const view = new ChainView(endpoints, { federation, fromBlock, confirmations, retryMs: pollMs / 2, log });
  const sender = wallet && new Sender(endpoints, wallet, { federation, confirmations, pollMs, log });
  const self = wallet && parseAddress(wallet.address);

  const alive = ({ signal }: Waiting): Waiting => ({
    signal: signal ? AbortSignal.any([signal, life.signal]) : life.signal,
  });
  const fresh = async (caller: Waiting) => {
    await view.refresh(alive(caller), { signal: life.signal });
    return view;
  };
  const write = async <Name extends FunctionName>(
    name: Name,
    args: Arguments<Name>,
    caller: Waiting = {},
  ): Promise<Receipt> => {
    if (!sender) throw new FedError("LEDGER_READ_ONLY", { write: name }, { remedy: "give the chain key that writes" });
    return sender.send({ to: federation.contract, data: encodeCall(name, args) }, alive(caller));
  };

  return {
    federation,
    self,
    isKnownCode,
    async chainTime(caller = {}) {
      return (await endpoints.run((rpc) => headerOf(rpc, "latest"), alive(caller))).timestamp;
    },
    async members(caller = {}) {
      return (await fresh(caller)).members;
    },
    async latestRound(caller = {}) {
      return (await fresh(caller)).latestRound;
    },
    async round(id, caller = {}) {
      // The rounds before the newest do not change any more.
      const known = id < view.latestRound ? view : await fresh(caller);
      return known.round(id, alive(caller));
    },
    history(caller = {}) {
      return view.history(alive(caller));
    },
    async *changes(caller = {}) {
      const { signal } = alive(caller) as { signal: AbortSignal };
      let seen = "";
      while (!signal.aborted) {
        const { hash } = await endpoints.run((rpc) => headerOf(rpc, "latest"), { signal });
        if (hash !== seen) yield;
        seen = hash;
        await pause(pollMs, { signal });
      }
    },
    async terms(caller = {}) {
      const { terms } = await fresh(caller);
      if (!terms) throw new FedError("LOGS_INCOMPLETE", { event: "TermsSet" });
      return terms;
    },

    async openRound({ plan, base }, caller) {
      const { logs } = await write("openRound", [plan, base], caller);
      const opened = logs.map(parseEvent).find((event) => event?.name === "RoundOpened");
      if (opened?.name !== "RoundOpened") throw new FedError("EVENT_MALFORMED", { event: "RoundOpened" });
      return Number(opened.args.roundId) as RoundId;
    },
    async commitUpdate({ round, manifest, sampleCount }, caller) {
      await write("commitUpdate", [round, manifest, sampleCount], caller);
    },
    async commitUpdates(round, signed, caller) {
      const commitments = signed.map(({ manifest, sampleCount, signature }) => {
        const { r, yParityAndS } = Signature.from(signature);
        return { manifestDigest: manifest, sampleCount, r, vs: yParityAndS };
      });
      await write("commitUpdates", [round, commitments], caller);
    },
    async proposeModel({ round, model, included }, caller = {}) {
      const { members } = await fresh(caller);
      const bitmap = included.reduce((bits, address) => bits | (1n << BigInt(indexOf(address, members))), 0n);
      await write("proposeModel", [round, model, bitmap], caller);
    },
    async attest({ round, proposal, agree, scores }, caller = {}) {
      const { proposals } = await (await fresh(caller)).round(round, alive(caller));
      const model = proposals.find(({ number }) => number === proposal)?.model;
      if (!model) throw new FedError("PROPOSAL_UNKNOWN", { round, proposal });
      await write("attest", [round, model, agree, scores], caller);
    },
    async expire(round, caller) {
      try {
        await write("expire", [round], caller);
      } catch (error) {
        if (!isFedError(error, "ROUND_NOTHING_DUE", "ROUND_MISMATCH")) throw error;
      }
    },

    async bindPeer(identity, caller = {}) {
      if (!self) throw new FedError("LEDGER_READ_ONLY", { write: "bindPeerKey" });
      const member = (await fresh(caller)).members.find(({ address }) => address === self);
      if (member?.peerId === peerIdOf(identity.publicKey)) return;
      const possession = await identity.sign(peerKeyMessage(federation, self));
      await write("bindPeerKey", [hexlify(identity.publicKey), hexlify(possession)], caller);
    },
    async read(name, args, caller = {}) {
      const call = { to: federation.contract, data: encodeCall(name, args) };
      const returned = await endpoints.request("eth_call", [call, "latest"], alive(caller)).catch(rethrowRevert);
      return decodeReturned(name, parseBytes(returned));
    },
    write,
    close() {
      life.abort(new FedError("ABORTED", { what: "ledger closed" }));
    },
  };
}

/** @returns the contract's code */
async function requireContract(
  endpoints: Endpoints,
  { federation: { chainId, contract }, codeDigest }: LedgerOptions,
  waiting: Waiting,
): Promise<string> {
  const code = parseBytes(await endpoints.request("eth_getCode", [contract, "latest"], waiting));
  const remedy = "check that the federation file and the RPC endpoint belong to the same chain";
  if (code === "0x") throw new FedError("LEDGER_CODE_MISSING", { chainId, contract }, { remedy });
  const found = keccak256(code);
  if (codeDigest !== undefined && found !== codeDigest) {
    throw new FedError("LEDGER_CODE_MISMATCH", { contract, expected: codeDigest, found }, { remedy });
  }
  return code;
}

function indexOf(address: HospitalAddress, members: readonly { index: number; address: HospitalAddress }[]): number {
  const member = members.find((each) => each.address === address);
  if (!member) throw new FedError("MEMBER_UNKNOWN", { account: address });
  return member.index;
}
