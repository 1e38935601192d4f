// `consilium init consortium`: the file and the plan with which a consortium's coordinator founds a federation.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { FedError } from "../../foundation/errors.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan } from "../../protocol/format/plan.ts";
import { termFields } from "../ledger/terms-options.ts";
import { planFrom } from "../plan/plan-from-choices.ts";
import { planChoicesSchema, withPlanOptions } from "../plan/plan-options.ts";
import { readPlan } from "../plan/read-plan.ts";
import { type WrittenFile, writePlan } from "../plan/write-plan.ts";
import { parseOptions } from "../terminal/parse-options.ts";
import { readGiven } from "../terminal/read-given.ts";
import { type ConsortiumAnswers, collectConsortium, type GivenConsortium } from "./consortium-answers.ts";
import { consortiumText } from "./consortium-text.ts";
import { writeWithSchema } from "./write-with-schema.ts";

interface Options extends GivenConsortium {
  readonly out?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What a plan has too: given once, it is the plan's and the contract's. */
const inPlanToo: readonly string[] = ["minUpdates", "sampleCap"];

/** Adds it to `consilium init`. */
export function initConsortiumCommand(init: Command): void {
  const command = init
    .command("consortium")
    .description("Write consortium.yaml, the plan and the first model: what the coordinator founds a federation with.")
    .option("--out <file>", "where the file goes (default: consortium.yaml)")
    .option("--rpc <url...>", "RPC endpoints of the chain, best two of different operators")
    .option("--chain-id <n>", "the id of the chain (default: 31337, Hardhat's and anvil's)")
    .option("--confirmations <n>", "blocks on top before anything counts (default: 12, and 0 on chain 31337)")
    .option("--hospital <name...>", "hospitals by short names, or name=0xADDRESS where the account is known")
    .option("--aggregator <name...>", "aggregators, in the same way (default: aggregator)")
    .option("--hand-over <address>", 'the next owner; "hospitals" for their vote')
    .option("--predecessor <address>", "the contract of the federation that this one continues")
    .option("--peer <address...>", "for invitations: multiaddrs of members, with their /p2p/ ids")
    .option("--endpoint <url...>", "for invitations: RPC endpoints that anyone may use (default: those of --rpc)")
    .option("--keys <dir>", "folder of the founder's keys (default: owner)")
    .option("--password-file <file>", "file whose first line is the keystore's password (default: it is asked for)")
    .option("--federation <file>", "where deploy will write the federation file (default: federation.json)")
    .option("--plan <file>", "the plan; one that exists is taken as it is (default: plan.json)")
    .option("--genesis <file>", "the first model; likewise (default: genesis.safetensors)");
  for (const { name, flag, unit, about, usual } of termFields) {
    if (!inPlanToo.includes(name)) command.option(`${flag} <${unit}>`, `${about} (default: ${usual})`);
  }
  withPlanOptions(command.option("--seed <n>", "of everything random (default 7)"))
    .option("--yes", "ask nothing: take the defaults for what is not given")
    .option("--json", "print what was written as JSON")
    .addHelpText("after", help)
    .action(write);
}

const help = `
What no option gives is asked for at a terminal; elsewhere the defaults are taken. Nothing is overwritten. A plan that is there
already is taken as it is; else the options that consilium plan has decide it.

Examples:
  consilium init consortium
  consilium init consortium --rpc https://rpc.example/ https://rpc.other/ --chain-id 11155111 --hospital north south east west --rounds 50 --yes`;

async function write(options: Options): Promise<void> {
  const out = resolve(options.out ?? "consortium.yaml");
  if (existsSync(out)) throw new FedError("FILE_EXISTS", { path: out }); // checked before anybody is asked
  const at = (path: string) => resolve(dirname(out), path);
  const isThere = (path: string) => existsSync(at(path));
  const [planFile, genesisFile] = [options.plan ?? "plan.json", options.genesis ?? "genesis.safetensors"];
  const hasPlan = isThere(planFile);
  if (hasPlan !== isThere(genesisFile)) {
    const remedy = "a plan and its first model belong together: give both, or neither";
    throw new FedError("FILE_UNREADABLE", { path: at(hasPlan ? genesisFile : planFile) }, { remedy });
  }
  const isAsking = !options.yes && process.stdin.isTTY === true && process.stderr.isTTY === true;
  const answers = await collectConsortium(options, { isAsking, hasPlan });
  const plan = hasPlan
    ? await readPlan(at(planFile), "--plan")
    : planFrom(parseOptions(planChoicesSchema, { ...options, rounds: answers.rounds }, "init consortium"));
  const { rounds: _, ...file } = answers;
  const { minUpdates, sampleCap } = plan;
  const text = consortiumText({ ...file, terms: { ...file.terms, minUpdates, sampleCap } });
  const written = hasPlan
    ? await namesOf({ planFile: at(planFile), genesisFile: at(genesisFile) })
    : await writePlan(plan, { planFile: at(planFile), genesisFile: at(genesisFile) });
  const schema = await writeWithSchema("consortium", out, text);
  if (options.json) console.log(JSON.stringify({ config: out, schema, files: written }));
  else console.log(nextSteps(answers, { out, written }));
}

async function namesOf({ planFile, genesisFile }: { planFile: string; genesisFile: string }): Promise<WrittenFile[]> {
  const plan = encodePlan(await readPlan(planFile, "--plan"));
  return [
    { name: "plan", file: planFile, digest: blobDigest(plan) },
    { name: "genesis", file: genesisFile, digest: blobDigest(await readGiven(genesisFile, "--genesis")) },
  ];
}

function nextSteps(
  { keys, members }: ConsortiumAnswers,
  { out, written }: { readonly out: string; readonly written: readonly WrittenFile[] },
): string {
  const folder = dirname(join(dirname(out), keys.keystore));
  const isInviting = members.some(({ address }) => address === undefined);
  return [
    `wrote ${out}`,
    ...written.map(({ name, file, digest }) => `${name.padEnd(8)} ${digest}  ${file}`),
    "next:",
    `  consilium plan check ${written[0]?.file}, and send it to every hospital to read`,
    ...(existsSync(join(folder, "keystore.json")) ? [] : [`  consilium keys create ${folder}, and fund its address`]),
    `  consilium deploy --config ${out}`,
    ...(isInviting ? [`  consilium members invite --config ${out}`] : []),
    ...(isInviting ? [`  consilium members admit join-request.json --config ${out}, for each that answers`] : []),
    `  consilium status --config ${out}`,
  ].join("\n");
}
