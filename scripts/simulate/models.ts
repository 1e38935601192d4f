// Writes the federation's models as files that numpy and PyTorch open: one a round, and the last as federated.safetensors.
import { existsSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FederationFile } from "../../io/chain/federation-file.ts";
import { openLedger } from "../../io/chain/ledger.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { openLineage } from "../../protocol/contract/lineage.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import type { Identity } from "./identities.ts";
import type { RunDirectory } from "./run-directory.ts";

const maxBytes = 2 ** 31;

/** Copies every final model out of the aggregator's store. @returns their bytes, in the order of their rounds */
export async function collectModels(
  run: RunDirectory,
  federation: FederationFile,
  rpc: string,
  aggregator: Identity,
): Promise<readonly Uint8Array[]> {
  const { chainId, contract, fromBlock } = federation;
  const ledger = await openLedger({ federation: { chainId, contract }, fromBlock, endpoints: [rpc], pollMs: 50 });
  const blobs = await openBlobStore(join(aggregator.dir, "store", "blobs"));
  try {
    const { finals } = await openLineage(ledger)({});
    const models: Uint8Array[] = [];
    for (const { id, model } of finals) {
      if (model === undefined) continue;
      const bytes = await blobs.get(model, { maxBytes });
      await writeFile(fileOf(run, id), bytes);
      models.push(bytes);
    }
    const last = finals.at(-1);
    if (last && existsSync(fileOf(run, last.id)))
      await copyFile(fileOf(run, last.id), run.at("models", "federated.safetensors"));
    return models;
  } finally {
    await blobs.close();
    ledger.close();
  }
}

function fileOf(run: RunDirectory, round: RoundId): string {
  return run.at("models", `round-${round}.safetensors`);
}
