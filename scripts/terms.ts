// `consilium terms`: shows the rules of a federation's rounds, and changes them as its owner or by the hospitals' vote.
import type { Command } from "commander";
import { FedError } from "../foundation/errors.ts";
import type { OpenLedger } from "../io/chain/ledger.ts";
import type { RoundTerms } from "../protocol/contract/round.ts";
import { onLedger, onWritableLedger, type WriteOptions, withWriteOptions } from "./ledger/options.ts";
import { parseTerms, showTerm, type TermsOptions, termFields, withTermsOptions } from "./ledger/terms-options.ts";
import { voteFor } from "./members/vote.ts";
import { table } from "./terminal/table.ts";

interface Options extends WriteOptions, TermsOptions {
  readonly vote?: boolean;
  readonly withdraw?: boolean;
}

/** Adds the command to the program. */
export function termsCommand(program: Command): void {
  const command = program
    .command("terms")
    .description("Show the rules of the rounds; change those of the rounds to come, as the owner or by vote.");
  withWriteOptions(withTermsOptions(command, { withUsual: false }))
    .option("--vote", "support the change as a hospital, where the hospitals own the federation")
    .option("--withdraw", "with --vote: take your support back")
    .addHelpText("after", help)
    .action(async (options: Options) => {
      const changes = parseTerms(options);
      if (Object.keys(changes).length > 0) await change(changes, options);
      else await show(options);
    });
}

const help = `
Without any of the first eight options it only shows the rules, and needs no key. With one of them it shows the rules before and
after and sends the change; the others stay, and a round that runs keeps the rules that it opened with. A vote is on all rules
together: every hospital gives the same command, and more than two thirds of the hospitals decide.

Examples:
  consilium terms --federation federation.json --rpc http://10.0.0.5:8545
  consilium terms --min-updates 3 --commit-period 48h --keystore owner/keystore.json
  consilium terms --min-updates 3 --vote --keystore keys/keystore.json`;

async function show(options: Options): Promise<void> {
  if (options.vote || options.withdraw) {
    const remedy = "give a rule that is to change, such as --min-updates 3";
    throw new FedError("OPTION_INVALID", { option: options.vote ? "--vote" : "--withdraw" }, { remedy });
  }
  const terms = await onLedger(options, (ledger) => ledger.terms());
  if (options.json) console.log(JSON.stringify({ terms }));
  else {
    const rows = termFields.map((field) => [field.flag.slice(2), showTerm(field, terms), field.about]);
    console.log(table(["rule", "now", ""], rows));
  }
}

async function change(changes: Partial<RoundTerms>, options: Options): Promise<void> {
  if (options.withdraw && !options.vote) {
    throw new FedError("OPTION_INVALID", { option: "--withdraw" }, { remedy: "give it together with --vote" });
  }
  await onWritableLedger(options, async (ledger) => {
    const before = await ledger.terms();
    const after = { ...before, ...changes };
    const isChange = termFields.some(({ name }) => before[name] !== after[name]);
    const hospitals = (await ledger.members()).filter(({ active, role }) => active && role === "hospital").length;
    if (!options.json) say(before, after, hospitals);
    const outcome = isChange ? await send(ledger, after, options) : { changed: false };
    if (options.json) console.log(JSON.stringify({ before, after, hospitals, ...outcome }));
    else if (!isChange) console.log("nothing to change: these are already the rules");
    else if ("block" in outcome) console.log(`done, in block ${outcome.block}: for the rounds opened from now on`);
    else if (outcome.changed) console.log("executed: for the rounds opened from now on");
    else if ("supporters" in outcome) console.log(`${outcome.supporters} of ${hospitals} hospitals support it`);
  });
}

async function send(ledger: OpenLedger, terms: RoundTerms, { vote, withdraw }: Options) {
  if (!vote) {
    const { blockNumber, transactionHash } = await ledger.write("setTerms", [terms]);
    return { changed: true, block: blockNumber, transaction: transactionHash };
  }
  const { carried, supporters } = await voteFor(ledger, { name: "setTerms", args: [terms] }, !withdraw);
  return { changed: carried, supporters };
}

function say(before: RoundTerms, after: RoundTerms, hospitals: number): void {
  const rows = termFields.map((field) => {
    const [was, willBe] = [showTerm(field, before), showTerm(field, after)];
    return [field.flag.slice(2), was, before[field.name] === after[field.name] ? "" : willBe];
  });
  console.log(table(["rule", "before", "after"], rows));
  if (after.minUpdates > hospitals) {
    console.log(`warning: ${hospitals} hospitals are admitted: no round can open before there are ${after.minUpdates}`);
  }
}
