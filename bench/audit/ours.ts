// Our side of the audit's benchmark, in a process of its own: everything that `consilium audit` checks.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { recoverSigner } from "../../io/chain/signatures.ts";
import { openObjectFiles } from "../../io/store/object-files.ts";
import { auditFederation } from "../../protocol/audit/audit-federation.ts";
import { localExchange } from "../../protocol/audit/local-objects.ts";
import type { LedgerEvent } from "../../protocol/contract/events.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import { peakBytes } from "../aggregate/peak-memory.ts";

interface History {
  readonly federation: FederationId;
  readonly rounds: number;
  readonly events: readonly LedgerEvent[];
}

const [folder, repeats] = process.argv.slice(2) as [string, string];
const history = JSON.parse(await readFile(join(folder, "history.json"), "utf8")) as History;
const ledger = {
  federation: history.federation,
  latestRound: async () => history.rounds as RoundId,
  async *history() {
    yield* history.events;
  },
};

async function once(): Promise<{ readonly seconds: number; readonly verdict: string; readonly models: number }> {
  const started = process.hrtime.bigint();
  const blobs = openObjectFiles(join(folder, "store"));
  const ports = { ledger, blobs, exchange: localExchange(blobs), signatures: { recover: recoverSigner } };
  const work = auditFederation(ports, { maxModelBytes: 2 ** 31 });
  for (;;) {
    const step = await work.next();
    if (!step.done) continue;
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    return { seconds, verdict: step.value.verdict, models: step.value.counts.models };
  }
}

const runs = [];
for (let repeat = 0; repeat < Number(repeats); repeat++) runs.push(await once());
const verified = runs.every(({ verdict, models }) => verdict === "verified" && models === history.rounds);
console.log(JSON.stringify({ seconds: runs.map(({ seconds }) => seconds), peakBytes: peakBytes(), verified }));
