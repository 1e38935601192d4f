// `consilium cross-validate`: compares methods on held-out patients of any archive.
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { FedError } from "../foundation/errors.ts";
import { importArchive } from "../imaging/import/import-archive.ts";
import { openShard } from "../imaging/shard/shard.ts";
import { readShardIndex } from "../imaging/shard/shard-format.ts";
import { checkShortcuts, type Shortcut } from "../imaging/shard/shortcut-check.ts";
import { defaultPlan } from "../protocol/format/default-plan.ts";
import type { Plan } from "../protocol/format/plan.ts";
import { defaultMethods } from "../study/cross-validate/cross-options.ts";
import type { CrossRow } from "../study/cross-validate/run.ts";
import { askedPlan, fittedPlan } from "./cross-validate/capsule-plan.ts";
import { comparisonLine, comparisons, conclusion, controlLine } from "./cross-validate/comparisons.ts";
import { crossTable } from "./cross-validate/cross-table.ts";
import { type CrossOptions, isCrossChoice, parseCrossOptions } from "./cross-validate/options.ts";
import { withPlanOptions } from "./plan/plan-options.ts";
import { seedOption } from "./terminal/parse-options.ts";
import { progressBar } from "./terminal/progress.ts";
import { readGiven } from "./terminal/read-given.ts";
import { showEstimate } from "./terminal/show-estimate.ts";
import { addZipPassword, withZipPassword } from "./terminal/zip-password.ts";

/** Adds the command to the program. */
export function crossValidateCommand(program: Command): void {
  const command = program
    .command("cross-validate")
    .description(
      "Cross-validate the capsule network, pooled and federated, beside a CNN, a logistic regression and the majority.",
    )
    .option("--shard <dir>", "written by consilium import; its own split is not used, every patient is held out once")
    .option("--archive <path>", "folder or zip of chest CT, imported into <out>/shard first")
    .option("--labels <csv>", "patient,label where the archive does not say")
    .option(
      "--out <dir>",
      "where finished folds are kept: the same command goes on where it stopped",
      "cross-validation",
    )
    .option("--rows <a,b,...>", "of those below", defaultMethods.join(","))
    .option("--folds <n>", "parts that are held out in turn", "5")
    .addOption(seedOption())
    .option("--plan <file>", "train the capsules by this plan as it is, in place of the options that decide one")
    .option("--first-model <file>", "safetensors of a model that the capsules begin with, in place of drawn weights")
    .option("--side <pixels>", "of a slice that the capsules see (default 64, 128 of standard, 299 of iv3)")
    .option("--no-mirror", "without mirror images, on which the networks train and by which they score as well")
    .option(
      "--stop <round>",
      "of the capsules: best, of the validation patients, or last, as a federation stops",
      "best",
    )
    .option("--hospitals <n>", "of the federated row", "4")
    .option("--partition <how>", "patients over hospitals: equal, dirichlet:ALPHA, scanner, size", "dirichlet:2")
    .option("--cnn-side <pixels>", "of a slice that the CNN sees", "128")
    .option("--cnn-epochs <n>", "of the CNN", "30")
    .option("--trainings <n>", "of each network from different seeds; their mean score counts", "1")
    .option("--shuffle-labels", "a control: labels are shuffled, after which every row must be at chance")
    .option("--json", "print all scores with their intervals as JSON");
  withPlanOptions(command, isCrossChoice)
    .addHelpText("after", help)
    .action(async (raw: unknown) => {
      const options = parseCrossOptions(raw);
      const result = await run(options);
      if (options.json) {
        const rows = result.rows.map(({ heldOut: _, ...row }) => row);
        const found = {
          comparisons: comparisons(result.rows),
          control: controlLine(result.rows),
          conclusion: conclusion(result.rows, result.patients),
        };
        console.log(JSON.stringify({ options, ...result, rows, ...found }));
      } else print(options, result);
    });
  addZipPassword(command);
}

const help = `
Rows: majority (always the more frequent class), logistic (48 x 48 pixels), cnn (a small Inception), compact (the capsule
  network, all patients in one place), standard (compact's training, but the larger preset: 128 pixels), federated (compact at
  hospitals, by real updates and aggregation, without a chain), alone (each of these hospitals without the others), shuffled
  (compact with shuffled labels in training: it must be at chance)

The capsules follow the default plan, changed by the options below Strategy, Training, Model and Updates, as consilium plan
changes it; server rules and updates are of the federated row alone. A round of the pooled capsules is as many epochs.

Of the patients that a fold learns from, 15 % choose its threshold and, unless --stop last is given, the capsules' round; those
held out choose nothing.

Examples:
  consilium cross-validate --archive ./ct
  consilium cross-validate --shard ./shard --rows logistic,compact --folds 10
  consilium cross-validate --shard ./shard --rows compact,standard --stop last
  consilium cross-validate --shard ./shard --rows federated --hospitals 8 --partition dirichlet:0.5 --normalisation group
  consilium cross-validate --shard ./shard --rows compact,federated --rounds 40 --strategy fedavgm --server-momentum 0.5
  consilium cross-validate --shard ./shard --rows compact,federated --plan plan.json
  consilium cross-validate --shard ./shard --shuffle-labels --out ./control`;

