// `consilium pacs check`: whether an import will work with a PACS, before it is begun.
import type { Command } from "commander";
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import { checkServer, type PacsCheck } from "./pacs/check-server.ts";
import { addPacsOptions, openPacs, pacsFields } from "./pacs/options.ts";
import { dimseQuestions, webQuestions } from "./pacs/questions.ts";
import { parseOptions, whole } from "./terminal/parse-options.ts";

const optionsSchema = z.object({
  ...pacsFields,
  maxStudies: whole(1, 10_000_000),
  instances: whole(1, 100_000),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** Adds the command to the program. */
export function pacsCommand(program: Command): void {
  const pacs = program.command("pacs").description("Try a hospital's image server (PACS) before importing from it.");
  addPacsOptions(
    pacs
      .command("check")
      .description(
        "Search, log in and bring one series: what matches, how fast it comes, what to ask the PACS administrator for.",
      )
      .argument("<address>", "dicomweb+https://HOST/PATH, or dimses://CALLING:CALLED@HOST:PORT"),
  )
    .option("--max-studies <n>", "count no more studies than these", "10000")
    .option("--instances <n>", "bring at most so many instances of the series", "300")
    .option("--json", "print the outcome as JSON")
    .addHelpText("after", help)
    .action((address: string, raw: unknown) => check(address, parseOptions(optionsSchema, raw, "pacs check")));
}

const help = `
Exit codes: 0 if studies match and a series came, 1 if not. Nothing of a patient is printed or written.

Examples:
  consilium pacs check dicomweb+https://pacs.example/dicom-web --user importer --pacs-password-file ./password
  consilium pacs check dicomweb+https://pacs.example/dicom-web --token-command ./print-token --json
  consilium pacs check dimses://CONSILIUM:MAINPACS@pacs.example:2762 --ca ca.pem --client-cert client.pem --client-key client.key
  consilium pacs check dimse://CONSILIUM:MAINPACS@127.0.0.1:11112 --receive-at 127.0.0.1:11113
  consilium pacs check dicomweb+http://127.0.0.1:8042/dicom-web --query 'ModalitiesInStudy=CT&StudyDate=20200101-20201231'`;

async function check(address: string, options: Options): Promise<void> {
  const server = await openPacs(address, options);
  if (!server) throw new FedError("PACS_ADDRESS");
  try {
    const { maxStudies, instances: maxInstances, connections } = options;
    const questions = /^dimse/i.test(address) ? dimseQuestions : webQuestions;
    const result = await checkServer(server, { maxStudies, maxInstances, connections, questions });
    console.log(options.json ? JSON.stringify(result) : describe(result));
    if (result.failed || !result.series) process.exitCode = 1;
  } finally {
    await server.close();
  }
}

function describe({ studies, isMore, series, failed, ask }: PacsCheck): string {
  const lines: string[] = [];
  if (studies !== undefined) {
    lines.push(`reachable and authorised: ${isMore ? "more than " : ""}${studies} studies match the query`);
  }
  if (series) {
    const { instances, seconds, instancesPerSecond, mibPerSecond, transferSyntax } = series;
    lines.push(
      `one series: ${instances} instances in ${seconds.toFixed(1)} s, ` +
        `${instancesPerSecond.toFixed(0)} a second, ${mibPerSecond.toFixed(1)} MiB/s, stored as ${transferSyntax}`,
    );
  }
  if (failed) lines.push(`failed (${failed.stage}): ${failed.code}`, `  ${failed.remedy}`);
  return [...lines, "ask the PACS administrator:", ...ask.map((question) => `  ${question}`)].join("\n");
}
