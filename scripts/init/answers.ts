// What a configuration is made of: from options, else from a person at the terminal, else from defaults.
import { createInterface } from "node:readline/promises";
import { FedError } from "../../foundation/errors.ts";
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
  const terminal = isAsking ? createInterface({ input: process.stdin, output: process.stderr }) : undefined;
  // A queue: what is typed before the next question is asked would be lost otherwise.
  const typed = terminal?.[Symbol.asyncIterator]();
  const text = async (value: string | undefined, question: string, usual: string): Promise<string> => {
    if (value !== undefined || !terminal || !typed) return value ?? usual;
    terminal.setPrompt(`${question} [${usual || "none"}] `);
    terminal.prompt();
    const answer = await typed.next();
    if (answer.done) throw new FedError("ABORTED", { what: "questions" });
    return answer.value.trim() || usual;
  };
  const list = async (value: readonly string[] | undefined, question: string, usual: string) =>
    (await text(value?.join(" "), question, usual)).split(/[\s,]+/).filter(Boolean);
  const yes = async (value: boolean | undefined, question: string) =>
    value ?? /^y(es)?$/i.test(await text(undefined, question, "no"));
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
      confirmations: whole(confirmations, "--confirmations", 1000),
      port: whole(port, "--port", 65_535),
      store: await text(given.store, "Folder of objects and journal", "store"),
      shard: isHospital ? await text(given.shard, "Folder of the imported data", "shard") : "",
      plan: isHospital ? "" : await text(given.plan, "Plan", "plan.json"),
      genesis: isHospital ? "" : await text(given.genesis, "First model", "genesis.safetensors"),
    };
  } finally {
    terminal?.close();
  }
}

function whole(text: string, option: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw new FedError("OPTION_INVALID", { option, value: text }, { remedy: `give a whole number up to ${most}` });
}
