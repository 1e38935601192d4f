// Writes a configuration file for each party, like an operator's.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { peerIdOfKey } from "../../io/p2p/identity.ts";
import { openPeerKeyFile } from "../../io/p2p/key-file.ts";
import { freePorts } from "./free-ports.ts";
import type { Identity } from "./identities.ts";

export interface ConfiguredParty {
  readonly identity: Identity;
  readonly command: "node" | "aggregator";
  readonly config: string;
  /** Multiaddr with its peer id. */
  readonly address: string;
}

/** Largest number of earlier parties that a party dials; a few neighbours each connect the network. */
const dialled = 5;

/** Writes the files at every start, with ports that are free now. The aggregator is the first. */
export async function configureParties(
  { aggregator, hospitals }: { aggregator: Identity; hospitals: readonly Identity[] },
  { federationFile, rpc, pollMs }: { federationFile: string; rpc: string; pollMs: number },
): Promise<readonly ConfiguredParty[]> {
  const parties = [aggregator, ...hospitals];
  const ports = await freePorts(parties.length);
  const addresses = await Promise.all(
    parties.map(async ({ dir }, index) => {
      const peerId = await peerIdOfKey(await openPeerKeyFile(join(dir, "peer-key")));
      return `/ip4/127.0.0.1/tcp/${ports[index]}/p2p/${peerId}`;
    }),
  );
  return Promise.all(
    parties.map(async (identity, index) => {
      const isHospital = identity !== aggregator;
      const config = {
        federation: federationFile,
        chain: { endpoints: [rpc], confirmations: 0, pollMs },
        keys: { keystore: "keystore.json", passwordFile: "password", peerKey: "peer-key" },
        network: {
          listen: [`/ip4/127.0.0.1/tcp/${ports[index]}`],
          // Each party dials earlier ones only, for one connection a pair.
          peers: [...addresses.slice(0, Math.min(1, index)), ...addresses.slice(Math.max(1, index - dialled), index)],
          serveAuditors: true,
        },
        store: "store",
        ...(isHospital
          ? { shard: "shard" }
          : { plan: "../plan.json", genesis: "../models/genesis.safetensors", settleSeconds: 2 }),
      };
      const path = join(identity.dir, "config.json");
      await writeFile(path, `${JSON.stringify(config, null, 2)}\n`);
      const command = isHospital ? ("node" as const) : ("aggregator" as const);
      return { identity, command, config: path, address: addresses[index]! };
    }),
  );
}
