// The page's files: a closed list, so that no path of a request reaches the disk. In a checkout the scripts are TypeScript,
// whose types are stripped here; a package has them as JavaScript.
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import module, { createRequire } from "node:module";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array;
}

const folder = fileURLToPath(new URL("../page/", import.meta.url));
const script = extname(import.meta.url);
const charts = createRequire(import.meta.url);

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".js": "text/javascript; charset=utf-8",
  ".ts": "text/javascript; charset=utf-8",
};

/** Files by the path under which the page asks for them. */
const places = new Map<string, string>([
  ["/uplot.js", charts.resolve("uplot/dist/uPlot.iife.min.js")],
  ["/uplot.css", charts.resolve("uplot/dist/uPlot.min.css")],
  ["/favicon.ico", join(folder, "favicon.svg")],
]);
for (const name of readdirSync(folder)) {
  const isServed = [script, ".html", ".css", ".svg"].includes(extname(name)) && !name.endsWith(".d.ts");
  if (isServed) places.set(`/${name}`, join(folder, name));
}
// The page names its first script without knowing whether it was built.
places.set("/main.js", join(folder, `main${script}`));

const read = new Map<string, Promise<PageFile>>();

/** Undefined for a path that the page does not have. Read once, when first asked for. */
export function pageFile(path: string): Promise<PageFile> | undefined {
  const place = places.get(path);
  if (place === undefined) return undefined;
  const known = read.get(place) ?? readPage(place);
  read.set(place, known);
  return known;
}

async function readPage(place: string): Promise<PageFile> {
  const extension = extname(place);
  const type = types[extension]!;
  if (extension !== ".ts") return { type, body: await readFile(place) };
  return { type, body: Buffer.from(module.stripTypeScriptTypes(await readFile(place, "utf8"))) };
}
