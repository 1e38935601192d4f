// How a decoder is fuzzed: real bytes, and what decodes them.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, parseAddress, parseRoundId } from "../../protocol/format/digest.ts";

export interface Decoder {
  /** The exported functions that it fuzzes. */
  readonly functions: readonly string[];
  readonly form: "json" | "bytes";
  /** Real bytes, each of which decodes. @param dir an empty folder */
  samples(dir: string): Promise<readonly Uint8Array[]> | readonly Uint8Array[];
  /** Real bytes that are mutated, where these are more than those that decode. */
  readonly mutated?: () => readonly Uint8Array[];
  /** @param dir the folder of the samples */
  decode(bytes: Uint8Array, dir: string): unknown;
  /** Cases to try, where the default would take too long. */
  readonly numRuns?: number;
}

export const utf8 = (text: string) => new TextEncoder().encode(text);
export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const json = (value: unknown) => utf8(JSON.stringify(value));
export const digest = `0x${"1d".repeat(32)}` as Digest;
export const address = parseAddress(`0x${"a1".repeat(20)}`);
export const round = parseRoundId(3);

/** The value of JSON bytes; undefined for bytes that are no JSON, which a decoder of values never sees. */
function parsedJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text(bytes)) };
  } catch {
    return undefined;
  }
}

export function ofValue(
  functions: readonly string[],
  samples: readonly unknown[],
  decode: (value: unknown) => unknown,
): Decoder {
  return {
    functions,
    form: "json",
    samples: () => samples.map(json),
    decode: (bytes) => {
      const parsed = parsedJson(bytes);
      return parsed && decode(parsed.value);
    },
  };
}

/** Of bytes that come as 0x and hex digits. */
export function ofHex(
  functions: readonly string[],
  samples: readonly string[],
  decode: (hex: string) => unknown,
): Decoder {
  return {
    functions,
    form: "bytes",
    samples: () => samples.map((hex) => Uint8Array.from(Buffer.from(hex.slice(2), "hex"))),
    decode: (bytes) => decode(`0x${Buffer.from(bytes).toString("hex")}`),
  };
}

export function ofFile(
  functions: readonly string[],
  form: Decoder["form"],
  write: (path: string) => Promise<unknown>,
  read: (path: string) => Promise<unknown>,
  numRuns = 60,
): Decoder {
  return {
    functions,
    form,
    numRuns,
    samples: async (dir) => {
      const path = join(dir, "sample");
      await write(path);
      return [await readFile(path)];
    },
    decode: async (bytes, dir) => {
      const path = join(dir, "mutated");
      await writeFile(path, bytes);
      return read(path);
    },
  };
}
