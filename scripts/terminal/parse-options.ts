// Parses a command's options once; an error names the option as the user wrote it.
import { Option } from "commander";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { seedField } from "../../protocol/format/fields.ts";

/** A whole number within bounds, both included. */
export const whole = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum);

/** A 32-bit seed. */
export const seedSchema = z.coerce.number().pipe(seedField);

/** --seed, for commands in which it decides everything random. */
export const seedOption = (): Option => new Option("--seed <n>", "of everything random").default("7");

/**
 * @param command whose help the remedy names
 * @throws OPTION_INVALID naming the option and what is wrong with it
 */
export function parseOptions<Schema extends z.ZodTypeAny>(
  schema: Schema,
  raw: unknown,
  command: string,
): z.output<Schema> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const facts = { option: `--${name}`, why: issue?.message };
  throw new FedError("OPTION_INVALID", facts, { remedy: `see consilium ${command} --help` });
}
