// What a configuration is made of: from options, else from a person at the terminal, else from defaults.
import { openQuestions, whole } from "./questions.ts";
import type { Role } from "./schema.ts";

/** As the options give them. */
export interface GivenAnswers {
  readonly federation?: string;
  readonly rpc?: readonly string[];
  readonly confirmations?: string;
  readonly peer?: readonly string[];
  readonly port?: string;
  readonly nat?: boolean;
  readonly relayed?: boolean;
  readonly relay?: boolean;
  readonly serveAuditors?: boolean;
  readonly keys?: string;
  readonly passwordFile?: string;
  readonly store?: string;
  readonly shard?: string;
  readonly plan?: string;
  readonly genesis?: string;
}

export interface Answers {
  readonly federation: string;
  readonly rpc: readonly string[];
  readonly confirmations: number;
  readonly peers: readonly string[];
  readonly port: number;
  readonly nat: boolean;
  readonly relayed: boolean;
  readonly relay: boolean;
  readonly serveAuditors: boolean;
  readonly keys: string;
  readonly passwordFile?: string;
  readonly store: string;
  /** Of a hospital. */
  readonly shard: string;
  /** Of an aggregator. */
  readonly plan: string;
  readonly genesis: string;
}

/** @throws OPTION_INVALID, ABORTED */
export async function collectAnswers(
  role: Role,
  given: GivenAnswers,
  { isAsking }: { readonly isAsking: boolean },
): Promise<Answers> {
  const { text, list, yes, close } = openQuestions({ isAsking });
  try {
    const federation = await text(given.federation, "Federation file", "federation.json");
    const rpc = await list(given.rpc, "RPC endpoints, two of different operators", "http://127.0.0.1:8545");
    const confirmations = await text(given.confirmations, "Blocks on top before anything counts (0: own chain)", "12");
    const peers = await list(given.peer, "Members to connect to (multiaddrs)", "");
    const isHospital = role === "hospital";
    const nat = isHospital && (await yes(given.nat, "Is this machine unreachable from outside (NAT)?"));
    const port = nat ? "4710" : await text(given.port, "TCP port to listen on", "4710");
    const relayed = isHospital && (await yes(given.relayed, "Has its account no coins, so that others send for it?"));
    const keys = await text(given.keys, "Folder of the keys", "keys");
    const passwordFile = (await text(given.passwordFile, "File with the keystore's password", "")) || undefined;
    return {
      ...{ federation, rpc, peers, nat, relayed, keys, passwordFile },
      // Few need these two: they are not asked for.
      relay: given.relay ?? false,
      serveAuditors: given.serveAuditors ?? false,
      confirmations: whole(confirmations, "--confirmations", 1000),
      port: whole(port, "--port", 65_535),
      store: await text(given.store, "Folder of objects and journal", "store"),
      shard: isHospital ? await text(given.shard, "Folder of the imported data", "shard") : "",
      plan: isHospital ? "" : await text(given.plan, "Plan", "plan.json"),
      genesis: isHospital ? "" : await text(given.genesis, "First model", "genesis.safetensors"),
    };
  } finally {
    close();
  }
}
