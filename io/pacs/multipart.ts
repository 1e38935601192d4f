// The parts of a multipart/related answer (RFC 2046, RFC 2387), as WADO-RS sends instances. Written here since parsers of npm
// read forms (busboy, formidable) or look for the boundary inside of parts that say their length, as
// @mjackson/multipart-parser does: pixels may contain it.
import { FedError } from "../../foundation/errors.ts";
import { type ByteReader, readBytesOf } from "./byte-reader.ts";

const maxPreambleBytes = 2 ** 16;
const maxLineBytes = 2 ** 13;
const mostHeaders = 32;
const newLine = Buffer.from("\r\n");
/** RFC 2046 5.1.1. */
const boundaryForm = /^[0-9A-Za-z'()+_,\-./:=? ]{1,70}$/;

/**
 * The content of each part, one after the other. The reader gives its memory back (give-back.ts), which is then used again.
 *
 * @param contentType of the whole answer
 * @throws PACS_MALFORMED, PACS_TRUNCATED, PACS_TOO_LARGE
 */
export async function* multipartParts(
  chunks: AsyncIterable<Uint8Array>,
  contentType: string,
  maxPartBytes: number,
): AsyncGenerator<Buffer, void> {
  const dashed = `--${boundaryOf(contentType)}`;
  const delimiter = Buffer.from(`\r\n${dashed}`, "latin1");
  const reader = readBytesOf(chunks);
  await reader.until(Buffer.from(dashed, "latin1"), maxPreambleBytes);
  while ((await afterDelimiter(reader)) === "part") {
    const length = await contentLength(reader);
    if (length === undefined) yield await contentBefore(reader, delimiter, maxPartBytes);
    else {
      if (length > maxPartBytes) throw new FedError("PACS_TOO_LARGE", { bytes: length, maxBytes: maxPartBytes });
      const content = await reader.content(length);
      if (!(await reader.exactly(delimiter.length)).equals(delimiter)) throw malformed("a part is not of its length");
      yield content;
    }
  }
  // Read to its end, so that the connection can be used again.
  await reader.rest(maxPreambleBytes);
}

export function boundaryOf(contentType: string): string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]*)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain ?? "";
  if (!/^multipart\//i.test(contentType) || !boundaryForm.test(boundary)) throw malformed("not multipart");
  return boundary;
}

/** Whether a delimiter is followed by a part or by the end; its line is passed over. */
async function afterDelimiter(reader: ByteReader): Promise<"part" | "end"> {
  const next = await reader.exactly(2);
  if (next.equals(newLine)) return "part";
  if (next.toString("latin1") === "--") return "end";
  // Padding of the transport, which RFC 2046 permits.
  if (!/^[ \t]/.test(next.toString("latin1"))) throw malformed("delimiter");
  await reader.until(newLine, maxLineBytes);
  return "part";
}

async function contentLength(reader: ByteReader): Promise<number | undefined> {
  let length: number | undefined;
  for (let headers = 0; headers <= mostHeaders; headers++) {
    const line = (await reader.until(newLine, maxLineBytes)).toString("latin1");
    if (line === "") return length;
    const [, written] = /^content-length:\s*(.*?)\s*$/i.exec(line) ?? [];
    if (written === undefined) continue;
    if (!/^\d{1,15}$/.test(written) || length !== undefined) throw malformed("length of a part");
    length = Number(written);
  }
  throw malformed("headers of a part");
}

/** The content of a part without a length: up to the first delimiter that stands on a line of its own. */
async function contentBefore(reader: ByteReader, delimiter: Buffer, maxPartBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let left = maxPartBytes; ; ) {
    const piece = await reader.until(delimiter, left);
    pieces.push(piece);
    const ending = await reader.exactly(2);
    // Also where it is content: the next delimiter may begin in it.
    reader.putBack(ending);
    if (/^(--|\r\n|[ \t])/.test(ending.toString("latin1"))) return pieces.length === 1 ? piece : Buffer.concat(pieces);
    pieces.push(delimiter);
    left -= piece.length + delimiter.length;
    if (left < 0) throw new FedError("PACS_TOO_LARGE", { maxBytes: maxPartBytes });
  }
}

function malformed(what: string): FedError {
  return new FedError("PACS_MALFORMED", { what });
}
