// Opens the outside world for one party, hospital or aggregator: its ledger, store and peers. Only this file knows
// which library implements which port; the two composition roots add the actions of their role.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { FedError } from "../foundation/errors.ts";
import { openKeystore } from "../io/chain/keystore.ts";
import { type OpenLedger, openLedger } from "../io/chain/ledger.ts";
import { walletSignatures } from "../io/chain/signatures.ts";
import { systemClock } from "../io/clock/system-clock.ts";
import { loadPeerKey } from "../io/p2p/identity.ts";
import { openPeerKeyFile } from "../io/p2p/key-file.ts";
import { openPeerNetwork, type PeerNetwork } from "../io/p2p/peer-network.ts";
import { type OpenBlobStore, openBlobStore } from "../io/store/blob-store.ts";
import { diskSpaceOf } from "../io/store/disk-space.ts";
import { openJournal } from "../io/store/journal.ts";
import { openLevel } from "../io/store/level.ts";
import { openSecretFiles } from "../io/store/secret-files.ts";
import { type HospitalAddress, parseAddress } from "../protocol/format/digest.ts";
import type { SharedWork } from "../protocol/judge/shared-work.ts";
import type {
  BlobExchange,
  BlobStore,
  Clock,
  Gossip,
  Journal,
  Log,
  SecretFiles,
  Signatures,
  SignedWrites,
} from "../protocol/ports.ts";
import { bindPeerKey } from "./bind-peer.ts";
import type { PartyConfig } from "./config.ts";
import { lockKeyFile } from "./key-lock.ts";
import { watchMembership } from "./membership-watch.ts";
import type { SharedParts } from "./shared-parts.ts";
import { StoreCare } from "./store-care.ts";

export interface OpenParty {
  readonly self: HospitalAddress;
  readonly ledger: OpenLedger;
  readonly blobs: BlobStore;
  readonly exchange: BlobExchange;
  readonly gossip: Gossip;
  readonly signedWrites: SignedWrites;
  readonly journal: Journal;
  /** Secrets of rounds with private sums. */
  readonly secrets: SecretFiles;
  /** 32 bytes of the operating system's generator. */
  readonly randomSecret: () => Uint8Array;
  readonly signatures: Signatures;
  /** Present where several parties share a process. */
  readonly work?: SharedWork;
  readonly clock: Clock;
  readonly network: PeerNetwork;
  /** Closes everything in reverse order of opening; idempotent. */
  close(): Promise<void>;
}

/** Why a party waits for somebody else. */
export type WaitingReason = "waiting-for-admission" | "waiting-for-funds" | "waiting-for-endpoints";

export interface PartyOpening {
  readonly password: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called each time that this party begins to wait: to be admitted, to be sent coins for gas, for endpoints to agree. */
  readonly onWaiting: (self: HospitalAddress, event: WaitingReason) => void;
  /** Called once when a relayed hospital's peer key has to be bound by another member: the file is for that member. */
  readonly onUnbound?: (self: HospitalAddress, file: string) => void;
  /** Called once when all is open, for those who watch the party. */
  readonly onOpen?: ((party: WatchedParty) => void) | undefined;
  /** Present where several parties share a process. */
  readonly shared?: SharedParts;
}

/** What a watcher may see of an open party. */
export interface WatchedParty {
  readonly self: HospitalAddress;
  readonly ledger: Pick<OpenLedger, "chainTime" | "members" | "latestRound" | "round">;
  readonly network: Pick<PeerNetwork, "connectedMembers" | "connections" | "traffic">;
}

/**
 * Opens everything, waits until the contract lists this party, and binds its peer key to it.
 * @throws KEY_IN_USE, KEYSTORE_*, LEDGER_*, RPC_*, STORE_*, PEER_*, ABORTED
 */
