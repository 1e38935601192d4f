// The Ledger port on a real chain: reads from a followed view of confirmed blocks, writes through one sender.
import type { Wallet } from "ethers";
import { Signature } from "ethers/crypto";
import { hexlify } from "ethers/utils";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { pause } from "../../foundation/pause.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { ChainAgreement } from "../../protocol/audit/report.ts";
import type { Member, RoundTerms } from "../../protocol/contract/round.ts";
import { type Digest, type HospitalAddress, parseAddress, type RoundId } from "../../protocol/format/digest.ts";
import type { Ledger } from "../../protocol/ports.ts";
import { type ChainReader, type ChainReaderOptions, openChainReader, silent } from "./chain-reader.ts";
import { type PeerIdentity, peerIdOf, peerKeyMessage } from "./peer-key.ts";
import { rethrowRevert } from "./reverts.ts";
import { parseBytes, parseReceipt, type Receipt } from "./rpc-values.ts";
import { Sender } from "./sender.ts";
import {
  type Arguments,
  decodeReturned,
  encodeCall,
  type FunctionName,
  parseEvent,
  type Returned,
} from "./training-rounds.ts";

export interface LedgerOptions extends ChainReaderOptions {
  /** The chain key that writes; an auditor has none. */
  readonly wallet?: Wallet;
  /** A reader that several parties of this process share; without one the ledger opens its own. */
  readonly reader?: ChainReader;
  /** Most that is ever offered for a unit of gas, gwei. Default 200. */
  readonly maxFeeGwei?: number | undefined;
  /**
   * Called once when the account lacks funds; writes then wait until it has some. Without it they fail with CHAIN_FUNDS.
   */
  readonly onUnfunded?: ((account: string) => void) | undefined;
}

/** A ledger of one process, with what its owner may do besides the port. */
export interface OpenLedger extends Ledger {
  /** Whether the contract is that of this program's source; if not, the federation file vouches for it alone. */
  readonly isKnownCode: boolean;
  /** How far the endpoints agreed on what was read so far. */
  readonly agreement: ChainAgreement;
  /** The rules of the rounds, as of the last event. */
  terms(waiting?: Waiting): Promise<RoundTerms>;
  /** Binds this peer's identity to `self` unless it is bound already. @throws FedError MEMBER_UNKNOWN */
  bindPeer(identity: PeerIdentity, waiting?: Waiting): Promise<void>;
  /** A view of the contract, as of the latest block; of several values, the first. @throws FedError RPC_MALFORMED */
  read<Name extends FunctionName>(name: Name, args: Arguments<Name>, waiting?: Waiting): Promise<Returned<Name>>;
  /** Any other write of the contract (admit, revoke, vote, …), confirmed. */
  write<Name extends FunctionName>(name: Name, args: Arguments<Name>, waiting?: Waiting): Promise<Receipt>;
  /** Gas of a transaction, and the account that paid for it; undefined where the endpoint does not know it. */
  gasOf(
    transaction: string,
    waiting?: Waiting,
  ): Promise<{ readonly account: string; readonly gas: number } | undefined>;
  /** Ends all that is under way, at once. */
  close(): void;
}

/**
 * Opens a federation's contract.
 * @throws FedError LEDGER_CHAIN_MISMATCH, LEDGER_CODE_MISSING, LEDGER_CODE_MISMATCH, RPC_UNAVAILABLE, RPC_NO_ENDPOINT
 */
