// `consilium init`: writes the configuration of a party or of a consortium from a few answers, with a schema that editors
// check it by.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { type Answers, collectAnswers, type GivenAnswers } from "./init/answers.ts";
import { configText } from "./init/config-file.ts";
import { initConsortiumCommand } from "./init/consortium.ts";
import type { Role } from "./init/schema.ts";
import { writeWithSchema } from "./init/write-with-schema.ts";

interface Options extends GivenAnswers {
  readonly out?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Adds the command and its parts to the program. */
export function initCommand(program: Command): void {
  const init = program
    .command("init")
    .description("Write the configuration of a party or a consortium from a few answers: YAML with comments, or JSON.");
  for (const role of ["hospital", "aggregator"] as const) {
    const command = init
      .command(role)
      .description(`Write ${role}.yaml and the schema that editors check it by; never overwrites.`)
      .option(
        "--out <file>",
        `where the configuration goes: YAML, or JSON for a name with .json (default: ${role}.yaml)`,
      )
      .option("--federation <file>", "the federation file that the consortium sent (default: federation.json)")
      .option("--rpc <url...>", "RPC endpoints of its chain, best two of different operators")
      .option("--confirmations <n>", "blocks on top before anything counts (default: 12)")
      .option("--peer <address...>", "multiaddrs of members to connect to, with their /p2p/ ids")
      .option("--port <n>", "TCP port to listen on (default: 4710)")
      .option("--keys <dir>", "folder of the keys that consilium keys create made (default: keys)")
      .option("--password-file <file>", "file whose first line is the keystore's password (default: it is asked for)")
      .option("--relay", "relay the traffic of members behind NAT")
      .option("--serve-auditors", "let auditors, who are not members, fetch objects")
      .option("--store <dir>", "folder of objects and journal (default: store)");
    if (role === "hospital") {
      command
        .option("--shard <dir>", "folder of the imported data (default: shard)")
        .option("--nat", "nobody can connect to this machine from outside: listen through a relay")
        .option("--relayed", "the account has no coins: other members send what this hospital signs");
    } else {
      command
        .option("--plan <file>", "the plan (default: plan.json)")
        .option("--genesis <file>", "the model that the first round starts from (default: genesis.safetensors)");
    }
    command
      .option("--yes", "ask nothing: take the defaults for what is not given")
      .option("--json", "print what was written as JSON")
      .addHelpText("after", helpOf(role))
      .action((options: Options) => write(role, options));
  }
  initConsortiumCommand(init);
}

const helpOf = (role: Role) => `
What no option gives is asked for at a terminal; elsewhere the defaults are taken. Paths are relative to the configuration.

Examples:
  consilium init ${role}
  consilium init ${role} --rpc https://rpc.example/ https://rpc.other/ --peer /dns4/aggregator.example/tcp/4710/p2p/12D3KooW… --yes`;

async function write(role: Role, options: Options): Promise<void> {
  const out = resolve(options.out ?? `${role}.yaml`);
  const isAsking = !options.yes && process.stdin.isTTY === true && process.stderr.isTTY === true;
  const answers = await collectAnswers(role, options, { isAsking });
  const schema = await writeWithSchema(role, out, configText(role, answers));
  if (options.json) console.log(JSON.stringify({ config: out, schema }));
  else console.log(nextSteps(role, answers, out));
}

function nextSteps(role: Role, { keys }: Answers, out: string): string {
  const command = role === "hospital" ? "node" : "aggregator";
  const hasKeys = existsSync(join(dirname(out), keys, "keystore.json"));
  return [
    `wrote ${out}`,
    "next:",
    ...(hasKeys ? [] : [`  consilium keys create ${join(dirname(out), keys)}`]),
    ...(role === "hospital" ? ["  consilium import ARCHIVE --labels labels.csv, into the shard's folder"] : []),
    `  consilium doctor --config ${out}`,
    `  consilium ${command} --config ${out}`,
  ].join("\n");
}
