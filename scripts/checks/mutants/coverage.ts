// Which characters of which source a process ran, from the files that V8 writes. Node replaces types by spaces, so V8's
// offsets are those of the source.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Half-open, in order, apart from each other. */
export type Spans = readonly (readonly [start: number, end: number])[];

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface Script {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

/** What all processes of one test file ran of the files below `root` that `wanted` names. */
export function readCoverage(folder: string, root: string, wanted: ReadonlySet<string>): Record<string, Spans> {
  const prefix = `${pathToFileURL(root).href}/`;
  const ran = new Map<string, Uint8Array>();
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), "utf8")) as { result: readonly Script[] };
    for (const { url, functions } of result) {
      const file = url.startsWith(prefix) ? url.slice(prefix.length) : "";
      if (!wanted.has(file)) continue;
      const here = ranCharacters(functions.flatMap(({ ranges }) => ranges));
      const before = ran.get(file);
      ran.set(file, before ? either(before, here) : here);
    }
  }
  return Object.fromEntries([...ran].map(([file, characters]) => [file, spansOf(characters)]));
}

/** An inner range says more than the one around it. */
function ranCharacters(ranges: readonly Range[]): Uint8Array {
  const outerFirst = [...ranges].sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const characters = new Uint8Array(Math.max(0, ...ranges.map(({ endOffset }) => endOffset)));
  for (const { startOffset, endOffset, count } of outerFirst)
    characters.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return characters;
}

function either(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  return long.map((value, index) => value | (short[index] ?? 0));
}

function spansOf(characters: Uint8Array): Spans {
  const spans: [number, number][] = [];
  let start = characters.indexOf(1);
  while (start >= 0) {
    const end = characters.indexOf(0, start);
    spans.push([start, end < 0 ? characters.length : end]);
    start = end < 0 ? -1 : characters.indexOf(1, end);
  }
  return spans;
}
