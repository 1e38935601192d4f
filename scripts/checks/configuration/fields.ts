// The fields of a schema, one row each, with their types in words.
import type { JsonSchema7Type } from "zod-to-json-schema";

/** The parts of a JSON Schema that our schemas use. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

export interface Field {
  readonly path: string;
  readonly type: string;
  readonly description: string | undefined;
  readonly default: unknown;
  readonly required: boolean;
  /** The variants of a union that have it; undefined where all have it. */
  readonly only: readonly string[] | undefined;
}

/** All fields in the order of the schema; a group of fields has a row of its own before them. */
export function fieldsOf(schema: JsonSchema7Type): Field[] {
  return within(schema as Schema, "");
}

function within(schema: Schema, path: string): Field[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, own]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const field = { path: at, type: typeOf(own), description: own.description, default: own.default };
    const row: Field = { ...field, required: required.includes(name), only: undefined };
    const item = own.items?.properties ? own.items : undefined;
    return [row, ...variantsOf(own, at), ...within(own, at), ...(item ? within(item, `${at}[]`) : [])];
  });
}

/** The fields of a union of objects, each once, with the names of the variants that have it. */
function variantsOf({ anyOf = [] }: Schema, path: string): Field[] {
  const variants = anyOf.filter(({ properties }) => properties?.["name"]?.const !== undefined);
  if (variants.length === 0) return [];
  const fields = new Map<string, Field & { names: string[] }>();
  for (const variant of variants) {
    const name = String(variant.properties?.["name"]?.const);
    for (const field of within(variant, path)) {
      const known = fields.get(field.path);
      if (known) known.names.push(name);
      else fields.set(field.path, { ...field, names: [name] });
    }
  }
  const all = variants.map(({ properties }) => code(properties?.["name"]?.const));
  return [...fields.values()].map(({ names, ...field }) => ({
    ...field,
    type: field.path === `${path}.name` ? all.join(", ") : field.type,
    only: names.length === variants.length ? undefined : names,
  }));
}

export const code = (value: unknown) => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;

function typeOf(schema: Schema): string {
  const { type, pattern, anyOf, items } = schema;
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return schema.enum.map(code).join(", ");
  if (anyOf) {
    const kinds = [...new Set(anyOf.map((each) => (each.properties ? "fields" : typeOf(each))))];
    return kinds.join(" or ");
  }
  if (Array.isArray(type)) return type.map((each: string) => typeOf({ ...schema, type: each })).join(" or ");
  if (type === "array") return items?.properties ? "list of fields" : `list of ${plural(typeOf(items ?? {}))}`;
  if (type === "object") return "fields";
  if (type === "boolean") return "true or false";
  if (type === "integer" || type === "number")
    return `${type === "integer" ? "whole number" : "number"}${boundsOf(schema)}`;
  if (type === "null") return "null";
  if (pattern?.includes("{64}")) return "digest";
  if (pattern?.includes("{40}")) return "address";
  if (pattern?.includes("smhd")) return "period";
  return "text";
}

const plural = (type: string) => (type === "address" ? "addresses" : type === "text" ? "texts" : type);

function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const parts = [
    exclusiveMinimum === undefined
      ? minimum === undefined
        ? ""
        : `from ${shown(minimum)}`
      : `above ${shown(exclusiveMinimum)}`,
    exclusiveMaximum === undefined
      ? most === undefined
        ? ""
        : `to ${shown(most)}`
      : `below ${shown(exclusiveMaximum)}`,
  ].filter(Boolean);
  return parts.length === 0 ? "" : `, ${parts.join(" ")}`;
}

const shown = (value: number) =>
  Math.abs(value) < 0.001 && value !== 0 ? value.toExponential(2) : value.toLocaleString("en-US");
