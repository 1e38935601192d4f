// `consilium deploy`: founds a federation and writes the federation file that every other command takes.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { ZeroAddress } from "ethers/constants";
import { FedError } from "../foundation/errors.ts";
import type { FoundingSteps } from "../ignition/modules/federation.ts";
import type { FederationFile } from "../io/chain/federation-file.ts";
import type { RoundTerms } from "../protocol/contract/round.ts";
import { parseDigest } from "../protocol/format/digest.ts";
import { blobDigest, blobNames } from "../protocol/format/merkle.ts";
import { encodePlan } from "../protocol/format/plan.ts";
import { foundingSums, type PrivacySpec } from "../protocol/format/privacy-spec.ts";
import { bucketRules } from "../protocol/private/buckets.ts";
import type { ConsortiumFile } from "./consortium/consortium-file.ts";
import type { FederationSteps } from "./deploy/successor.ts";
import { takingFromConsortium, withConfig } from "./ledger/config-option.ts";
import { askForWallet, maxFeeFrom, parseAddressOption, parseCount, rpcUrls, withMaxFee } from "./ledger/options.ts";
import { parseTerms, type TermsOptions, withTermsOptions } from "./ledger/terms-options.ts";
import { readPlan } from "./plan/read-plan.ts";
import { readGiven } from "./terminal/read-given.ts";

interface Options extends TermsOptions {
  readonly config?: string;
  readonly network?: string;
  readonly rpc?: string;
  readonly chainId?: string;
  readonly out: string;
  readonly keystore?: string;
  readonly passwordFile?: string;
  readonly confirmations?: string;
  readonly maxFeeGwei: string;
  readonly hospital?: readonly string[];
  readonly aggregator?: readonly string[];
  readonly handOver?: string;
  readonly plan?: string;
  readonly genesis?: string;
  readonly predecessor?: string;
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function deployCommand(program: Command): void {
  const command = program
    .command("deploy")
    .description(
      "Found a federation: create its contract, admit its first members, write the federation file. Resumable.",
    )
    .option("--network <name>", "a network of hardhat.config.ts: localhost, sepolia, consortium, …")
    .option("--rpc <url>", "an RPC endpoint in place of a network's name; needs --chain-id")
    .option("--chain-id <n>", "the id of the chain; an endpoint of another chain is refused")
    .option("--out <file>", "the new federation file", "federation.json")
    .option("--keystore <file>", "encrypted keystore of the account that pays; without it, Hardhat's keystore")
    .option("--password-file <file>", "its first line is the keystore's password (else the environment, else a prompt)")
    .option("--hospital <address...>", "admit as a hospital; indices follow this order")
    .option("--aggregator <address...>", "admit as an aggregator")
    .option("--hand-over <address>", 'the next owner, who must accept; "hospitals" for their vote')
    .option(
      "--plan <file|digest>",
      "the plan of the rounds: its file, or its digest where it has no private sums; else agree on it later",
    )
    .option(
      "--genesis <file|digest>",
      "the model that the first round starts from; likewise (default: the predecessor's last)",
    )
    .option("--predecessor <address>", "the contract of the federation that this one continues");
  takingFromConsortium(withConfig(command), foundingOf);
  withTermsOptions(withMaxFee(command), { withUsual: true })
    .option("--confirmations <n>", "blocks on top of each step before the next: 1 on chain 31337, else 5")
    .option("--json", "print the federation file's content as JSON")
    .addHelpText("after", help)
    .action(async (given: Options) => {
      // A network by its name is asked for: then the endpoint of a configuration is not.
      const isFromFile = command.getOptionValueSource("rpc") === "config";
      const options = isFromFile && given.network !== undefined ? { ...given, rpc: undefined } : given;
      const { file, already } = await deploy(options);
      if (options.json) console.log(JSON.stringify({ ...file, already, path: resolve(options.out) }));
      else {
        console.log(`${already ? "founded before" : "founded"}: ${file.contract} on chain ${file.chainId}`);
        console.log(`written to ${options.out}: give it to every member and auditor`);
      }
    });
}

/** The number of bits in the contract's bitmaps. */
const mostMembers = 256;

const help = `
The account's key comes from Hardhat's keystore (npx hardhat keystore set CONSILIUM_DEPLOYER_KEY) or from an encrypted
keystore (consilium keys create), never from a plain file, an argument or the environment.
If it was interrupted, run it again: Ignition's journal beside the federation file holds the steps that were done.

Examples:
  consilium deploy --config consortium.yaml
  consilium deploy --network localhost --keystore keys/keystore.json --hospital 0xA… 0xB… 0xC… --aggregator 0xD…
  consilium deploy --network localhost --keystore keys/keystore.json --hospital 0xA… 0xB… 0xC… 0xD… --plan plan.json
  consilium deploy --network sepolia --hospital 0xA… 0xB… 0xC… 0xD… --hand-over hospitals --confirmations 12
  consilium deploy --rpc http://10.0.0.5:8545 --chain-id 4711 --keystore keys/keystore.json --out trial.json
  consilium deploy --rpc https://rpc.example/ --chain-id 4711 --keystore keys/keystore.json --predecessor 0xE… --plan 0x3f… --hospital 0xA… 0xB…`;

async function deploy(options: Options): Promise<{ file: FederationFile; already: boolean }> {
  const path = resolve(options.out);
  const chainId = options.chainId === undefined ? undefined : parseCount(options.chainId, "--chain-id");
  const { network } = options;
  if ((network === undefined) === (options.rpc === undefined)) {
    throw new FedError("OPTION_INVALID", { option: "--network" }, { remedy: "give either --network or --rpc" });
  }
  const [rpc] = rpcUrls(options.rpc ?? []);
  const journalFolder = `${path.replace(/\.json$/, "")}.ignition`;
  const target = { network, rpc, chainId, journalFolder, maxFeeGwei: maxFeeFrom(options.maxFeeGwei) };
  const steps = await readSteps(options); // checked before a password is typed
  // Here, since Ignition takes a second to load, and the rest is not needed for --help.
  const { foundOnChain, requireFounded } = await import("./deploy/found.ts");
  const { readFederationFile, writeFederationFile } = await import("../io/chain/federation-file.ts");
  if (existsSync(path)) {
    const file = await readFederationFile(path);
    await requireFounded(file, { ...target, key: "none" });
    return { file, already: true };
  }
  const { keystore, passwordFile } = options;
  const key = keystore === undefined ? "hardhat-keystore" : await askForWallet(keystore, passwordFile);
  const file = await foundOnChain({
    ...{ ...target, key, steps },
    confirmations:
      options.confirmations === undefined ? undefined : parseCount(options.confirmations, "--confirmations"),
    display: process.stdout.isTTY === true && options.json !== true,
  });
  await writeFederationFile(path, file);
  return { file, already: false };
}

/** What a consortium's file says, as options. */
async function foundingOf({ chain, federation, members, terms, ...rest }: ConsortiumFile) {
  const of = (wanted: "hospital" | "aggregator") =>
    members.flatMap(({ role, address }) => (role === wanted && address !== undefined ? [address] : []));
  return {
    rpc: chain.endpoints[0],
    chainId: String(chain.id),
    out: federation,
    // Ignition counts the block of a transaction itself as one.
    confirmations: String(Math.max(1, chain.confirmations)),
    hospital: of("hospital"),
    aggregator: of("aggregator"),
    ...Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, String(value)])),
    handOver: rest.handOver,
    predecessor: rest.predecessor,
    plan: rest.plan,
    genesis: rest.genesis,
  };
}

