// Foreign bytes as an attacker makes them: real ones with damage, JSON with hostile values and keys, and noise.
import fc from "fast-check";

/** Texts that take the place of a value in JSON: what parsers read, and what some code after them cannot take. */
export const hostileValues = [
  "1e400",
  "-1e400",
  "-0",
  "0.1",
  "1e-400",
  "9007199254740993",
  "1e300",
  "-1",
  "NaN",
  "null",
  "true",
  '""',
  '"\\ud800"',
  '"\\u0000"',
  `"${"x".repeat(5000)}"`,
  "{}",
  "[]",
  "[[]]",
  "[null]",
  '{"toString":1,"valueOf":1}',
  '{"__proto__":{"version":1}}',
  '{"constructor":{"prototype":1}}',
  '{"toJSON":"x"}',
  `${"[".repeat(3000)}${"]".repeat(3000)}`,
  `${'{"a":'.repeat(2000)}1${"}".repeat(2000)}`,
];
const hostileKeys = ["__proto__", "constructor", "toString", "version", "\\ud800", "", "0"];

/** A JSON text's scalars, objects and arrays, as [start, end) of the text; keys are not values. */
function valuesOf(text: string): [number, number][] {
  const found: [number, number][] = [];
  const open: number[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[[\]{}]|[^\s,:[\]{}"]+/g;
  for (const { 0: word, index } of text.matchAll(token)) {
    const end = index + word.length;
    if (word === "[" || word === "{") open.push(index);
    else if (word === "]" || word === "}") {
      const start = open.pop();
      if (start !== undefined) found.push([start, end]);
    } else if (!/^\s*:/.test(text.slice(end))) found.push([index, end]);
  }
  return found;
}

/** `text` with the value at a place (counted around) replaced. */
export function withValue(text: string, place: number, value: string): string {
  const values = valuesOf(text);
  const at = values[place % Math.max(1, values.length)];
  return at ? text.slice(0, at[0]) + value + text.slice(at[1]) : value;
}

export function valueCount(text: string): number {
  return valuesOf(text).length;
}

function withKey(text: string, place: number, key: string, value: string): string {
  const objects = [...text.matchAll(/\{/g)].map(({ index }) => index);
  const at = objects[place % Math.max(1, objects.length)];
  if (at === undefined) return text;
  const rest = text.slice(at + 1);
  return `${text.slice(0, at + 1)}"${key}":${value}${/^\s*\}/.test(rest) ? "" : ","}${rest}`;
}

type Mutation = (bytes: Uint8Array) => Uint8Array;

const place = fc.nat(1 << 16);
const splice: fc.Arbitrary<Mutation> = fc
  .record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.nat(64),
    added: fc.uint8Array({ maxLength: 64 }),
  })
  .map(({ at, removed, added }) => (bytes) => {
    const start = Math.floor(at * bytes.length);
    return Uint8Array.from([...bytes.subarray(0, start), ...added, ...bytes.subarray(start + removed)]);
  });
const overwrite: fc.Arbitrary<Mutation> = fc
  .array(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.oneof(fc.constantFrom(0, 255, 127, 128), fc.nat(255))),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((changes) => (bytes) => {
    const copy = Uint8Array.from(bytes);
    for (const [at, byte] of changes) copy[Math.floor(at * bytes.length)] = byte;
    return copy;
  });
const cut: fc.Arbitrary<Mutation> = fc
  .double({ min: 0, max: 1, noNaN: true })
  .map((at) => (bytes) => bytes.slice(0, Math.floor(at * bytes.length)));

const onText = (change: (text: string) => string): Mutation => {
  return (bytes) => new TextEncoder().encode(change(new TextDecoder().decode(bytes)));
};
const jsonValue: fc.Arbitrary<Mutation> = fc
  .tuple(place, fc.oneof(fc.constantFrom(...hostileValues), fc.json({ maxDepth: 3 })))
  .map(([at, value]) => onText((text) => withValue(text, at, value)));
const jsonKey: fc.Arbitrary<Mutation> = fc
  .tuple(place, fc.constantFrom(...hostileKeys), fc.constantFrom(...hostileValues))
  .map(([at, key, value]) => onText((text) => withKey(text, at, key, value)));

/** What becomes of a real sample; of binary formats the JSON within it is changed too. */
export const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 2, arbitrary: splice },
  { weight: 3, arbitrary: overwrite },
  { weight: 2, arbitrary: cut },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 512 }).map((noise) => () => noise) },
);
export const jsonMutations: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 5, arbitrary: jsonValue },
  { weight: 3, arbitrary: jsonKey },
  { weight: 2, arbitrary: mutations },
);
