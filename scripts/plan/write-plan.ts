// Writes a plan and the first model that follows from it, and gives the digests by which a federation agrees on them.
import { existsSync } from "node:fs";
import { FedError } from "../../foundation/errors.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan, type Plan } from "../../protocol/format/plan.ts";
import { writePublicOutput } from "../terminal/write-output.ts";

export interface WrittenFile {
  readonly name: "plan" | "genesis";
  readonly file: string;
  readonly digest: Digest;
}

/**
 * @param options.begun safetensors whose extractor the first model begins with, or of a model that it is
 * @param options.force overwrites files that exist
 * @throws FILE_EXISTS before anything is written, PACKAGE_MISSING, OUT_IS_LINK, STORE_FULL, and what genesisWeights and
 * givenWeights throw
 */
export async function writePlan(
  plan: Plan,
  options: {
    planFile: string;
    genesisFile: string;
    begun?: { readonly backbone?: Uint8Array | undefined; readonly model?: Uint8Array | undefined };
    force?: boolean;
  },
): Promise<readonly WrittenFile[]> {
  const { planFile, genesisFile, begun: { backbone, model } = {}, force = false } = options;
  const taken = [planFile, genesisFile].find((path) => existsSync(path));
  if (taken !== undefined && !force) {
    throw new FedError("FILE_EXISTS", { path: taken }, { remedy: "give another path, or --force" });
  }
  // Loaded here: TensorFlow takes a second that --help and `plan check` need not wait.
  const { genesisWeights, givenWeights } = await import("../../model/training/trainer.ts");
  const files = [
    { name: "plan" as const, file: planFile, bytes: encodePlan(plan) },
    {
      name: "genesis" as const,
      file: genesisFile,
      bytes: model ? givenWeights(plan, model) : genesisWeights(plan, backbone),
    },
  ];
  for (const { file, bytes } of files) await writePublicOutput(file, bytes);
  return files.map(({ name, file, bytes }) => ({ name, file, digest: blobDigest(bytes) }));
}
