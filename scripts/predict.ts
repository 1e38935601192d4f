// `consilium predict`: a model's score of scans, which slices it rests on, and both as DICOM objects for the hospital's PACS.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import pc from "picocolors";
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import { software } from "../foundation/version.ts";
import type { ModelAudit } from "../imaging/results/result-object.ts";
import type { Explanation } from "../model/network/explain.ts";
import { blobNames } from "../protocol/format/merkle.ts";
import { decodePlan } from "../protocol/format/plan.ts";
import { addPacsLogin, openResultStore, pacsLoginFields } from "./pacs/options.ts";
import { writeDicomResults } from "./predict/dicom-results.ts";
import { auditOfModel } from "./predict/model-audit.ts";
import { openNetwork, specOf } from "./predict/open-network.ts";
import { fileNameOf, scansOf } from "./predict/open-scans.ts";
import { votesPng } from "./predict/votes-picture.ts";
import { parseOptions } from "./terminal/parse-options.ts";
import { readGiven } from "./terminal/read-given.ts";
import { table } from "./terminal/table.ts";
import { makeOutputFolder, writeOutput } from "./terminal/write-output.ts";

const optionsSchema = z.object({
  plan: z.string().optional(),
  threshold: z.coerce.number().min(0, "a share from 0 to 1").max(1, "a share from 0 to 1"),
  out: z.string().optional(),
  dicom: z.string().optional(),
  segmenter: z.string().optional(),
  send: z.string().optional(),
  ...pacsLoginFields,
  auditReport: z.string().optional(),
  runDir: z.string().optional(),
  federation: z.string().optional(),
  contract: z.string().optional(),
  chainId: z.string().optional(),
  rpc: z.array(z.string()).optional(),
  peer: z.array(z.string()).optional(),
  store: z.array(z.string()).optional(),
  /** The option's name before: still taken. */
  objects: z.array(z.string()).optional(),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

const researchUse = "For research. It is no medical device, and no diagnosis may rest on it.";

const help = `
Of a folder or zip with several patients each has one score. A patient who has no usable scan is listed with the reason, and the
command ends with 1.

--dicom writes for each patient a picture of the slices that weighed most (secondary capture), a report (Enhanced SR) and, with
--segmenter, masks of lung and lesion (SEG). They are filed in the patient's own study: they hold the patient's name, PatientID
and study as the scan's files do, only their owner can read them, and they stay on this machine. --send stores them in the PACS
at that address by STOW-RS; nothing is sent without it.

Each result says what an audit says of the model: by --audit-report, or by an audit that is made now if the federation is
given: --run-dir, or --federation or --contract and --chain-id with --rpc and --peer or --store. Else it says "not audited".

Examples:
  consilium predict federated.safetensors ./patient1 ./patient2
  consilium predict federated.safetensors ./hospital-1/shard --plan plan.json --out ./votes
  consilium predict federated.safetensors ./archive --dicom ./results --audit-report audit/report.json
  consilium predict federated.safetensors ./archive.zip --dicom ./results --segmenter segcaps.safetensors
  consilium predict federated.safetensors ./archive --dicom ./results --send dicomweb+https://pacs.example/dicom-web --token-file ./token`;

/** Adds the command to the program. */
export function predictCommand(program: Command): void {
  const command = program
    .command("predict")
    .description(`Score scans with a model, and show which slices the score rests on. ${researchUse}`)
    .argument("<model>", "safetensors file of a federation, such as runs/.../models/federated.safetensors")
    .argument("<scans...>", "imported shards, or folders or zips with DICOM files of any number of patients")
    .option("--plan <file>", "the plan that the model was trained by; default: the default plan of the model's preset")
    .option("--threshold <score>", "scores from here on are called positive; take the one chosen on validation", "0.5")
    .option(
      "--out <dir>",
      "also draw the sampled slices with their votes, and where the heaviest were active: a PNG a scan",
    )
    .option("--dicom <dir>", "also write the results as DICOM objects of the patients' studies, a folder a patient")
    .option("--segmenter <file>", "weights of consilium segment: --dicom writes masks of lung and lesion as well")
    .option("--send <address>", "also store the objects of --dicom in a PACS: dicomweb+https://HOST/PATH, by STOW-RS");
  addPacsLogin(command)
    .option("--audit-report <file>", "report.json of consilium audit, for what the results say of the model")
    .option("--run-dir <dir>", "audit the model now: a simulation's folder")
    .option("--federation <file>", "audit the model now: its federation file")
    .option("--contract <address>", "audit the model now: its contract, with --chain-id")
    .option("--chain-id <n>", "the chain that the contract is on")
    .option("--rpc <url...>", "RPC endpoints of the chain")
    .option("--peer <multiaddr...>", "hospitals that serve auditors")
    .option("--store <dir...>", "stores on this machine that hold the objects, as for consilium audit")
    .addOption(new Option("--objects <dir...>").hideHelp())
    .option("--json", "print scores and votes as JSON")
    .addHelpText("after", help)
    .action(async (model: string, places: string[], raw: unknown) =>
      run(model, places, storesNamed(parseOptions(optionsSchema, raw, "predict"))),
    );
}

/** @throws OPTION_INVALID for a PACS, which --store named before */
function storesNamed({ objects, store = objects, ...options }: Options): Options {
  if (store?.some((place) => place.includes("://"))) {
    throw new FedError("OPTION_INVALID", { option: "--store" }, { remedy: "name the PACS by --send" });
  }
  return { ...options, store };
}

interface ScoredScan extends Explanation {
  readonly scan: string;
  /** Files of its results. */
  readonly dicom?: readonly string[];
}

interface UnscoredScan {
  readonly scan: string;
  readonly code: string;
  readonly remedy: string;
}

interface Outcome {
  readonly researchUse: string;
  readonly threshold: number;
  readonly model: string;
  readonly audit: ModelAudit;
  readonly scans: readonly ScoredScan[];
  readonly unscored: readonly UnscoredScan[];
  /** Whether the DICOM objects are in the PACS of --send as well. */
  readonly isStored: boolean;
}

async function run(modelFile: string, places: readonly string[], options: Options): Promise<void> {
  const { plan, out, dicom, threshold } = options;
  if (dicom === undefined && (options.segmenter !== undefined || options.send !== undefined)) {
    const remedy = "--segmenter and --send go with --dicom";
    throw new FedError("OPTION_MISSING", { option: "--dicom" }, { remedy });
  }
  const weights = await readFile(modelFile).catch((cause: unknown) => {
    throw new FedError("MODEL_UNREADABLE", { file: modelFile }, { cause, remedy: "check the path of the model" });
  });
  const spec = plan === undefined ? specOf(weights) : decodePlan(await readGiven(plan, "--plan")).model;
  // Here, since TensorFlow takes a second to load.
  const { explain } = await import("../model/network/explain.ts");
  const { classActivation } = await import("../model/network/class-activation.ts");
  const { openSegCaps } = await import("../model/segmentation/segcaps.ts");
  const network = await openNetwork(weights, spec);
  const segmenter =
    options.segmenter === undefined ? undefined : openSegCaps(await readGiven(options.segmenter, "--segmenter"));
  const pacs = options.send === undefined ? undefined : await openResultStore(options.send, options);
  const scans: ScoredScan[] = [];
  const unscored: UnscoredScan[] = [];
  try {
    const { model, ...audit } = await auditOfModel(blobNames(weights), options);
    if (out !== undefined) await makeOutputFolder(out);
    const madeAt = new Date();
    for (const place of places) {
      for await (const one of scansOf(place, spec.input)) {
        if ("error" in one) {
          unscored.push({ scan: one.name, code: one.error.code, remedy: one.error.remedy });
          continue;
        }
        const explanation = explain(network, one.set, 0);
        if (out !== undefined) {
          const picture = votesPng(one.set, explanation, classActivation(network, one.set, 0));
          await writeOutput(join(out, `${fileNameOf(one.name)}.png`), picture);
        }
        const finding = { score: explanation.score, model, audit, software, madeAt };
        const written =
          dicom === undefined ? [] : await writeDicomResults(dicom, one, explanation, { finding, segmenter });
        await pacs?.store(
          written.map(({ bytes }) => bytes),
          {},
        );
        scans.push({
          scan: one.name,
          ...explanation,
          ...(dicom !== undefined && { dicom: written.map(({ file }) => file) }),
        });
      }
    }
    const outcome = { researchUse, threshold, model, audit, scans, unscored, isStored: pacs !== undefined };
    if (options.json) console.log(JSON.stringify(outcome));
    else print(outcome, options);
    if (unscored.length > 0) process.exitCode = 1;
  } finally {
    await pacs?.close();
    segmenter?.dispose();
    network.dispose();
  }
}

function print({ scans, unscored, threshold, audit }: Outcome, { dicom, send }: Options): void {
  const rows = scans.map(({ scan, score, votes }) => {
    const heaviest = [...votes].sort((a, b) => b.weight - a.weight).slice(0, 3);
    const slices = heaviest
      .map(({ slice, coupling, weight }) => `${slice + 1} (${weight.toFixed(2)}, ${coupling.toFixed(2)})`)
      .join(", ");
    return [scan, score.toFixed(3), score >= threshold ? "positive" : "negative", slices];
  });
  const without = unscored.map(({ scan, code, remedy }) => [scan, "", code, remedy]);
  const head = ["scan", "score", `at ${threshold}`, "slices that weigh most (weight, coupling)"];
  console.log(table(head, [...rows, ...without]));
  if (dicom !== undefined) {
    const files = scans.reduce((sum, one) => sum + (one.dicom?.length ?? 0), 0);
    const where = send === undefined ? "They name their patients: they stay in the hospital." : "The PACS has them.";
    console.log(`${files} DICOM objects in ${dicom}. ${where}`);
    console.log(`Model: ${audit.text}`);
  }
  console.log(pc.yellow(researchUse));
}
