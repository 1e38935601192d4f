// Real peers on loopback for tests: each with its own key and store of files, and one list of members for all.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ErrorFacts } from "../../../foundation/errors.ts";
import { recoverSigner } from "../../../io/chain/signatures.ts";
import { createPeerKey, peerIdOfKey } from "../../../io/p2p/identity.ts";
import type { Membership } from "../../../io/p2p/membership.ts";
import { openPeerNetwork, type PeerNetwork, type PeerNetworkOptions } from "../../../io/p2p/peer-network.ts";
import { openBlobStore } from "../../../io/store/blob-store.ts";
import type { Announcement } from "../../../protocol/format/announcement.ts";
import { type HospitalAddress, parseAddress, parseDigest, parseRoundId } from "../../../protocol/format/digest.ts";
import type { FederationId } from "../../../protocol/format/federation-id.ts";
import type { BlobStore, Log } from "../../../protocol/ports.ts";

export const federation: FederationId = { chainId: 31337, contract: parseAddress(`0x${"c0".repeat(20)}`) };

export interface TestPeer {
  readonly key: Uint8Array;
  readonly peerId: string;
  readonly address: HospitalAddress;
  readonly store: BlobStore;
  readonly network: PeerNetwork;
  /** Stops the network and closes the store; the directory stays. */
  stop(): Promise<void>;
}

/** Members as the contract would list them. */
export class TestMembers implements Membership {
  readonly #members = new Map<string, HospitalAddress>();
  readonly #listeners = new Set<() => void>();

  latestRound() {
    return parseRoundId(1);
  }
  memberOf(peerId: string) {
    return this.#members.get(peerId);
  }
  onChange(listener: () => void) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  admit(peerId: string, address: HospitalAddress) {
    this.#members.set(peerId, address);
    for (const listener of this.#listeners) listener();
  }
  revoke(peerId: string) {
    this.#members.delete(peerId);
    for (const listener of this.#listeners) listener();
  }
}

export class TestFederation {
  readonly members = new TestMembers();
  readonly #cleanUps: (() => Promise<void>)[] = [];
  #count = 0;

  /** A new peer; admitted unless told otherwise. */
  async start(
    options: Partial<PeerNetworkOptions> & { readonly admitted?: boolean; readonly dir?: string } = {},
  ): Promise<TestPeer> {
    const key = options.identity ?? (await createPeerKey());
    const peerId = await peerIdOfKey(key);
    const address =
      this.members.memberOf(peerId) ?? parseAddress(`0x${(++this.#count).toString(16).padStart(40, "0")}`);
    if (options.admitted !== false) this.members.admit(peerId, address);
    const dir = options.dir ?? (await this.directory());
    const files = await openBlobStore(dir);
    const network = await openPeerNetwork({
      identity: key,
      listen: ["/ip4/127.0.0.1/tcp/0"],
      peers: [],
      federation,
      membership: this.members,
      blobs: files,
      signatures: { recover: recoverSigner },
      log: silentLog,
      ...options,
    });
    const stop = async () => {
      await network.stop();
      await files.close();
    };
    this.#cleanUps.push(stop);
    return { key, peerId, address, store: options.blobs ?? files, network, stop };
  }

  async directory(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), "consilium-peer-"));
    this.#cleanUps.push(() => rm(dir, { recursive: true, force: true }));
    return dir;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#cleanUps
        .splice(0)
        .reverse()
        .map((cleanUp) => cleanUp()),
    );
  }
}

export const silentLog: Log = { child: () => silentLog, debug() {}, info() {}, warn() {}, error() {} };

/** A log whose lines of every child are kept. */
export function recordingLog() {
  const lines: ({ readonly level: string; readonly event: string } & ErrorFacts)[] = [];
  const write =
    (level: string) =>
    (event: string, facts: ErrorFacts = {}) =>
      void lines.push({ ...facts, level, event });
  const log: Log = {
    child: () => log,
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
  return { log, lines, seen: (event: string) => lines.filter((line) => line.event === event) };
}

/** Where to dial a peer. */
export function addressOf(peer: TestPeer): string {
  return peer.network.addresses()[0]!;
}

export function announcementBy(hospital: HospitalAddress, change: Partial<Announcement> = {}): Announcement {
  return {
    version: 1,
    ...federation,
    kind: "manifest",
    round: parseRoundId(1),
    hospital,
    digest: parseDigest(`0x${"11".repeat(32)}`),
    bytes: 1234,
    ...change,
  };
}

/** Resolves when the condition holds; looks at every turn of the event loop's timers. */
export async function until(condition: () => boolean | Promise<boolean>, { withinMs = 15_000 } = {}): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not reached within ${withinMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
