// `consilium runs`: the past simulations in a folder, and their page again.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { DashboardFeed } from "../dashboard/server/feed.ts";
import { FedError } from "../foundation/errors.ts";
import { openLocalDashboard } from "./dashboard/open-dashboard.ts";
import { readPastRun } from "./dashboard/run-record.ts";
import { readSlices } from "./dashboard/slices.ts";
import { listRuns, runsTable } from "./past-runs/list.ts";

/** Adds the command to the program. */
export function runsCommand(program: Command): void {
  const runs = program
    .command("runs")
    .description("List the runs of consilium simulate, or open one in the browser's page.")
    .option("--dir <dir>", "folder of the runs", "runs")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  consilium runs\n  consilium runs --json | jq .[0].verdict\n  consilium runs open 2026-01-01T10-00-00",
    )
    .action(async ({ dir, json }: { dir: string; json?: boolean }) => {
      const found = await listRuns(resolve(dir));
      console.log(json ? JSON.stringify(found) : runsTable(found, dir));
    });
  runs
    .command("open")
    .description("Serve the page of a past run on this machine, read from its folder, until Ctrl-C.")
    .argument("[name]", "name in the list, or a run's folder (default: the newest)")
    .option("--dir <dir>", "folder of the runs", "runs")
    .addHelpText("after", "\nExamples:\n  consilium runs open\n  consilium runs open runs/2026-01-01T10-00-00")
    .action(async (name: string | undefined, options: { dir: string }) => {
      // An option of both commands is the outer one's wherever it stands.
      const dir = runs.getOptionValueSource("dir") === "cli" ? String(runs.opts()["dir"]) : options.dir;
      await open(await folderOf(name, resolve(dir)));
    });
}

/** @throws RUN_UNKNOWN */
async function folderOf(name: string | undefined, dir: string): Promise<string> {
  if (name === undefined) {
    const [newest] = await listRuns(dir);
    if (newest) return join(dir, newest.name);
    throw new FedError("RUN_UNKNOWN", { path: dir }, { remedy: "consilium simulate makes one" });
  }
  const found = [join(dir, name), resolve(name)].find((path) => existsSync(join(path, "run.json")));
  if (found === undefined) throw new FedError("RUN_UNKNOWN", { path: name }, { remedy: "consilium runs lists them" });
  return found;
}

async function open(runDir: string): Promise<void> {
  const feed = new DashboardFeed(await readPastRun(runDir));
  const page = await openLocalDashboard(feed, () => readSlices(runDir));
  console.log(`${page.url}\nCtrl-C ends it.`);
  await new Promise<void>((done) => {
    // The server alone does not keep the process alive.
    const alive = setInterval(() => {}, 60_000);
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => {
        clearInterval(alive);
        done();
      });
  });
  await page.close();
}
