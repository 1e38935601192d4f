// The text of a configuration file: YAML 1.2, of which JSON is a part.
import { parseDocument } from "yaml";
import { FedError } from "../../foundation/errors.ts";

/** A configuration is some kilobytes. */
const longest = 1 << 20;

/** @throws CONFIG_INVALID, with the line where the text is wrong */
export function parseConfigText(text: string, path: string): unknown {
  if (text.length > longest) throw new FedError("CONFIG_INVALID", { path, why: "larger than a mebibyte" });
  const document = parseDocument(text, {
    // An address or digest is no number: without this, 0x and 40 digits would be read as one, and rounded.
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === "string" || (tag.format !== "HEX" && tag.format !== "OCT")),
    logLevel: "silent",
  });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong) {
    const line = wrong.linePos?.[0].line;
    const [why] = wrong.message.split("\n");
    throw new FedError("CONFIG_INVALID", { path, line, why }, { cause: wrong, remedy: "write YAML or JSON" });
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FedError("CONFIG_INVALID", { path, why }, { cause, remedy: "write it without aliases" });
  }
}
