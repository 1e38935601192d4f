// `consilium status`: a federation's rounds, members and rules, read from its contract alone.
import type { Command } from "commander";
import type { OpenLedger } from "../io/chain/ledger.ts";
import { lateMembers } from "../protocol/contract/late-members.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import { type RoundId, zeroDigest } from "../protocol/format/digest.ts";
import { onLedger, parseCount, type ReadOptions, withReadOptions } from "./ledger/options.ts";
import { readOwnStore } from "./status/own-store.ts";
import { showStatus } from "./status/show.ts";
import { type FederationStatus, summariseRound } from "./status/summary.ts";

interface Options extends ReadOptions {
  readonly rounds: string;
}

/** Adds the command to the program. */
export function statusCommand(program: Command): void {
  const command = program
    .command("status")
    .description(
      "Show the state of a federation: its rounds with their deadlines, who is late, its members, its rules.",
    )
    .option("--rounds <n>", "newest rounds to show", "10");
  withReadOptions(command)
    .addHelpText(
      "after",
      "\nBy --config of a party it shows also what the party's store takes of its disk.\n\nExamples:\n  consilium status\n  consilium status --federation trial.json --rpc http://10.0.0.5:8545 --rounds 50\n  consilium status --config hospital.yaml\n  consilium status --json | jq .rounds[0].status",
    )
    .action(async (options: Options) => {
      const count = parseCount(options.rounds, "--rounds");
      const store = options.config === undefined ? undefined : await readOwnStore(options.config);
      const status = { ...(await onLedger(options, (ledger) => readStatus(ledger, count))), store };
      console.log(options.json ? JSON.stringify(status) : showStatus(status));
    });
}

async function readStatus(ledger: OpenLedger, count: number): Promise<FederationStatus> {
  const latest = await ledger.latestRound();
  const now = await ledger.chainTime();
  const rounds: RoundState[] = [];
  for (let id = latest; id > Math.max(0, latest - count); id--) {
    rounds.push(await ledger.round(id as RoundId));
  }
  const owner = (await ledger.read("owner", [])).toLowerCase();
  const pausedUntil = Number(await ledger.read("pausedUntil", []));
  const sums = await ledger.privateSums();
  const agreedPlan = await ledger.read("agreedPlan", []);
  return {
    ...ledger.federation,
    chainTime: now,
    isKnownCode: ledger.isKnownCode,
    owner,
    ownedByHospitals: owner === ledger.federation.contract,
    pausedUntil: pausedUntil >= now ? pausedUntil : null,
    agreedPlan: agreedPlan === zeroDigest ? null : agreedPlan,
    latestModel: await ledger.read("latestModel", []),
    privateSums: sums ? { seals: sums.seals, maxSeals: sums.maxSeals } : null,
    terms: await ledger.terms(),
    members: await ledger.members(),
    late: lateMembers(rounds, now),
    rounds: rounds.map((round) => summariseRound(round, now, sums !== undefined)),
  };
}
