// `consilium simulate`, the main job: a federation of hospitals on this machine, from DICOM files to a verified audit.
import { appendFileSync, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { FedError } from "../foundation/errors.ts";
import { jsonLog } from "../io/telemetry/json-log.ts";
import { withPlanOptions } from "./plan/plan-options.ts";
import { wantedPlan } from "./simulate/plan.ts";
import { newestUnfinished, openRunDirectory, type RunDirectory } from "./simulate/run-directory.ts";
import { parseSettings } from "./simulate/settings.ts";
import { readGiven } from "./terminal/read-given.ts";
import { addZipPassword, type ZipPasswordOptions } from "./terminal/zip-password.ts";

interface Flags extends ZipPasswordOptions {
  readonly runDir?: string;
  readonly resume?: boolean;
  readonly fresh?: boolean;
  readonly json?: boolean;
  /** Absent without --no-dashboard. */
  readonly dashboard?: boolean;
}

/** Adds the command to the program. */
export function simulateCommand(program: Command): void {
  const command = program
    .command("simulate")
    .description("Run a federation of hospitals on this machine, from DICOM files to a verified audit.")
    .option("--run-dir <dir>", "folder of the run; default runs/<time>")
    .option("--resume", "resume the run in --run-dir, or the newest unfinished one")
    .option("--fresh", "start anew in --run-dir, removing what is there")
    .option("--hospitals <n>", "hospitals, each a process of its own (default 4)")
    .option("--archive <path>", "folder or zip of chest CT (default: a synthetic archive)")
    .option("--labels <csv>", "patient,label where the archive's folders do not say")
    .option("--partition <how>", "patients over hospitals: equal, dirichlet:ALPHA, scanner, size (default dirichlet:2)")
    .option("--plan <file>", "follow this plan as it is, in place of the options that decide one")
    .option(
      "--first-model <file>",
      "safetensors of a whole model that the first round begins with (default: drawn weights)",
    )
    .option("--patients <n>", "patients of the synthetic archive (default 96, or 6 a hospital)")
    .option("--matrix <n>", "rows and columns of its slices (default 128)")
    .option("--seed <n>", "the same seed gives the same model, to the bit (default 7)")
    .option("--in-process", "all hospitals within one process, with one trainer for all: for a hundred of them")
    .option("--rpc-port <n>", "port of the chain's RPC (default: any free one)")
    .option("--no-dashboard", "do not serve the page on which the run can be watched")
    .option("--json", "print the result as JSON");
  withPlanOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n  consilium simulate\n  consilium simulate --hospitals 8 --rounds 10 --partition dirichlet:0.5" +
        "\n  consilium simulate --archive ./ct --labels labels.csv --preset standard --mirror\n  consilium simulate --resume" +
        "\n  consilium simulate --strategy scaffold\n  consilium simulate --plan plan.json" +
        "\n  consilium simulate --private --hospitals 7\n  consilium simulate --private --buckets 3 --hospitals 12",
    )
    .action(async (flags: Flags & Record<string, unknown>) => {
      const controller = new AbortController();
      const stop = () => {
        if (controller.signal.aborted) process.exit(130);
        controller.abort(new FedError("ABORTED", { what: "stopped" }));
      };
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
      const run = await openRun(flags);
      try {
        mkdirSync(run.at("logs"), { recursive: true });
        const log = jsonLog((line) => appendFileSync(run.at("logs", "simulate.log"), `${line}\n`));
        const { simulate } = await import("./simulate/stages.ts"); // here, since it loads nearly everything
        const options = { json: flags.json === true, dashboard: flags.dashboard !== false };
        const { verified } = await simulate(run, { signal: controller.signal, ...options, log });
        if (!verified) process.exitCode = 1;
      } catch (error) {
        if (!controller.signal.aborted) {
          // Remove the run if its archive cannot be used.
          if (!flags.resume && !run.done("partition")) await rm(run.path, { recursive: true, force: true });
          throw error;
        }
        process.stderr.write(`stopped; consilium simulate --resume --run-dir ${run.path} continues it\n`);
        process.exitCode = 130;
      }
    });
  addZipPassword(command);
}

async function openRun({
  password,
  runDir,
  resume,
  fresh,
  json: _,
  dashboard: __,
  ...options
}: Flags & Record<string, unknown>): Promise<RunDirectory> {
  if (password !== undefined) throw new FedError("PASSWORD_IN_ARGUMENT");
  if (resume) {
    const path = runDir === undefined ? await newestUnfinished(resolve("runs")) : resolve(runDir);
    if (path === undefined) throw new FedError("RUN_UNKNOWN", {}, { remedy: "there is none to resume in ./runs" });
    return openRunDirectory(path, { kind: "resume" });
  }
  const settings = parseSettings(options);
  const { archive, labels, plan, firstModel, passwordFile } = settings;
  const absolute = (path: string | undefined) => path && resolve(path);
  const files = {
    archive: absolute(archive),
    labels: absolute(labels),
    plan: absolute(plan),
    firstModel: absolute(firstModel),
    passwordFile: absolute(passwordFile),
  };
  // Refused before anything is written.
  await wantedPlan({ ...settings, ...files });
  if (firstModel !== undefined) await readGiven(firstModel, "--first-model");
  const path = resolve(runDir ?? join("runs", new Date().toISOString().slice(0, 19).replaceAll(":", "-")));
  return openRunDirectory(path, {
    kind: "new",
    settings: { ...settings, ...files },
    fresh: fresh === true,
  });
}
