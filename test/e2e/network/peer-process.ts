// A node of the peer network alone, in a process of its own, so that it can run in a namespace. Told by messages what to do.
import { recoverSigner } from "../../../io/chain/signatures.ts";
import { openPeerNetwork, type PeerNetwork } from "../../../io/p2p/peer-network.ts";
import { openBlobStore } from "../../../io/store/blob-store.ts";
import type { Digest } from "../../../protocol/format/digest.ts";
import { federation, silentLog, TestMembers } from "../../io/p2p/federation-of-peers.ts";
import { patternBytes } from "../../suites/blob-store.ts";

export interface PeerStart {
  readonly identity: string;
  readonly dir: string;
  readonly listen: readonly string[];
  readonly peers: readonly string[];
  readonly relay?: boolean;
  readonly uploadBytesPerSecond?: number;
  /** Peer ids and addresses of all members. */
  readonly members: readonly (readonly [string, string])[];
}

export type PeerCommand =
  | ({ readonly kind: "start" } & PeerStart)
  | { readonly kind: "put"; readonly bytes: number; readonly seed: number }
  | { readonly kind: "fetch"; readonly digest: string }
  | { readonly kind: "connected" };

let network: PeerNetwork | undefined;
let store: Awaited<ReturnType<typeof openBlobStore>> | undefined;

async function perform(command: PeerCommand): Promise<unknown> {
  switch (command.kind) {
    case "start": {
      const { identity, dir, members, ...options } = command;
      const membership = new TestMembers();
      for (const [peerId, address] of members) membership.admit(peerId, address as never);
      store = await openBlobStore(dir);
      const own = { identity: Buffer.from(identity, "hex"), federation, membership, blobs: store, log: silentLog };
      network = await openPeerNetwork({ ...own, ...options, signatures: { recover: recoverSigner } });
      return network.addresses();
    }
    case "put":
      return store!.put(patternBytes(command.bytes, command.seed));
    case "fetch": {
      const started = performance.now();
      await network!.exchange.fetch(command.digest as Digest, { maxBytes: 2 ** 30 });
      return performance.now() - started;
    }
    case "connected":
      return network!.connectedMembers();
  }
}

process.on("message", (command: PeerCommand) => {
  perform(command).then(
    (result) => process.send!({ result }),
    (error: unknown) => process.send!({ error: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
