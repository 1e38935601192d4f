// Writes a configuration, and beside it the schema that editors check it by.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeNewFile } from "../../io/chain/new-file.ts";
import { parseConfigText } from "../party/config-text.ts";
import { type fileSchemas, schemaOf } from "./schema.ts";

/**
 * @param out a name that ends with .json gets JSON, which has no place for comments
 * @returns the schema's file
 * @throws FILE_EXISTS, FILE_UNWRITABLE
 */
export async function writeWithSchema(role: keyof typeof fileSchemas, out: string, text: string): Promise<string> {
  const schemaFile = join(dirname(out), `consilium-${role}.schema.json`);
  const asJson = () => `${JSON.stringify(parseConfigText(text, out), null, 2)}\n`;
  await writeNewFile(out, out.endsWith(".json") ? asJson() : text, { mode: 0o600 });
  // Made by this program from its own fields: the same for every configuration of this version.
  if (!existsSync(schemaFile)) {
    await writeNewFile(schemaFile, `${JSON.stringify(schemaOf(role), null, 2)}\n`, { mode: 0o644 });
  }
  return schemaFile;
}