export async function openLedger(options: LedgerOptions, waiting: Waiting = {}): Promise<OpenLedger> {
  const { wallet, log = silent } = options;
  const reader = options.reader ?? (await openChainReader(options, waiting));
  const { federation, endpoints, head, view, isKnownCode, confirmations, pollMs, fees } = reader;
  const life = new AbortController();
  const lives = AbortSignal.any([life.signal, reader.signal]);
  const { maxFeeGwei, onUnfunded } = options;
  const settings = { federation, confirmations, pollMs, fees, maxFeeGwei, onUnfunded, log };
  const sender = wallet && new Sender(endpoints, wallet, settings);
  const self = wallet && parseAddress(wallet.address);

  /** Cached for each caller's signal: a party calls thousands of times with the same one, and combined signals are costly to collect. */
  const both = new WeakMap<AbortSignal, AbortSignal>();
  const alive = ({ signal }: Waiting): Waiting => {
    if (signal === undefined) return { signal: lives };
    const known = both.get(signal) ?? AbortSignal.any([signal, lives]);
    both.set(signal, known);
    return { signal: known };
  };
  const fresh = async (caller: Waiting) => {
    await view.refresh(alive(caller), reader);
    return view;
  };
  const read = async <Name extends FunctionName>(
    name: Name,
    args: Arguments<Name>,
    caller: Waiting = {},
  ): Promise<Returned<Name>> => {
    const call = { to: federation.contract, data: encodeCall(name, args) };
    const returned = await endpoints.request("eth_call", [call, "latest"], alive(caller)).catch(rethrowRevert);
    return decodeReturned(name, parseBytes(returned));
  };
  const write = async <Name extends FunctionName>(
    name: Name,
    args: Arguments<Name>,
    caller: Waiting = {},
  ): Promise<Receipt> => {
    if (!sender) throw new FedError("LEDGER_READ_ONLY", { write: name }, { remedy: "give the chain key that writes" });
    const receipt = await sender.send({ to: federation.contract, data: encodeCall(name, args) }, alive(caller));
    head.forget();
    return receipt;
  };

  /** Asks what the call would record at the latest block first: another member's batch may be there already. */
  const writeBatch = async <Name extends "commitUpdates" | "attestFor">(
    name: Name,
    args: Arguments<Name>,
    caller: Waiting,
  ): Promise<number> => {
    const recorded = Number(await read(name, args, caller));
    if (recorded > 0) await write(name, args, caller);
    return recorded;
  };
  const proposedModel = async (round: RoundId, proposal: number, caller: Waiting): Promise<Digest> => {
    const { proposals } = await (await fresh(caller)).round(round, alive(caller));
    const model = proposals.find(({ number }) => number === proposal)?.model;
    if (!model) throw new FedError("PROPOSAL_UNKNOWN", { round, proposal });
    return model;
  };

  return {
    federation,
    self,
    isKnownCode,
    get agreement() {
      return view.comparison.agreement;
    },
    async chainTime(caller = {}) {
      // One endpoint of several must not shift the time by which this party acts.
      if (endpoints.count > 1) return (await fresh(caller)).comparison.time;
      return (await head.latest(endpoints, reader, alive(caller))).timestamp;
    },
    async members(caller = {}) {
      return (await fresh(caller)).members;
    },
    async privateSums(caller = {}) {
      return (await fresh(caller)).privateSums;
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
      let yieldedAt = performance.now();
      while (!signal.aborted) {
        const { hash } = await head.latest(endpoints, reader, { signal });
        // The present endpoint may stand still while others go on, and others may come to show what this one shows.
        const isLong = endpoints.count > 1 && performance.now() - yieldedAt >= 20 * pollMs;
        if (hash !== seen || isLong || view.comparison.isApart) {
          yieldedAt = performance.now();
          yield;
        }
        seen = hash;
        await pause(pollMs, { signal });
      }
    },
    async terms(caller = {}) {
      const { terms } = await fresh(caller);
      if (!terms) throw new FedError("LOGS_INCOMPLETE", { event: "TermsSet" });
      return terms;
    },

    async gasOf(transaction, caller = {}) {
      const receipt = parseReceipt(await endpoints.request("eth_getTransactionReceipt", [transaction], alive(caller)));
      return receipt ? { account: receipt.from?.toLowerCase() ?? "", gas: receipt.gasUsed } : undefined;
    },
    async openRound({ plan, base }, caller = {}) {
      // The contract takes the agreed plan and the last model; the opener must have these very objects to serve.
      const { agreedPlan, latestModel } = await fresh(caller);
      if (agreedPlan !== plan) throw new FedError("PLAN_NOT_AGREED", { plan, agreed: agreedPlan });
      if (latestModel !== base) throw new FedError("BASE_NOT_LAST_MODEL", { base, expected: latestModel });
      const { logs } = await write("openRound", [], caller);
      const opened = logs.map(parseEvent).find((event) => event?.name === "RoundOpened");
      if (opened?.name !== "RoundOpened") throw new FedError("EVENT_MALFORMED", { event: "RoundOpened" });
      return Number(opened.args.roundId) as RoundId;
    },
    async commitUpdate({ round, manifest, sampleCount }, caller) {
      await write("commitUpdate", [round, manifest, sampleCount], caller);
    },
    async commitUpdates(round, signed, caller = {}) {
      const entries = signed.map(({ manifest, sampleCount, signature }) => ({
        manifestDigest: manifest,
        sampleCount,
        ...compact(signature),
      }));
      return writeBatch("commitUpdates", [round, entries], caller);
    },
    async sealRound({ round, included }, caller = {}) {
      const { members } = await fresh(caller);
      await write("sealRound", [round, bitmapOf(included, members)], caller);
    },
    async proposeModel({ round, model, included }, caller = {}) {
      const { members } = await fresh(caller);
      await write("proposeModel", [round, model, bitmapOf(included, members)], caller);
    },
    async attest({ round, proposal, agree, scores }, caller = {}) {
      await write("attest", [round, await proposedModel(round, proposal, caller), agree, scores], caller);
    },
    async attestFor({ round, proposal, signed }, caller = {}) {
      const model = await proposedModel(round, proposal, caller);
      const { members } = await fresh(caller);
      const byIndex = [...signed].sort((a, b) => indexOf(a.member, members) - indexOf(b.member, members));
      const entries = byIndex.map(({ agree, scores, signature }) => ({
        agree,
        scoresDigest: scores,
        ...compact(signature),
      }));
      return writeBatch("attestFor", [round, model, entries], caller);
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
    read,
    write,
    close() {
      life.abort(new FedError("ABORTED", { what: "ledger closed" }));
      if (options.reader === undefined) reader.close();
    },
  };
}

/** A signature in the form of EIP-2098. */
function compact(signature: string): { readonly r: string; readonly vs: string } {
  const { r, yParityAndS } = Signature.from(signature);
  return { r, vs: yParityAndS };
}

function bitmapOf(included: readonly HospitalAddress[], members: readonly Member[]): bigint {
  return included.reduce((bits, address) => bits | (1n << BigInt(indexOf(address, members))), 0n);
}

function indexOf(address: HospitalAddress, members: readonly Member[]): number {
  const member = members.find((each) => each.address === address);
  if (!member) throw new FedError("MEMBER_UNKNOWN", { account: address });
  return member.index;
}
