// The work of `consilium import`.
import { resolve } from "node:path";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { isOpenToOthers } from "../../foundation/private-files.ts";
import type { ImportProgress } from "../../imaging/import/fill-shard.ts";
import { findOriginal } from "../../imaging/import/find-original.ts";
import { importArchive, planImport } from "../../imaging/import/import-archive.ts";
import type { ImportOptions } from "../../imaging/import/import-options.ts";
import { explainPatient } from "../../imaging/import/import-report.ts";
import { NothingImported } from "../../imaging/import/nothing-imported.ts";
import type { ImageServer } from "../../imaging/source/image-server.ts";
import { openPacs } from "../pacs/options.ts";
import { progressBar } from "../terminal/progress.ts";
import { withZipPassword } from "../terminal/zip-password.ts";
import { explanation } from "./explain.ts";
import type { RunImportOptions } from "./options.ts";
import { planTable } from "./plan-table.ts";
import { refusedList } from "./refused-list.ts";
import { importReport } from "./report.ts";
import { importRepeatedly } from "./watch.ts";

/** Imports, plans, explains or finds, as the options say. @throws the codes of an import, OPTION_*, INTERRUPTED */
export async function runImport(source: string, options: RunImportOptions): Promise<void> {
  const server = options.explain === undefined ? await openPacs(source, options) : undefined;
  try {
    const place = server ?? resolve(source);
    if (options.watch === undefined || options.dryRun || options.find !== undefined) await importFrom(place, options);
    else await watch(options.watch, () => importFrom(place, options));
  } finally {
    await server?.close();
  }
}

/** Until a signal between two imports, as is meant; one that comes during an import ends this import by an error. */
async function watch(minutes: number, importOnce: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new FedError("INTERRUPTED"));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const onFailure = (error: unknown) => console.error(`${String(error)}: tried again in ${minutes} minutes`);
  const watching = importRepeatedly(importOnce, { everyMs: minutes * 60_000, signal: stop.signal, onFailure });
  await watching.catch((error: unknown) => {
    if (error !== stop.signal.reason) throw error;
  });
}

async function importFrom(source: string | ImageServer, options: RunImportOptions): Promise<void> {
  if (options.explain !== undefined) {
    const found = await explainPatient(resolve(options.out), options.explain);
    print(options, found, () => found.map(explanation).join("\n\n"));
    return;
  }
  await withZipPassword(options, async (password) => {
    if (options.find !== undefined) {
      const asked = { ...asOptions(options, password), patientsBy: options.patientsBy };
      const found = await findOriginal(source, options.find, asked);
      print(options, found, () => found.join("\n"));
      return;
    }
    try {
      if (options.dryRun) {
        const { report, isKeyKnown } = await withProgress((signal) =>
          planImport(source, asOptions(options, password), { signal }),
        );
        print(options, { ...report, isKeyKnown }, () => planTable(report, isKeyKnown));
        return;
      }
      const summary = await withProgress((signal) =>
        importArchive(source, resolve(options.out), asOptions(options, password), { signal }),
      );
      const key = keyFileOf(options);
      const isKeyOpen = await isOpenToOthers(key);
      print(options, { ...summary, isKeyOpen }, () => importReport(summary, isKeyOpen ? key : undefined));
    } catch (error) {
      if (error instanceof NothingImported && !options.json) console.error(refusedList(error));
      const isOne = isFedError(error, "LABELS_MISSING") && error.facts["patients"] === 1;
      if (!isOne || options.dryRun || typeof source !== "string") throw error;
      const { lookAtScan, lookReport } = await import("./look.ts");
      const look = await lookAtScan(source, `${resolve(options.out)}-planes.png`, password);
      print(options, { look, warning: "LABELS_MISSING" }, () => lookReport(look));
    }
  });
}

function print({ json }: RunImportOptions, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(value) : text());
}

function keyFileOf({ key, out }: RunImportOptions): string {
  return resolve(key ?? `${out}.key`);
}

function asOptions(options: RunImportOptions, password: string | undefined): ImportOptions {
  const { labels, label, labelsOverFolders, patientsBy, seed, minSlices, pictures, workers, maxStudies } = options;
  const { size, windows, fieldMm, sliceMm, maxSlices } = options;
  const [train, validation, test] = options.split;
  return {
    keyFile: keyFileOf(options),
    labels: labels && resolve(labels),
    label: label && (label === "positive" ? 1 : 0),
    ...{ labelsOverFolders, patientsBy, password, seed, minSlices, pictures, workers, maxStudies },
    oneClass: options.oneClass || label !== undefined,
    shares: { train, validation, test },
    shape: { height: size, width: size, windows, fieldMm, sliceMm, maxSlices },
  };
}

/** Runs an import with a bar; a signal stops it so that the same command continues it. */
async function withProgress<T>(start: (signal: AbortSignal) => AsyncGenerator<ImportProgress, T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new FedError("INTERRUPTED"));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const bar = progressBar("importing");
  try {
    const work = start(stop.signal);
    for (;;) {
      const step = await work.next();
      if (step.done) return step.value;
      bar.update(step.value.done, step.value.total, step.value.stage);
    }
  } finally {
    bar.stop();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
