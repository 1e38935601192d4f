// A peer in a process of its own, in a network namespace.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createPeerKey, peerIdOfKey } from "../../../io/p2p/identity.ts";
import type { NetworkSite } from "./namespaces.ts";
import type { PeerCommand, PeerStart } from "./peer-process.ts";

const place = fileURLToPath(new URL("./peer-process.ts", import.meta.url));

export interface PeerName {
  readonly key: string;
  readonly peerId: string;
  readonly member: string;
}

export async function namePeers(count: number): Promise<readonly PeerName[]> {
  const keys = await Promise.all(Array.from({ length: count }, () => createPeerKey()));
  return Promise.all(
    keys.map(async (key, index) => ({
      key: Buffer.from(key).toString("hex"),
      peerId: await peerIdOfKey(key),
      member: `0x${(index + 1).toString(16).padStart(40, "0")}`,
    })),
  );
}

export class RemotePeer {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(
    site: NetworkSite,
    {
      key,
      members,
      ...options
    }: Omit<PeerStart, "identity" | "members"> & { key: string; members: readonly PeerName[] },
  ): Promise<RemotePeer> {
    const args = ["netns", "exec", site.namespace, process.execPath, "--disable-warning=ExperimentalWarning", place];
    const peer = new RemotePeer(spawn("ip", args, { stdio: ["ignore", "inherit", "inherit", "ipc"] }));
    const admitted = members.map(({ peerId, member }) => [peerId, member] as const);
    await peer.tell({ kind: "start", identity: key, members: admitted, ...options });
    return peer;
  }

  /** One command at a time. */
  async tell<Result>(command: PeerCommand): Promise<Result> {
    const answered = once(this.#child, "message");
    this.#child.send(command);
    const [{ result, error }] = (await answered) as [{ result: Result; error?: string }];
    if (error !== undefined) throw new Error(error);
    return result;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
