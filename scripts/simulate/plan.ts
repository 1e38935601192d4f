// The run's plan and first model, as `consilium plan` writes them for a real federation.
import { spawn } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { FedError } from "../../foundation/errors.ts";
import { moduleBeside } from "../../foundation/module-beside.ts";
import { decodePlan, type Plan } from "../../protocol/format/plan.ts";
import { checkBuckets } from "../../protocol/private/buckets.ts";
import { planFrom } from "../plan/plan-from-choices.ts";
import { planArguments } from "../plan/plan-options.ts";
import { readPlan } from "../plan/read-plan.ts";
import type { RunDirectory } from "./run-directory.ts";
import { planChoicesOf, type Settings } from "./settings.ts";

const commandLine = fileURLToPath(moduleBeside("../consilium", import.meta.url));

/**
 * The plan that the settings ask for.
 * @param mostSlices of any scan that is there; undefined before the import
 * @throws OPTION_INVALID, FILE_UNREADABLE, BUCKETS_TOO_SMALL, and the code of what a federation would refuse
 */
export async function wantedPlan(settings: Settings, mostSlices = Number.POSITIVE_INFINITY): Promise<Plan> {
  const { hospitals } = settings;
  if (settings.plan !== undefined) return withEnough(await readPlan(settings.plan, "--plan"), hospitals);
  const choices = planChoicesOf(settings);
  const plan = planFrom(choices, undefined, "simulate");
  const minUpdates = choices.minUpdates ?? Math.max(plan.privacy ? plan.minUpdates : 1, Math.ceil(hospitals / 2));
  // A network that takes more slices than a scan has is shown the same slice several times.
  const slices = choices.slices ?? Math.min(plan.model.input.slices, mostSlices);
  return withEnough(planFrom({ ...choices, minUpdates, slices }, undefined, "simulate"), hospitals);
}

/** @throws BUCKETS_TOO_SMALL */
function withEnough(plan: Plan, hospitals: number): Plan {
  const buckets = plan.privacy?.buckets;
  if (buckets !== undefined) checkBuckets({ hospitals, buckets });
  return plan;
}

/** In a process of its own: this one never loads TensorFlow, whose memory it would keep for the whole run. */
export async function ensurePlan(run: RunDirectory, mostSlices: number): Promise<{ plan: Plan; genesis: Uint8Array }> {
  const files = { plan: run.at("plan.json"), genesis: run.at("models", "genesis.safetensors") };
  if (!run.done("plan")) {
    await mkdir(run.at("models"), { recursive: true });
    const { settings } = run;
    const { model, minUpdates } = await wantedPlan(settings, mostSlices);
    const asked =
      settings.plan === undefined
        ? planArguments({ ...planChoicesOf(settings), minUpdates, slices: model.input.slices })
        : ["--from", settings.plan];
    const begun = settings.firstModel === undefined ? [] : ["--first-model", settings.firstModel];
    // --force: an earlier start may have been killed between writing the files and noting that they are there.
    await runCommand(["plan", "--force", "--plan", files.plan, "--genesis", files.genesis, ...asked, ...begun]);
    await run.markDone("plan");
  }
  return { plan: decodePlan(await readFile(files.plan)), genesis: await readFile(files.genesis) };
}

function runCommand(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", commandLine, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
  });
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints = (complaints + chunk).slice(-4000);
  });
  return new Promise((resolve, reject) => {
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new FedError("PLAN_FAILED", { code: code ?? -1 }, { cause: new Error(complaints) }));
    });
  });
}
