// The JSON Schema of a configuration file, made from the schema by which the program itself parses it.
import type { JsonSchema7Type } from "zod-to-json-schema";
import { zodToJsonSchema } from "zod-to-json-schema";
import { aggregatorFileSchema } from "../../aggregator/config.ts";
import { hospitalFileSchema } from "../../node/config.ts";

export type Role = "hospital" | "aggregator";

export const fileSchemas = { hospital: hospitalFileSchema, aggregator: aggregatorFileSchema } as const;

export function schemaOf(role: Role): JsonSchema7Type {
  return zodToJsonSchema(fileSchemas[role], { pipeStrategy: "input", effectStrategy: "input", $refStrategy: "none" });
}
