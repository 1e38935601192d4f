// The elements of a JSON array one by one as it arrives: the metadata of a study can have tens of megabytes.
import { FedError } from "../../foundation/errors.ts";

export interface JsonArrayLimits {
  readonly maxElements: number;
  /** Of one element's text. */
  readonly maxElementBytes: number;
}

/** A deeper nesting could overflow the parser's stack; DICOM's sequences are a few levels deep. */
const deepest = 256;
const [quote, backslash, open, close, openArray, closeArray, comma] = Buffer.from('"\\{}[],');
const blanks = new Set(Buffer.from(" \t\r\n"));

/**
 * Parses an array of objects.
 *
 * @throws PACS_MALFORMED, PACS_TRUNCATED, PACS_TOO_LARGE
 */
export async function* jsonArrayElements(
  chunks: AsyncIterable<Uint8Array>,
  { maxElements, maxElementBytes }: JsonArrayLimits,
): AsyncGenerator<unknown, void> {
  let state: "before" | "between" | "inside" | "after" = "before";
  let [depth, bytes, elements] = [0, 0, 0];
  let [inText, isEscaped] = [false, false];
  let pieces: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (state === "inside") {
        if (inText) {
          if (isEscaped) isEscaped = false;
          else if (byte === backslash) isEscaped = true;
          else if (byte === quote) inText = false;
        } else if (byte === quote) inText = true;
        else if (byte === open || byte === openArray) {
          if (++depth > deepest) throw new FedError("PACS_TOO_LARGE", { what: "nesting" });
        } else if ((byte === close || byte === closeArray) && --depth === 0) {
          pieces.push(chunk.subarray(start, at + 1));
          if (++elements > maxElements) throw new FedError("PACS_TOO_LARGE", { maxElements });
          yield parsed(Buffer.concat(pieces));
          [state, pieces, bytes] = ["between", [], 0];
        }
      } else if (blanks.has(byte) || (state === "between" && byte === comma)) continue;
      else if (state === "before" && byte === openArray) state = "between";
      else if (state === "between" && byte === closeArray) state = "after";
      else if (state === "between" && byte === open) [state, depth, start] = ["inside", 1, at];
      else throw malformed();
    }
    if (state !== "inside") continue;
    pieces.push(chunk.subarray(start));
    bytes += chunk.length - start;
    if (bytes > maxElementBytes) throw new FedError("PACS_TOO_LARGE", { maxBytes: maxElementBytes });
  }
  if (state === "before") throw malformed();
  if (state !== "after") throw new FedError("PACS_TRUNCATED");
}

function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString("utf8"));
  } catch {
    throw malformed();
  }
}

function malformed(): FedError {
  return new FedError("PACS_MALFORMED", { what: "JSON" });
}
