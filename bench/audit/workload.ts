// The federation that both sides of the audit's benchmark check: on disk, with the chain's records as JSON.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Wallet } from "ethers";
import { walletSignatures } from "../../io/chain/signatures.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { parseAddress } from "../../protocol/format/digest.ts";
import { FakeChain } from "../../test/fakes/chain.ts";
import { examplePlan, exampleTerms } from "../../test/fakes/federation.ts";
import { VirtualTime } from "../../test/fakes/virtual-time.ts";
import { makeRounds, noiseModel } from "./make-rounds.ts";

export interface Workload {
  readonly hospitals: number;
  readonly rounds: number;
  readonly parameters: number;
}

/** Writes `store/` and `history.json` into the folder. */
export async function writeWorkload(folder: string, { hospitals, rounds, parameters }: Workload): Promise<void> {
  const chain = new FakeChain(new VirtualTime(), exampleTerms);
  const wallets = Array.from(
    { length: hospitals },
    (_, index) => new Wallet(`0x${(index + 1).toString(16).padStart(64, "0")}`),
  );
  for (const { address } of wallets) chain.admit(parseAddress(address));
  const aggregator = parseAddress(`0x${"ee".repeat(20)}`);
  chain.admit(aggregator, "aggregator");
  const blobs = await openBlobStore(join(folder, "store"));
  try {
    const parties = wallets.map((wallet) => ({
      ledger: chain.ledger(parseAddress(wallet.address)),
      signatures: walletSignatures(wallet),
    }));
    const plan = examplePlan({ rounds, update: { type: "I16", clipNorm: 64, topFraction: 1, localTensors: [] } });
    await makeRounds(
      { hospitals: parties, aggregator: chain.ledger(aggregator), blobs },
      { plan, genesis: noiseModel(parameters), rounds },
    );
  } finally {
    await blobs.close();
  }
  const { federation } = chain.ledger(undefined);
  await writeFile(join(folder, "history.json"), JSON.stringify({ federation, rounds, events: chain.events }));
}
