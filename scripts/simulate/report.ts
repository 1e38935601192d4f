// Reports a run: the table of scores, charts, and the numbers as JSON.
import { writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import pc from "picocolors";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { calibration, type Scores } from "../../foundation/statistics/scores.ts";
import { lineChart } from "../charts/line-chart.ts";
import { reliabilityChart } from "../charts/reliability-chart.ts";
import { rocChart } from "../charts/roc-chart.ts";
import { svgToPng } from "../charts/svg-to-png.ts";
import { table } from "../terminal/table.ts";
import type { RoundTimes } from "./round-clock.ts";
import type { RunDirectory } from "./run-directory.ts";
import type { RoundScore, ScoredModel } from "./score-models.ts";

/** Models whose curves are drawn; those of single hospitals would hide them. */
const charted = ["federated", "all data pooled", "shuffled labels"];

/** All models, and sensitivity and specificity of the first, the federated one. Fits 80 columns. */
export function scoreTable(models: readonly ScoredModel[]): string {
  const rows = models.map(({ name, scores }) => [
    name,
    estimate(scores.balancedAccuracy),
    estimate(scores.auc),
    scores.isAtChance ? pc.yellow("at chance") : "",
  ]);
  const [first] = models;
  if (!first) return "";
  const { name, scores } = first;
  rows.push([`majority (accuracy ${scores.majorityAccuracy.toFixed(2)})`, "0.50", "0.50", pc.yellow("at chance")]);
  const sides = `sensitivity ${estimate(scores.sensitivity)}, specificity ${estimate(scores.specificity)}`;
  return `${table(["model", "balanced accuracy", "AUC", ""], rows)}\n\n  ${name}: ${sides}`;
}

function estimate({ value, low, high }: Estimate): string {
  return `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

export function roundTable(times: readonly RoundTimes[]): string {
  return table(
    ["round", "training s", "commit to adopted s", "updates MB"],
    times.map(({ round, trainingSeconds, overheadSeconds, updateBytes }) => [
      String(round),
      trainingSeconds.toFixed(1),
      overheadSeconds.toFixed(1),
      (updateBytes / 1e6).toFixed(2),
    ]),
  );
}

/** Where the files are, and which commands to try next. */
export function whatNext(run: RunDirectory): string {
  const place = relative(process.cwd(), run.path) || ".";
  return [
    `pictures, scores, models, logs: ${pc.bold(place)}`,
    "next:",
    `  npm run consilium -- audit --run-dir ${place} --out ${join(place, "again")}`,
    "  npm start -- --hospitals 8 --partition dirichlet:0.3",
    "  npm start -- --archive ./your-ct --labels labels.csv",
  ].join("\n");
}

/** Writes scores.json, rounds.json, and charts: scores.png over the rounds, roc.png and reliability.png of the test. */
export async function writeReport(
  run: RunDirectory,
  report: {
    readonly models: readonly ScoredModel[];
    readonly rounds: readonly RoundScore[];
    readonly times: readonly RoundTimes[];
    readonly facts: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { models, rounds, times, facts } = report;
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  await writeFile(
    run.at("scores.json"),
    json({
      ...facts,
      models: models.map(({ name, scores, predictions }) => {
        return { name, ...scores, expectedCalibrationError: calibration(predictions).ece };
      }),
      rounds: rounds.map(({ round, scores }) => ({ round, split: "validation", ...scores })),
    }),
  );
  if (times.length > 0) await writeFile(run.at("rounds.json"), json(times));
  const series = (name: string, of: (scores: Scores) => Estimate) => ({
    name,
    points: rounds.map(({ round, scores }) => {
      const { value, low, high } = of(scores);
      return { x: round, y: value, low, high };
    }),
  });
  const chart = lineChart([series("AUC", ({ auc }) => auc)], {
    title: "Federated model on the validation patients",
    xLabel: "round",
    yLabel: "AUC, with its 95 % interval",
    yRange: [0, 1],
    reference: { y: 0.5, label: "chance" },
  });
  await writeFile(run.at("scores.png"), svgToPng(chart));
  const drawn = models.filter(({ name }) => charted.includes(name));
  const curves = drawn.map(({ name, predictions }) => ({
    name,
    scores: predictions.map(({ score }) => score),
    labels: predictions.map(({ label }) => label === 1),
  }));
  await writeFile(run.at("roc.png"), svgToPng(rocChart(curves)));
  const claims = curves.map(({ name, scores, labels }) => ({ name, probabilities: scores, labels }));
  await writeFile(run.at("reliability.png"), svgToPng(reliabilityChart(claims.slice(0, 1))));
}