/**
 * Why no round could take place with these hospitals; undefined where it could. No refusal: further ones may be admitted later, but
 * the contract keeps its number of buckets for ever.
 */
function tooFewForBuckets(privacy: PrivacySpec | undefined, hospitals: number): string | undefined {
  const { buckets } = privacy ?? {};
  if (buckets === undefined || hospitals >= buckets * bucketRules.leastSize) return undefined;
  const fewest = buckets * bucketRules.leastSize;
  return `warning: ${hospitals} hospitals for ${buckets} buckets of at least ${bucketRules.leastSize}: nobody trains before there are ${fewest}. Admit more before the first round, or plan for fewer buckets: the contract keeps their number for ever.`;
}

/** A digest names a plan without private sums: only the file says how these hide updates, which the contract keeps for ever. */
async function plannedIn(
  plan: string | undefined,
  hospitals: number,
): Promise<Pick<FoundingSteps, "plan" | "privateSums">> {
  if (plan === undefined || /^0x/.test(plan)) {
    return { plan: plan === undefined ? undefined : parseDigest(plan), privateSums: undefined };
  }
  const read = await readPlan(plan, "--plan");
  const warning = tooFewForBuckets(read.privacy, hospitals);
  if (warning) console.error(warning);
  return { plan: blobDigest(encodePlan(read)), privateSums: foundingSums(read) };
}

/** A large model of a predecessor has another name than version 0.1.0 gave it (protocol/format/merkle.ts). */
async function startingFrom(genesis: string | undefined): Promise<Pick<FederationSteps, "genesis" | "genesisNames">> {
  if (genesis === undefined) return { genesis, genesisNames: [] };
  const names = /^0x/.test(genesis) ? [parseDigest(genesis)] : blobNames(await readGiven(genesis, "--genesis"));
  return { genesis: names[0], genesisNames: names };
}

async function readSteps(options: Options): Promise<FederationSteps> {
  const terms = parseTerms(options) as RoundTerms; // each has a default
  const { hospital = [], aggregator = [] } = options;
  const members = [
    ...hospital.map((text) => ({ address: parseAddressOption(text, "--hospital"), role: "hospital" as const })),
    ...aggregator.map((text) => ({
      address: parseAddressOption(text, "--aggregator"),
      role: "aggregator" as const,
    })),
  ];
  const twice = members.find(({ address }, i) => members.findIndex((each) => each.address === address) !== i);
  if (twice) {
    throw new FedError("OPTION_INVALID", { twice: twice.address }, { remedy: "give each address once, in one role" });
  }
  if (members.length > mostMembers || members.some(({ address }) => address === ZeroAddress)) {
    const remedy = `give at most ${mostMembers} members, and no address of zero`;
    throw new FedError("OPTION_INVALID", { members: members.length }, { remedy });
  }
  const { handOver, plan, genesis, predecessor } = options;
  return {
    terms,
    members,
    ...(await plannedIn(plan, hospital.length)),
    ...(await startingFrom(genesis)),
    predecessor: predecessor === undefined ? undefined : parseAddressOption(predecessor, "--predecessor"),
    handOver:
      handOver === undefined || handOver === "hospitals" ? handOver : parseAddressOption(handOver, "--hand-over"),
  };
}
