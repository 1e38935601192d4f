// `consilium reproduce`: trains a hospital's past round again and compares the result with the committed update.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import pc from "picocolors";
import { FedError } from "../foundation/errors.ts";
import { readKeystore } from "../io/chain/keystore.ts";
import { openLedger } from "../io/chain/ledger.ts";
import { openObjectFiles } from "../io/store/object-files.ts";
import { parseHospitalConfig } from "../node/config.ts";
import { openTrainerProcess } from "../node/learner-process.ts";
import { checkedBlobs } from "../protocol/audit/checked-blobs.ts";
import { keysOf, type Reproduction, reproduceUpdate } from "../protocol/audit/reproduce.ts";
import type { RoundId } from "../protocol/format/digest.ts";
import { parseCount, rpcUrls } from "./ledger/options.ts";
import { readPartyConfig } from "./party/read-config.ts";
import { startChain } from "./simulate/chain.ts";
import { progressBar } from "./terminal/progress.ts";
import { table } from "./terminal/table.ts";

interface Options {
  readonly config: string;
  readonly round: string;
  readonly rpc?: readonly string[];
  readonly journal?: string;
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function reproduceCommand(program: Command): void {
  program
    .command("reproduce")
    .description("Train this hospital's past rounds again, and show that the committed updates come out.")
    .requiredOption("--config <file>", "the hospital's configuration; it may be running")
    .requiredOption("--round <n>", "the round whose update is to come out; those before it are gone through too")
    .option("--rpc <url...>", "RPC endpoints, in place of the configuration's")
    .option("--journal <file>", "of a simulation's chain (chain.ndjson), which is started again for this")
    .option("--json", "print the outcome as JSON")
    .addHelpText(
      "after",
      "\nEnds with 0 if the update came out, 2 if not. Training comes out the same on the machine, and with the" +
        "\nsoftware, that it was first made with.\n" +
        "\nExamples:\n  consilium reproduce --config hospital.yaml --round 3" +
        "\n  consilium reproduce --config runs/x/hospital-1/config.json --journal runs/x/chain.ndjson --round 2 --json",
    )
    .action(async (options: Options) => {
      const all = await reproduce(options);
      const last = all.at(-1) as Reproduction;
      if (options.json) console.log(JSON.stringify({ same: last.same, updates: all }));
      else show(all);
      process.exitCode = last.same ? 0 : 2;
    });
}

async function reproduce(options: Options): Promise<readonly Reproduction[]> {
  const round = parseCount(options.round, "--round") as RoundId;
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => controller.abort(new FedError("ABORTED", { what: "stopped" })));
  }
  const { signal } = controller;
  const { raw } = await readPartyConfig(options.config);
  const { keys, federation, chain, store, shard, maxModelMiB } = parseHospitalConfig(raw, {
    baseDir: dirname(resolve(options.config)),
  });
  const { address: hospital } = await readKeystore(keys.keystore);
  const started = options.journal === undefined ? undefined : await startChain({ journal: resolve(options.journal) });
  const localWeights = await mkdtemp(join(tmpdir(), "consilium-reproduce-"));
  const trainer = openTrainerProcess();
  const bar = progressBar("reproducing");
  try {
    const endpoints = started ? [started.url] : options.rpc ? rpcUrls(options.rpc) : chain.endpoints;
    const { chainId, contract, fromBlock, codeDigest } = federation;
    const code = codeDigest === undefined ? {} : { codeDigest };
    const place = { federation: { chainId, contract }, fromBlock, ...code };
    const ledger = await openLedger(
      { ...place, endpoints, confirmations: chain.confirmations, retryForMs: 5000 },
      { signal },
    );
    try {
      const { blobs } = checkedBlobs(openObjectFiles(join(store, "blobs")));
      const work = reproduceUpdate(
        { ledger, blobs, learner: trainer.learner({ shard, localWeights }) },
        { keys: await keysOf(ledger, hospital, { signal }), round },
        {
          maxModelBytes: maxModelMiB * 2 ** 20,
          signal,
          onProgress: ({ trainedIn, step, steps }) => bar.update(step, steps, `round ${trainedIn}`),
        },
      );
      const all: Reproduction[] = [];
      for await (const each of work) all.push(each);
      return all;
    } finally {
      ledger.close();
    }
  } finally {
    bar.stop();
    await trainer.close();
    await started?.stop();
    await rm(localWeights, { recursive: true, force: true });
  }
}

function show(all: readonly Reproduction[]): void {
  const rows = all.map(({ round, trainedIn, found, same, sameShard, seconds }) => [
    ...[round, trainedIn, seconds.toFixed(1), `${found.slice(0, 10)}…`],
    same ? pc.green("same bytes") : pc.red(sameShard ? "OTHER BYTES" : "OTHER SHARD"),
  ]);
  console.log(table(["round", "trained in", "seconds", "update", "outcome"], rows));
  const { round, expected, found, same, sameShard } = all.at(-1) as Reproduction;
  const words = sameShard ? "another update comes out" : "this is not the shard that the manifest names";
  const verdict = same
    ? `${pc.bold(pc.green("REPRODUCED"))} the update of round ${round} comes out of this shard to the byte: ${expected}`
    : `${pc.bold(pc.red("NOT REPRODUCED"))} round ${round}: ${words}; expected ${expected}, found ${found}`;
  console.log(`\n${verdict}`);
}
