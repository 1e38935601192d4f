// `npm run bench -- NAME [--json]`: runs one comparison and prints it; the last line is one JSON object with --json.
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchResult } from "./result.ts";

const here = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(here)
  .filter((file) => file.endsWith(".ts") && !["bench.ts", "result.ts", "python-environment.ts"].includes(file))
  .map((file) => file.slice(0, -".ts".length));
const [name, ...flags] = process.argv.slice(2);

if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [--json]\n  NAME is one of: ${names.join(", ")}`);
  process.exitCode = 1;
} else {
  const json = flags.includes("--json");
  const { run } = (await import(`./${name}.ts`)) as { run(options: { json: boolean }): Promise<BenchResult> };
  const result = await run({ json });
  if (json) console.log(JSON.stringify(result));
  else {
    const { ours, peer, peerName, unit, ratio, memoryRatio } = result;
    const memory = memoryRatio === null ? "" : `, memory ${memoryRatio.toFixed(2)} of the peer's`;
    console.log(
      `${name}: ours ${ours.toPrecision(4)} ${unit}, ${peerName} ${peer.toPrecision(4)} ${unit}: ratio ${ratio.toFixed(3)}${memory}`,
    );
  }
}
