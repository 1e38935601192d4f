// Writes an audit's report to a folder: JSON, an HTML page, provenance and the model card.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { AuditReport } from "../../protocol/audit/report.ts";
import { makePublicFolder, writePublicOutput } from "../terminal/write-output.ts";
import { modelCard, modelCardMarkdown, type TestScores, testScoresSchema } from "./model-card.ts";
import { auditPage } from "./page.ts";
import { provenanceOf } from "./provenance.ts";

/** @returns the paths of the files, of the page first. @throws FILE_UNWRITABLE */
export async function writeReport(
  dir: string,
  report: AuditReport,
  test: TestScores | undefined,
): Promise<readonly string[]> {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const card = modelCard(report, test);
  const files: Readonly<Record<string, string>> = {
    "audit.html": auditPage(report, test),
    "report.json": json(report),
    "provenance.json": json(provenanceOf(report)),
    ...(card ? { "model-card.md": modelCardMarkdown(card), "model-card.json": json(card) } : {}),
  };
  try {
    await makePublicFolder(dir);
    for (const [name, text] of Object.entries(files)) await writePublicOutput(join(dir, name), text);
  } catch (cause) {
    if (isFedError(cause)) throw cause;
    throw new FedError("FILE_UNWRITABLE", { dir }, { cause, remedy: "give --out a folder that can be written to" });
  }
  return Object.keys(files).map((name) => join(dir, name));
}

const scoresFile = z.object({ models: z.array(testScoresSchema.extend({ name: z.string() })) });

/** The federated model's scores on a simulation's test patients; undefined if there are none. */
export async function readTestScores(runDir: string): Promise<TestScores | undefined> {
  let raw: unknown;
  try {
    raw = JSON.parse(await readFile(join(runDir, "scores.json"), "utf8"));
  } catch {
    return undefined; // the simulation has not scored its models yet
  }
  const parsed = scoresFile.safeParse(raw);
  return parsed.success ? parsed.data.models.find(({ name }) => name === "federated") : undefined;
}
