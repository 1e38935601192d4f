// The content of a backup as a stream of entries: for each a JSON line with its kind, name and size, then its bytes.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";

const entrySchema = z
  .object({
    kind: z.enum(["keystore", "peer-key", "note", "object", "local-weights"]),
    name: z.string().max(200),
    size: z.number().int().nonnegative().safe(),
  })
  .strict();

export type EntryHeader = Readonly<z.output<typeof entrySchema>>;

export interface Entry extends EntryHeader {
  /** Exactly `size` bytes. */
  readonly content: AsyncIterable<Uint8Array>;
}

const newline = 10;
const longestHeader = 1024;

export async function* encodeEntries(entries: AsyncIterable<Entry>): AsyncIterable<Uint8Array> {
  for await (const { kind, name, size, content } of entries) {
    yield Buffer.from(`${JSON.stringify({ kind, name, size })}\n`);
    yield* content;
  }
}

/** The caller must read each entry's content before it asks for the next entry. @throws BACKUP_MALFORMED */
export async function* decodeEntries(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Entry> {
  const reader = new Reader(bytes);
  for (;;) {
    const line = await reader.line();
    if (line === undefined) return;
    const header = parseHeader(line);
    yield { ...header, content: reader.take(header.size) };
  }
}

function parseHeader(line: string): EntryHeader {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new FedError("BACKUP_MALFORMED", {}, { cause });
  }
}

class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  #pending = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#source = bytes[Symbol.asyncIterator]();
  }

  /** Undefined at the end. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#pending.indexOf(newline);
      if (end >= 0) {
        const line = this.#pending.toString("utf8", 0, end);
        this.#pending = this.#pending.subarray(end + 1);
        return line;
      }
      if (this.#pending.length > longestHeader) throw new FedError("BACKUP_MALFORMED");
      if (await this.#read()) continue;
      if (this.#pending.length > 0) throw new FedError("BACKUP_MALFORMED");
      return undefined;
    }
  }

  async *take(size: number): AsyncIterable<Uint8Array> {
    for (let left = size; left > 0; ) {
      if (this.#pending.length === 0 && !(await this.#read())) throw new FedError("BACKUP_MALFORMED");
      const piece = this.#pending.subarray(0, left);
      this.#pending = this.#pending.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done) return false;
    this.#pending = this.#pending.length === 0 ? Buffer.from(value) : Buffer.concat([this.#pending, value]);
    return true;
  }
}
