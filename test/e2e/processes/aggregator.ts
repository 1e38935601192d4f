// An aggregator's process, honest or with one lie.
//   node aggregator.ts CONFIG [LIE]
import { readFile } from "node:fs/promises";
import { aggregateRounds } from "../../../aggregator/aggregate-rounds.ts";
import { parseAggregatorConfig } from "../../../aggregator/config.ts";
import { openParty } from "../../../party/open-party.ts";
import { runPartyCommand } from "../../../scripts/party/run-command.ts";
import { alteringModel, droppingUpdate, equivocating, spoilingBatches, usingOldBase } from "../../fakes/liars.ts";

const lies = { alteringModel, droppingUpdate, equivocating, spoilingBatches, usingOldBase };
const [configFile, name] = process.argv.slice(2) as [string, keyof typeof lies | undefined];

await runPartyCommand(
  configFile,
  { logLevel: "info" },
  parseAggregatorConfig,
  async (config, { onEvent, ...party }) => {
    const open = await openParty(config, { ...party, onWaiting: () => {} });
    try {
      const plan = await open.blobs.put(await readFile(config.plan));
      const genesis = await open.blobs.put(await readFile(config.genesis));
      const ports = { ...open, log: party.log };
      const lie = name === undefined ? {} : lies[name](ports);
      const { rounds = 1, settleSeconds, chain } = config;
      const { relayGasPerRound } = chain;
      const options = { plan, genesis, rounds, settleSeconds, relayGasPerRound, maxModelBytes: 2 ** 26 };
      await aggregateRounds({ ...ports, ...lie }, options, { signal: party.signal, onEvent });
    } finally {
      await open.close();
    }
  },
);
