// The JSON Schema of a configuration file, made from the schema by which the program itself parses it.
import type { JsonSchema7Type } from "zod-to-json-schema";
import { zodToJsonSchema } from "zod-to-json-schema";
import { aggregatorFileSchema } from "../../aggregator/config.ts";
import { hospitalFileSchema } from "../../node/config.ts";
import { consortiumFileSchema } from "../consortium/consortium-file.ts";

export type Role = "hospital" | "aggregator";

export const fileSchemas = {
  hospital: hospitalFileSchema,
  aggregator: aggregatorFileSchema,
  consortium: consortiumFileSchema,
} as const;

export function schemaOf(role: keyof typeof fileSchemas): JsonSchema7Type {
  return zodToJsonSchema(fileSchemas[role], { pipeStrategy: "input", effectStrategy: "input", $refStrategy: "none" });
}
