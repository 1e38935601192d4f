// The run's plan and first model, as `consilium plan` writes them for a real federation.
import { spawn } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { FedError } from "../../foundation/errors.ts";
import { decodePlan, type Plan } from "../../protocol/format/plan.ts";
import type { RunDirectory } from "./run-directory.ts";

const commandLine = fileURLToPath(new URL("../consilium.ts", import.meta.url));

/** In a process of its own: this one never loads TensorFlow, whose memory it would keep for the whole run. */
export async function ensurePlan(run: RunDirectory): Promise<{ plan: Plan; genesis: Uint8Array }> {
  const { preset, rounds, localEpochs, seed, hospitals } = run.settings;
  const files = { plan: run.at("plan.json"), genesis: run.at("models", "genesis.safetensors") };
  if (!run.done("plan")) {
    await mkdir(run.at("models"), { recursive: true });
    const choices = { preset, rounds, "local-epochs": localEpochs, seed, "min-updates": Math.ceil(hospitals / 2) };
    const flags = Object.entries(choices).flatMap(([name, value]) => [`--${name}`, String(value)]);
    await runCommand(["plan", "--plan", files.plan, "--genesis", files.genesis, ...flags]);
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
