// `consilium model export`: a federation's final model as a file, checked against its digest on chain.
import { resolve } from "node:path";
import type { Command } from "commander";
import { FedError, isFedError } from "../foundation/errors.ts";
import type { OpenLedger } from "../io/chain/ledger.ts";
import { checkedBlobs } from "../protocol/audit/checked-blobs.ts";
import { openLineage } from "../protocol/contract/lineage.ts";
import { type Digest, parseDigest, zeroDigest } from "../protocol/format/digest.ts";
import { maxPlanBytes } from "../protocol/format/plan.ts";
import { openTarget } from "./audit/sources.ts";
import { readTarget, type TargetOptions } from "./audit/target.ts";
import { parseCount, withReadOptions } from "./ledger/options.ts";
import { writePublicOutput } from "./terminal/write-output.ts";

interface Options extends TargetOptions {
  readonly round?: string;
  readonly final?: boolean;
  readonly out: string;
  readonly plan?: string;
  readonly force?: boolean;
  readonly maxModelMib: string;
}

interface Exported {
  readonly round: number;
  readonly model: Digest;
  readonly files: readonly { readonly name: string; readonly file: string; readonly bytes: number }[];
}

/** Adds the command to the program. */
export function modelCommand(program: Command): void {
  const command = program.command("model").description("Take a model out of a federation.");
  const exporting = command
    .command("export")
    .description("Write a final model of a federation to a file, after checking it against its digest on chain.")
    .option("--round <n>", "the round whose model is wanted; 0: the model that the first round starts from")
    .option("--final", "the newest final model (default)")
    .requiredOption("--out <file>", "where the model goes, safetensors")
    .option("--plan <file>", "also write the plan that it was trained by, as consilium predict takes it")
    .option("--force", "overwrite files that are there")
    .option("--run-dir <dir>", "a simulation's folder: its chain is started again unless --rpc is given")
    .option("--store <dir...>", "stores on this machine that hold the objects; with --peer, where they are kept")
    .option("--peer <multiaddr...>", "hospitals that serve auditors, with their /p2p/ ids")
    .option("--contract <address>", "in place of a federation file: the contract, with --chain-id")
    .option("--chain-id <n>", "the chain that the contract is on")
    .option("--from-block <n>", "block of the contract's creation", "0")
    .option("--max-model-mib <n>", "largest model that is fetched", "2048");
  withReadOptions(exporting)
    .addHelpText(
      "after",
      "\nExamples:\n  consilium model export --run-dir runs/2026-01-01T10-00-00 --final --out model.safetensors" +
        "\n  consilium model export --federation trial.json --store hospital/store --round 3 --out round-3.safetensors" +
        "\n  consilium model export --federation successor.json --store hospital/store --round 0 --out genesis.safetensors",
    )
    .action(async (options: Options) => {
      const exported = await exportModel(options, exporting.getOptionValueSource("rpc") !== "default");
      if (options.json) console.log(JSON.stringify(exported));
      else show(exported);
    });
}

/** @throws OPTION_INVALID, ROUND_NOT_FINAL, FILE_EXISTS, FILE_UNWRITABLE; those of readTarget and openSources; ABORTED */
async function exportModel(options: Options, rpcGiven: boolean): Promise<Exported> {
  const controller = new AbortController();
  const stop = () => controller.abort(new FedError("ABORTED", { what: "stopped" }));
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, stop);
  const { signal } = controller;
  const wanted = wantedRound(options);
  const maxModelBytes = parseCount(options.maxModelMib, "--max-model-mib") * 2 ** 20;
  const sources = await openTarget(await readTarget(options, rpcGiven), signal);
  try {
    const chosen = await choose(sources.ledger, wanted, signal);
    const { blobs } = checkedBlobs(sources.blobs);
    const read = async (digest: Digest, maxBytes: number) => {
      await sources.exchange.fetch(digest, { maxBytes, signal });
      return blobs.get(digest, { maxBytes });
    };
    const files = [{ name: "model", file: resolve(options.out), bytes: await read(chosen.model, maxModelBytes) }];
    if (options.plan !== undefined) {
      files.push({ name: "plan", file: resolve(options.plan), bytes: await read(chosen.plan, maxPlanBytes) });
    }
    for (const { file, bytes } of files) await write(file, bytes, options.force === true);
    const written = files.map(({ name, file, bytes }) => ({ name, file, bytes: bytes.byteLength }));
    return { round: chosen.round, model: chosen.model, files: written };
  } finally {
    await sources.close();
  }
}

/** @param wanted a round; 0 for the genesis, undefined for the newest final one. @throws ROUND_NOT_FINAL */
async function choose(
  ledger: OpenLedger,
  wanted: number | undefined,
  signal: AbortSignal,
): Promise<{ readonly round: number; readonly model: Digest; readonly plan: Digest }> {
  const { finals, bases } = await openLineage(ledger)({ signal });
  if (wanted === 0) {
    const model = bases.at(-1) ?? parseDigest(await ledger.read("latestModel", [], { signal }));
    const plan = parseDigest(await ledger.read("agreedPlan", [], { signal }));
    if (model !== zeroDigest) return { round: 0, model, plan };
  }
  const final = wanted === undefined ? finals.at(-1) : finals.find(({ id }) => id === wanted);
  if (final?.model !== undefined) return { round: final.id, model: final.model, plan: final.plan };
  throw new FedError("ROUND_NOT_FINAL", { round: wanted, finals: finals.map(({ id }) => id).join(" ") });
}

/** Undefined for the newest. */
function wantedRound({ round, final }: Options): number | undefined {
  if (round !== undefined && final) {
    throw new FedError("OPTION_INVALID", { option: "--final", why: "give --round or --final, one of them" });
  }
  return round === undefined ? undefined : parseCount(round, "--round");
}

async function write(file: string, bytes: Uint8Array, overwrite: boolean): Promise<void> {
  try {
    await writePublicOutput(file, bytes, { isNew: !overwrite });
  } catch (cause) {
    if (isFedError(cause)) throw cause;
    const exists = (cause as NodeJS.ErrnoException).code === "EEXIST";
    const remedy = exists ? "add --force to overwrite it, or give another path" : undefined;
    throw new FedError(exists ? "FILE_EXISTS" : "FILE_UNWRITABLE", { path: file }, { cause, remedy });
  }
}

function show({ round, model, files }: Exported): void {
  console.log(`round    ${round}\ndigest   ${model}`);
  for (const { name, file, bytes } of files)
    console.log(`${name.padEnd(8)} ${file}, ${bytes.toLocaleString("en")} bytes`);
}