export async function openParty(config: PartyConfig, opening: PartyOpening): Promise<OpenParty> {
  const { log, signal } = opening;
  const closers: (() => Promise<void> | void)[] = [];
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= (async () => {
      for (const closer of closers.reverse()) await closer();
    })();
    return closed;
  };
  try {
    const wallet = await openKeystore(config.keys.keystore, opening.password);
    const identity = await openPeerKeyFile(config.keys.peerKey);
    for (const path of [config.keys.keystore, config.keys.peerKey]) {
      const lock = await lockKeyFile(path);
      closers.push(() => lock.release());
    }
    const { shared } = opening;
    const ownStore = shared ? undefined : await openOwnStore(config, log, closers);
    const blobs = shared ? shared.store.view() : ownStore!;
    const notes = await openLevel(join(config.store, "notes"));
    closers.push(() => notes.close());
    const journal = await openJournal(notes, join(config.store, "large-notes"));
    const secrets = await openSecretFiles(join(config.store, "secrets"));
    const { federation, chain } = config;
    const ledger = await openLedger(
      {
        federation: { chainId: federation.chainId, contract: federation.contract },
        fromBlock: federation.fromBlock,
        codeDigest: federation.codeDigest,
        ...chain,
        reader: shared?.reader,
        takesMajority: true,
        onApart: () => opening.onWaiting(parseAddress(wallet.address), "waiting-for-endpoints"),
        wallet,
        // A relayed party never waits for funds: a write of its own fails, and others send what it signs.
        onUnfunded: chain.relayed
          ? undefined
          : (account) => {
              log.warn("no-funds", { account });
              opening.onWaiting(parseAddress(account), "waiting-for-funds");
            },
        log: log.child("chain"),
      },
      { signal },
    );
    closers.push(() => ledger.close());
    const self = ledger.self as HospitalAddress;
    await untilAdmitted(ledger, self, opening);
    const key = await loadPeerKey(identity);
    const bound = { publicKey: key.publicKey.raw, sign: (message: Uint8Array) => key.sign(message) };
    const signatures = walletSignatures(wallet);
    const file = chain.relayed ? join(config.store, "peer-binding.json") : undefined;
    const { onUnbound = () => {} } = opening;
    await bindPeerKey({ ledger, signatures }, bound, { self, file, log, signal, onUnbound });
    const life = new AbortController();
    const watching = AbortSignal.any([signal, life.signal]);
    const membership = await watchMembership({ ledger, clock: systemClock, log }, watching);
    closers.push(() => {
      life.abort();
      return membership.ended;
    });
    const { network: wires } = config;
    const ledgerFederation = ledger.federation;
    const addressFile = join(config.store, "addresses");
    const { maxUploadMbit } = wires;
    const uploadBytesPerSecond = maxUploadMbit === undefined ? undefined : maxUploadMbit * 125_000;
    const node = { identity, ...wires, addressFile, uploadBytesPerSecond };
    const options = { ...node, federation: ledgerFederation, membership, blobs, signatures };
    const network = await openPeerNetwork({ ...options, fetching: shared?.fetching, log: log.child("p2p") });
    closers.push(() => network.stop());
    if (ownStore) {
      const { exchange, holds } = network;
      const diskSpace = () => diskSpaceOf(config.store);
      const ports = { self, ledger, blobs: ownStore, exchange, holds, diskSpace, clock: systemClock };
      const care = new StoreCare(
        { ...ports, log: log.child("store") },
        { maxModelBytes: config.maxModelMiB * 2 ** 20 },
      );
      const ended = care.run(watching);
      closers.push(() => {
        life.abort();
        return ended;
      });
    }
    opening.onOpen?.({ self, ledger, network });
    return {
      self,
      ledger,
      blobs,
      exchange: network.exchange,
      gossip: network.gossip,
      signedWrites: network.signedWrites,
      journal,
      secrets,
      randomSecret: () => new Uint8Array(randomBytes(32)),
      signatures,
      work: shared?.work,
      clock: systemClock,
      network,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openOwnStore(
  { store: dir, maxStoreGiB }: PartyConfig,
  log: Log,
  closers: (() => Promise<void> | void)[],
): Promise<OpenBlobStore> {
  const store = await openBlobStore(join(dir, "blobs"), {
    maxBytes: maxStoreGiB === undefined ? undefined : maxStoreGiB * 2 ** 30,
    onNearlyFull: (facts) => log.warn("store-nearly-full", facts),
  });
  closers.push(() => store.close());
  return store;
}

/** A party may start before the consortium has admitted it, or after it was revoked: it waits. */
async function untilAdmitted(
  ledger: OpenLedger,
  self: HospitalAddress,
  { signal, log, onWaiting }: PartyOpening,
): Promise<void> {
  const isAdmitted = async () =>
    (await ledger.members({ signal })).some(({ address, active }) => address === self && active);
  if (await isAdmitted()) return;
  log.warn("not-admitted", { address: self });
  onWaiting(self, "waiting-for-admission");
  for await (const _ of ledger.changes({ signal })) if (await isAdmitted()) return;
  throw new FedError("ABORTED", { what: "waiting for admission" });
}
