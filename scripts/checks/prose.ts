// Fails on words that a newcomer must translate, in comments and test names (node scripts/checks/prose.ts).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** All folders with TypeScript of the project. */
const rooms = [
  ...["foundation", "protocol", "party", "node", "aggregator", "imaging", "model", "io"],
  ...["study", "scripts", "test", "bench"],
];

const banned: readonly RegExp[] = [
  /\b(deed|deeds|wish|wishes|wished|bell|bells|naught|whomever|whoever|whosoever|hurry)\b/i,
  /\b(of whom|be it|makes? known|made known|rings?|rung|at the door|will not hear|is told of|tells of)\b/i,
  /\b(cannot be had|to be had|all the same|goes on|went on|told of|as good as|dearest|whom)\b/i,
  /\bwho (wants|asks|looks|watches|comes|needs) [a-z]+/i,
];
/** Names of data formats that these words belong to, and the rings of algebra. */
const allowed: readonly RegExp[] = [/"wishes"/g, /`wishes`/g];
const allowedIn = (file: string) => (file.includes("private") ? [...allowed, /\brings?\b/g] : allowed);

interface Remark {
  readonly line: number;
  readonly text: string;
}

/** Comments, and the names of tests, of a TypeScript file. */
function* proseOf(source: string): Generator<Remark> {
  const lineAt = (index: number) => source.slice(0, index).split("\n").length;
  const comments = /(?<![:"'`\w])\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  for (const { 0: text, index } of source.matchAll(comments)) yield { line: lineAt(index), text };
  const names = /\b(?:it|describe)\(\s*(["'`])((?:\\.|(?!\1)[\s\S])*)\1/g;
  for (const { 2: text = "", index } of source.matchAll(names)) yield { line: lineAt(index), text };
}

const root = fileURLToPath(new URL("../..", import.meta.url));
let found = 0;
for (const room of rooms) {
  for (const name of readdirSync(join(root, room), { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    const file = join(room, name);
    if (file === join("scripts", "checks", "prose.ts")) continue;
    for (const { line, text } of proseOf(readFileSync(join(root, file), "utf8"))) {
      const plain = allowedIn(file).reduce((rest, pattern) => rest.replace(pattern, ""), text);
      const word = banned.map((pattern) => pattern.exec(plain)?.[0]).find(Boolean);
      if (word === undefined) continue;
      found++;
      console.log(`${file}:${line}: "${word}" in: ${text.replace(/\s+/g, " ").slice(0, 120)}`);
    }
  }
}
process.exitCode = found > 0 ? 1 : 0;