interface Result {
  /** Of the capsules. */
  readonly plan: Plan;
  readonly rows: readonly CrossRow[];
  readonly patients: number;
  readonly positive: number;
  /** How well the label can be guessed from how the scans were taken, without their pixels. */
  readonly shortcuts: readonly Shortcut[];
}

async function run(options: CrossOptions): Promise<Result> {
  // Both are refused before anything is imported.
  const asked = await askedPlan(options);
  const { firstModel } = options;
  const given = firstModel === undefined ? undefined : await readGiven(firstModel, "--first-model");
  const controller = new AbortController();
  const remedy = "run the same command again: it goes on with the fold that was not finished";
  const stop = () => controller.abort(new FedError("INTERRUPTED", {}, { remedy }));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const { signal } = controller;
  const bar = progressBar("cross-validation");
  try {
    const dir = resolve(options.out);
    const place = options.archive === undefined ? resolve(options.shard ?? "") : join(dir, "shard");
    if (options.archive !== undefined) await importInto(place, asked, options, signal, bar.update);
    const shard = await openShard(place);
    try {
      // Loaded here, since TensorFlow takes a second to load.
      const { givenWeights } = await import("../model/training/trainer.ts");
      const { crossValidate } = await import("../study/cross-validate/run.ts");
      const { chosenMethods } = await import("../study/cross-validate/methods.ts");
      const { scans } = await readShardIndex(place);
      const plan = fittedPlan(asked, shard);
      const methods = chosenMethods(options, plan, shard, scans, given && givenWeights(plan, given));
      const { folds, seed, shuffleLabels } = options;
      const rows: CrossRow[] = [];
      for await (const event of crossValidate(
        shard,
        methods,
        { folds, seed, shuffleLabels, dir, data: shard.root },
        { signal },
      )) {
        if (event.kind === "row") rows.push(event.row);
        else bar.update(event.done, event.total, `${event.row}, fold ${event.fold} of ${folds}, ${event.note}`);
      }
      const labels = new Map(shard.scans.map(({ patient, label }) => [patient, label]));
      const positive = [...labels.values()].filter(Boolean).length;
      return { plan, rows, patients: labels.size, positive, shortcuts: checkShortcuts(scans) };
    } finally {
      await shard.close();
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    bar.stop();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

async function importInto(
  place: string,
  { model }: Plan,
  { archive = "", labels, rows, cnnSide, ...secret }: CrossOptions,
  signal: AbortSignal,
  report: (done: number, total: number, note: string) => void,
): Promise<void> {
  const larger = rows.includes("standard") ? defaultPlan({ preset: "standard" }).model.input.height : 0;
  const size = Math.max(model.input.height, cnnSide, larger);
  const shape = { height: size, width: size };
  await withZipPassword(secret, async (password) => {
    const asked = { keyFile: `${place}.key`, shape, labels: labels && resolve(labels), password };
    const work = importArchive(resolve(archive), place, asked, { signal });
    for (let step = await work.next(); !step.done; step = await work.next()) {
      report(step.value.done, step.value.total, step.value.stage);
    }
  });
}

function print(
  { folds, shuffleLabels, stop, out }: CrossOptions,
  { rows, patients, positive, shortcuts }: Result,
): void {
  console.log(`${patients} patients, ${positive} positive; ${folds} folds, each patient held out once.`);
  if (shuffleLabels)
    console.log("Labels were shuffled over the patients: a control, from which nothing can be learned.");
  console.log(crossTable(rows));
  for (const comparison of comparisons(rows)) console.log(comparisonLine(comparison));
  const control = controlLine(rows);
  if (control) console.log(control);
  console.log(shortcutLine(shortcuts));
  console.log("95 % intervals: areas by DeLong 1988, their mean by LeDell 2015, balanced accuracy by MOVER.");
  console.log("Calibration error: of the scores, and after a logistic curve by each fold's validation patients.");
  const chosen =
    stop === "last" ? "thresholds; the capsules are those of the last round" : "thresholds and stopping points";
  console.log(`Validation patients chose ${chosen}. Folds are kept in ${out}.`);
  const meaning = conclusion(rows, patients);
  if (meaning) console.log(meaning);
}

/** The best guess without pixels. */
function shortcutLine(shortcuts: readonly Shortcut[]): string {
  const [best] = [...shortcuts].sort((a, b) => b.auc.value - a.auc.value);
  if (!best) return "Shortcuts: nothing of how the scans were taken differs enough to guess the label from.";
  const warning = best.isWarned ? "above chance: a network may learn it in place of the disease" : "not above chance";
  return `Shortcuts: from "${best.feature}" alone the AUC is ${showEstimate(best.auc, 3, 2)}, ${warning}.`;
}
