// An aggregator's process, honest or with one lie.
//   node aggregator.ts CONFIG [LIE]
import { readFile } from "node:fs/promises";
import { aggregateRounds } from "../../../aggregator/aggregate-rounds.ts";
import { runAggregator } from "../../../aggregator/aggregator.ts";
import { type AggregatorConfig, parseAggregatorConfig } from "../../../aggregator/config.ts";
import { openParty } from "../../../party/open-party.ts";
import { type PartyRun, runPartyCommand } from "../../../scripts/party/run-command.ts";
import { alteringModel, droppingUpdate, equivocating, spoilingBatches, usingOldBase } from "../../fakes/liars.ts";

const lies = { alteringModel, droppingUpdate, equivocating, spoilingBatches, usingOldBase };
const [configFile, name] = process.argv.slice(2) as [string, keyof typeof lies | undefined];

await runPartyCommand(configFile, { logLevel: "info" }, parseAggregatorConfig, (config, party) =>
  name === undefined ? runAggregator(config, party) : runLiar(lies[name], config, party),
);

async function runLiar(
  lieOf: (typeof lies)[keyof typeof lies],
  config: AggregatorConfig,
  { onEvent, ...party }: PartyRun,
): Promise<void> {
  const open = await openParty(config, { ...party, onWaiting: () => {} });
  try {
    const plan = await open.blobs.put(await readFile(config.plan));
    const genesis = await open.blobs.put(await readFile(config.genesis));
    const ports = { ...open, log: party.log };
    const { rounds = 1, settleSeconds, chain } = config;
    const { relayGasPerRound } = chain;
    const options = { plan, genesis, rounds, settleSeconds, relayGasPerRound, maxModelBytes: 2 ** 26 };
    await aggregateRounds({ ...ports, ...lieOf(ports) }, options, { signal: party.signal, onEvent });
  } finally {
    await open.close();
  }
}
