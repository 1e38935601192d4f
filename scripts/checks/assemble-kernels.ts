// Assembles the WebAssembly kernels: node scripts/checks/assemble-kernels.ts
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import wabt from "wabt";

const root = join(import.meta.dirname, "../..");

export interface AssembledKernel {
  /** The .wat file, from the root of the repository. */
  readonly source: string;
  /** The module with the assembled bytes, and its text. */
  readonly target: string;
  readonly text: string;
}

/** All kernels of the repository, assembled from their text. */
export async function assembleKernels(): Promise<AssembledKernel[]> {
  const { parseWat } = await wabt();
  return globSync("{foundation,protocol,imaging,model}/**/*.wat", { cwd: root })
    .sort()
    .map((source) => {
      const module = parseWat(source, readFileSync(join(root, source), "utf8"), { simd: true });
      const { buffer } = module.toBinary({});
      module.destroy();
      const name = source.slice(source.lastIndexOf("/") + 1, -".wat".length);
      const constant = name.replace(/-./g, (letter) => letter.charAt(1).toUpperCase());
      const base64 = Buffer.from(buffer).toString("base64");
      const text = `// Assembled from ${name}.wat by scripts/checks/assemble-kernels.ts.\nexport const ${constant}Wasm =\n  "${base64}";\n`;
      return { source, target: source.replace(/\.wat$/, "-wasm.ts"), text };
    });
}

if (process.argv[1] === import.meta.filename)
  for (const { target, text } of await assembleKernels()) writeFileSync(join(root, target), text);
