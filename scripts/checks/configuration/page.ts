// docs/configuration.md, written from the schemas by which the programs parse each file.

import type { z } from "zod";
import { zodToJsonSchema } from "zod-to-json-schema";
import { aggregatorFileSchema } from "../../../aggregator/config.ts";
import { federationFileSchema } from "../../../io/chain/federation-file.ts";
import { hospitalFileSchema } from "../../../node/config.ts";
import { planSchema } from "../../../protocol/format/plan.ts";
import { consortiumFileSchema } from "../../consortium/consortium-file.ts";
import { planFrom } from "../../plan/plan-from-choices.ts";
import { exampleAt, type examples } from "./examples.ts";
import { code, type Field, fieldsOf } from "./fields.ts";
import { planComments } from "./plan-comments.ts";

type File = keyof typeof examples;

export const schemas: Readonly<Record<File, z.ZodTypeAny>> = {
  hospital: hospitalFileSchema,
  aggregator: aggregatorFileSchema,
  consortium: consortiumFileSchema,
  federation: federationFileSchema,
  plan: planSchema,
};

const head = `# Configuration

Written by \`node scripts/checks/write-configuration.ts\` from the schemas that the programs parse by: change it there.

Every field of every file. Configurations are YAML or JSON; paths in them start from the file's own folder; an unknown field is
refused, so that a typing error changes nothing in silence. \`consilium init\` writes each of them with comments, and beside it the
schema by which editors check it. In the default column, *required* is a field that must be there; an empty cell is a field that
may be left out, and its meaning says what then holds. Times and sizes have their unit in their name or meaning.
`;

/** @throws Error for a field without a description, or without an example */
export function configurationPage(): string {
  const hospital = rowsOf("hospital");
  const aggregator = rowsOf("aggregator");
  const named = (rows: readonly Field[]) => new Set(rows.map(({ path, description }) => `${path} ${description}`));
  const [atHospital, atAggregator] = [named(hospital), named(aggregator)];
  const isShared = (field: Field, other: ReadonlySet<string>) => other.has(`${field.path} ${field.description}`);
  const own = (rows: readonly Field[], other: ReadonlySet<string>) => rows.filter((row) => !isShared(row, other));
  return [
    head,
    section(
      "Every party: `hospital.yaml` and `aggregator.yaml`",
      "hospital",
      hospital.filter((row) => isShared(row, atAggregator)),
    ),
    section("Only a hospital: `hospital.yaml`", "hospital", own(hospital, atAggregator)),
    section("Only an aggregator: `aggregator.yaml`", "aggregator", own(aggregator, atHospital)),
    section(
      "A consortium: `consortium.yaml`",
      "consortium",
      rowsOf("consortium"),
      "For the coordinator: `consilium deploy`, `members`, `terms` and `status` take it with `--config`.",
    ),
    section(
      "A federation: `federation.json`",
      "federation",
      rowsOf("federation"),
      "`consilium deploy` writes it. It holds no secret; every member and auditor gets it. Nobody edits it.",
    ),
    section(
      "A plan: `plan.json`",
      "plan",
      rowsOf("plan"),
      "`consilium plan` writes it, and the consortium agrees on its digest. The default is what `consilium plan` writes without " +
        "options; every field must be in the file. What the rules and networks are: [aggregation](aggregation.md), [model](model.md).",
    ),
  ].join("\n");
}

function rowsOf(file: File): Field[] {
  const options = { pipeStrategy: "input", effectStrategy: "input", $refStrategy: "none" } as const;
  const fields = fieldsOf(zodToJsonSchema(schemas[file], options));
  if (file !== "plan") return fields;
  const comments = planComments();
  return fields.map((field) => ({ ...field, description: comments.get(field.path), default: usualIn(field) }));
}

/** What `consilium plan` writes; for a rule's own parameter, what it writes with that rule. */
function usualIn({ path, only }: Field): unknown {
  const strategy = path.startsWith("strategy.") ? only?.[0] : undefined;
  const plan = planFrom(strategy === undefined ? {} : { strategy: strategy as "fedavg" });
  const sgd = path.startsWith("training.") && only ? planFrom({ optimiser: "sgd" }) : plan;
  return path
    .split(".")
    .reduce<unknown>((at, name) => (at as Readonly<Record<string, unknown>> | undefined)?.[name], sgd);
}

function section(title: string, file: File, fields: readonly Field[], about?: string): string {
  const text = about === undefined ? "" : `\n${about}\n`;
  return `## ${title}\n${text}\n| field | type | default | meaning | example |\n|---|---|---|---|---|\n${rowsText(file, fields)}\n`;
}

/** @throws Error for a field without a description, or without an example */
export function rowsText(file: File, fields: readonly Field[]): string {
  const rows = fields.map((field) => {
    const { path, type, description, required, only } = field;
    if (!description) throw new Error(`${file}: ${path} has no description in its schema`);
    const isGroup = type === "fields" || type === "list of fields";
    const example = exampleAt(file, path);
    if (example === undefined) throw new Error(`${file}: ${path} has no example`);
    const isNeeded = required && (field.default === undefined || isGroup) && file !== "plan";
    const usual = isNeeded ? "*required*" : isGroup || field.default === undefined ? "" : cell(field.default);
    const of = only ? `${type} (${only.map(code).join(", ")})` : type;
    return `| \`${path}\` | ${of} | ${usual} | ${escaped(description)} | ${isGroup ? "" : cell(example)} |`;
  });
  return rows.join("\n");
}

const escaped = (text: string) => text.replaceAll("|", "\\|");
/** A digest is recognised by its beginning. */
const cell = (value: unknown) => escaped(code(value).replaceAll(/(0x[0-9a-f]{4})[0-9a-f]{36,}/g, "$1…"));
