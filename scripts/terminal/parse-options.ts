// A command's options as it means them, parsed once; what does not hold is named as it was written.
import { Option } from "commander";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { seedField } from "../../protocol/format/fields.ts";

/** A whole number within bounds, both included. */
export const whole = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum);

/** A 32-bit seed. */
export const seedSchema = z.coerce.number().pipe(seedField);

/** --seed, where it decides everything random that a command does. */
export const seedOption = (): Option => new Option("--seed <n>", "of everything random").default("7");

/**
 * @param command as one calls it, whose help is pointed at
 * @throws FedError OPTION_INVALID naming the option and what is wrong with it
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
