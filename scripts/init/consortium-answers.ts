// What a consortium's file is made of: from options, else from a person at the terminal, else from defaults.
import { FedError } from "../../foundation/errors.ts";
import type { ConsortiumFile } from "../consortium/consortium-file.ts";
import { rpcUrls } from "../ledger/options.ts";
import { type TermsOptions, termFields } from "../ledger/terms-options.ts";
import { openQuestions, whole } from "./questions.ts";

/** As the options give them. */
export interface GivenConsortium extends TermsOptions {
  readonly rpc?: readonly string[];
  readonly chainId?: string;
  readonly confirmations?: string;
  readonly keys?: string;
  readonly passwordFile?: string;
  readonly federation?: string;
  readonly plan?: string;
  readonly genesis?: string;
  readonly hospital?: readonly string[];
  readonly aggregator?: readonly string[];
  readonly handOver?: string;
  readonly predecessor?: string;
  readonly peer?: readonly string[];
  readonly endpoint?: readonly string[];
  readonly rounds?: string;
}

export interface ConsortiumAnswers extends ConsortiumFile {
  /** Rounds of training: for the plan, which is a file of its own. */
  readonly rounds: string | undefined;
}

/** Hardhat's and anvil's chain, whose blocks nobody replaces. */
const testChain = 31337;

/** @throws OPTION_INVALID, ABORTED */
export async function collectConsortium(
  given: GivenConsortium,
  { isAsking, hasPlan }: { readonly isAsking: boolean; readonly hasPlan: boolean },
): Promise<ConsortiumAnswers> {
  const { text, list, close } = openQuestions({ isAsking });
  try {
    const endpoints = rpcUrls(
      await list(given.rpc, "RPC endpoints, two of different operators", "http://127.0.0.1:8545"),
    );
    const id = whole(await text(given.chainId, "Id of the chain", String(testChain)), "--chain-id", 2 ** 53 - 1);
    const hospitals = await list(given.hospital, "Hospitals, by short names (or name=0xADDRESS)", "");
    const aggregators = await list(given.aggregator, "Aggregators, in the same way", "aggregator");
    const rounds = hasPlan ? undefined : await text(given.rounds, "Rounds of training", "8");
    const commitPeriod = await text(given.commitPeriod, "How long a round takes updates", "24h");
    const handOver = await text(given.handOver, 'Next owner (an address, or "hospitals": their vote)', "");
    const usual = Object.fromEntries(termFields.map((field) => [field.name, field.usual]));
    const terms = { ...usual, ...named(given), commitPeriod };
    const keys = given.keys ?? "owner";
    return {
      rounds,
      chain: {
        id,
        endpoints,
        confirmations: whole(given.confirmations ?? (id === testChain ? "0" : "12"), "--confirmations", 1000),
        maxFeeGwei: 200,
      },
      keys: { keystore: `${keys}/keystore.json`, passwordFile: given.passwordFile },
      federation: given.federation ?? "federation.json",
      plan: given.plan ?? "plan.json",
      genesis: given.genesis ?? "genesis.safetensors",
      terms: numbersIn(terms) as ConsortiumFile["terms"],
      members: [...hospitals.map(member("hospital")), ...aggregators.map(member("aggregator"))],
      handOver: (handOver || undefined) as ConsortiumFile["handOver"],
      predecessor: given.predecessor as ConsortiumFile["predecessor"],
      invitation: { peers: [...(given.peer ?? [])], endpoints: [...(given.endpoint ?? endpoints.filter(isPublic))] },
    };
  } finally {
    close();
  }
}

/** The terms that options name. */
function named(given: GivenConsortium): TermsOptions {
  return Object.fromEntries(termFields.flatMap(({ name }) => (given[name] === undefined ? [] : [[name, given[name]]])));
}

/** Periods stay texts, as 24h. */
function numbersIn(terms: Readonly<Record<string, string>>): Record<string, string | number> {
  return Object.fromEntries(
    termFields.map(({ name, unit, flag, largest }) => [
      name,
      unit === "n" ? whole(terms[name]!, flag, largest) : terms[name]!,
    ]),
  );
}

/** An invitation is read by everybody: an endpoint with a credential in it stays here. */
const isPublic = (endpoint: string) => new URL(endpoint).username === "";

const member =
  (role: "hospital" | "aggregator") =>
  (text: string): ConsortiumFile["members"][number] => {
    const [name = "", address] = text.split("=");
    if (name === "" || name.startsWith("0x")) {
      const remedy = "give a name, or name=0xADDRESS";
      throw new FedError("OPTION_INVALID", { option: `--${role}`, value: text.slice(0, 60) }, { remedy });
    }
    return { name, role, address: address as ConsortiumFile["members"][number]["address"] };
  };
