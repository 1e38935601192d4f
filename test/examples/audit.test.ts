import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type AuditProgress, auditFederation } from "../../auditor/audit-federation.ts";
import { makeRounds, noiseModel } from "../../bench/audit/make-rounds.ts";
import { walletSignatures } from "../../io/chain/signatures.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan } from "../../protocol/format/plan.ts";
import { examplePlan } from "../fakes/federation.ts";
import { startHardhat, type TestChain } from "../io/chain/chain.ts";
import { foundFederation, type TestFederation } from "../io/chain/federation.ts";
import { runExample } from "./run-example.ts";

describe("an audit by the contract's address", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let federation: TestFederation;
  let dir: string;
  let contract: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-example-"));
    chain = await startHardhat();
    const made = { plan: examplePlan({ rounds: 1 }), genesis: noiseModel(500), rounds: 1 };
    const digests = { plan: blobDigest(encodePlan(made.plan)), genesis: blobDigest(made.genesis) };
    federation = await foundFederation(chain, { hospitals: 3, ...digests });
    ({ contract } = federation.options.federation);
    const blobs = await openBlobStore(join(dir, "store"));
    const hospitals = federation.hospitals.map((ledger, index) => ({
      ledger,
      signatures: walletSignatures(federation.wallets[index]!),
    }));
    await makeRounds({ hospitals, aggregator: federation.aggregator, blobs }, made);
    await blobs.close();
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const audit = async (changes: Partial<Parameters<typeof auditFederation>[0]> = {}): Promise<AuditProgress[]> => {
    const events: AuditProgress[] = [];
    for await (const event of auditFederation({ rpc: chain.url, contract, ...changes })) events.push(event);
    return events;
  };
  const codeOf = (work: Promise<unknown>) =>
    work.then(String, ({ code, name }: Error & { code?: string }) => code ?? name);

  it("runs as the example shows", async () => {
    const { code, stdout, stderr } = await runExample(
      "audit-from-a-program.ts",
      chain.url,
      contract,
      join(dir, "store"),
    );
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^round 1: verified, 3 of 3 hospitals, model 0x/);
    expect(stdout.trimEnd().split("\n").at(-1)).to.equal("verified: 1 models of 3 updates");
  });

  it("ends with the report as its last event", async () => {
    const events = await audit({ stores: [join(dir, "store")] });
    const last = events.at(-1);
    expect(events.map(({ kind }) => kind)).to.include.members(["round-started", "update-checked", "round-audited"]);
    expect(last?.kind === "finished" && [last.report.verdict, last.report.counts.models]).to.deep.equal([
      "verified",
      1,
    ]);
  });

  it("checks the contract's history alone where nothing serves the objects, and calls them unavailable", async () => {
    const last = (await audit()).at(-1);
    expect(last?.kind === "finished" && last.report.verdict).to.equal("unavailable");
  });

  it("refuses another chain, another address, no endpoint and no store, and stops when it is told to", async () => {
    expect(await codeOf(audit({ chainId: 1 }))).to.equal("LEDGER_CHAIN_MISMATCH");
    expect(await codeOf(audit({ contract: "0x12" }))).to.equal("ADDRESS_MALFORMED");
    expect(await codeOf(audit({ contract: `0x${"1".repeat(40)}` }))).to.equal("LEDGER_CODE_MISSING");
    expect(await codeOf(audit({ rpc: [] }))).to.equal("RPC_NO_ENDPOINT");
    expect(await codeOf(audit({ stores: [join(dir, "nowhere")] }))).to.equal("STORE_MISSING");
    expect(await codeOf(audit({ signal: AbortSignal.abort(new Error("stopped")) }))).to.equal("Error");
  });
});
