// `consilium audit` as an auditor runs it: a real chain, real signatures, stores on disk, and a hospital that serves objects.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { makeRounds, noiseModel } from "../../bench/audit/make-rounds.ts";
import { describeFederation, writeFederationFile } from "../../io/chain/federation-file.ts";
import { recoverSigner, walletSignatures } from "../../io/chain/signatures.ts";
import { systemClock } from "../../io/clock/system-clock.ts";
import { createPeerKey, loadPeerKey } from "../../io/p2p/identity.ts";
import { openPeerNetwork } from "../../io/p2p/peer-network.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { objectPath } from "../../io/store/object-files.ts";
import { watchMembership } from "../../party/membership-watch.ts";
import type { AuditReport } from "../../protocol/audit/report.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan } from "../../protocol/format/plan.ts";
import { examplePlan } from "../fakes/federation.ts";
import { FakeLog } from "../fakes/party-ports.ts";
import { startHardhat, type TestChain } from "../io/chain/chain.ts";
import { foundFederation, type TestFederation } from "../io/chain/federation.ts";

const commandLine = fileURLToPath(new URL("../../scripts/consilium.ts", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function consilium(...args: readonly string[]): Promise<Ended> {
  const all = ["--disable-warning=ExperimentalWarning", commandLine, "audit", ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

describe("consilium audit", () => {
  let chain: TestChain;
  let federation: TestFederation;
  let scratch: string;
  let store: string;
  let target: readonly string[];

  before(async function () {
    this.timeout(120_000);
    scratch = await mkdtemp(join(tmpdir(), "consilium-audit-e2e-"));
    store = join(scratch, "store");
    chain = await startHardhat();
    // Models of more than a mebibyte have several chunks.
    const made = { plan: examplePlan({ rounds: 2 }), genesis: noiseModel(700_000), rounds: 2 };
    federation = await foundFederation(chain, {
      hospitals: 4,
      plan: blobDigest(encodePlan(made.plan)),
      genesis: blobDigest(made.genesis),
    });
    const blobs = await openBlobStore(store);
    const hospitals = federation.hospitals.map((ledger, index) => ({
      ledger,
      signatures: walletSignatures(federation.wallets[index] as (typeof federation.wallets)[number]),
    }));
    await makeRounds({ hospitals, aggregator: federation.aggregator, blobs }, made);
    await blobs.close();
    const { federation: id, fromBlock, codeDigest = "" } = federation.options;
    const file = join(scratch, "federation.json");
    await writeFederationFile(
      file,
      describeFederation({ federation: id, fromBlock, codeDigest, predecessor: undefined }),
    );
    target = ["--federation", file, "--rpc", chain.url];
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  it("verifies from the contract's address, an RPC endpoint and a store, and prints the verdict last", async () => {
    const { chainId, contract } = federation.options.federation;
    const byAddress = ["--contract", contract, "--chain-id", String(chainId), "--rpc", chain.url];
    const { code, stdout, stderr } = await consilium(...byAddress, "--store", store);
    expect(code, stderr).to.equal(0);
    expect(stdout.trimEnd().split("\n").at(-1)).to.match(/^VERIFIED 2 models derived again to the same bytes from 8/);
    expect(stdout).not.to.contain("\x1b[");
  });

  it("verifies what a hospital serves over the network, and writes reports for people and for machines", async () => {
    const out = join(scratch, "out");
    const blobs = await openBlobStore(store);
    const life = new AbortController();
    const [hospital] = federation.hospitals;
    if (!hospital) throw new Error("no hospital");
    const identity = await createPeerKey();
    const key = await loadPeerKey(identity);
    await hospital.bindPeer({ publicKey: key.publicKey.raw, sign: (message) => key.sign(message) });
    const log = new FakeLog();
    const membership = await watchMembership({ ledger: hospital, clock: systemClock, log }, life.signal);
    const listen = ["/ip4/127.0.0.1/tcp/0"];
    const { federation: id } = federation.options;
    const peers = { listen, peers: [], federation: id, membership, blobs, serveAuditors: true };
    const signatures = { recover: recoverSigner };
    const network = await openPeerNetwork({ identity, ...peers, signatures, log });
    try {
      const address = network.addresses().find((each) => each.includes("/tcp/")) ?? "";
      const { code, stdout, stderr } = await consilium(...target, "--peer", address, "--out", out, "--json");
      expect(code, stderr + stdout).to.equal(0);
      const report = JSON.parse(stdout) as AuditReport;
      expect(report.verdict).to.equal("verified");
      expect(report.counts.objects).to.equal(1 + 3 + 8 + 8 + 8);
      expect(JSON.parse(await readFile(join(out, "report.json"), "utf8"))).to.deep.equal(report);
      expect(await readdir(out)).to.have.members([
        ...["audit.html", "report.json", "provenance.json", "model-card.md", "model-card.json"],
      ]);
    } finally {
      await network.stop();
      life.abort();
      await membership.ended;
      await blobs.close();
    }
  });

  it("names the object whose file has a flipped bit, and ends with 2", async () => {
    const round = await federation.aggregator.round(1 as never);
    const digest = round.commitments[1]?.manifest as Digest;
    const path = objectPath(store, digest);
    const bytes = await readFile(path);
    const flipped = Uint8Array.from(bytes);
    flipped[40] = flipped[40]! ^ 4;
    await writeFile(path, flipped);
    try {
      const { code, stdout } = await consilium(...target, "--store", store);
      expect(code).to.equal(2);
      expect(stdout.trimEnd().split("\n").at(-1)).to.match(/^DOES NOT HOLD round 1: .*BLOB_CORRUPT/);
      expect(stdout).to.contain(digest).and.contain(round.commitments[1]?.member);
    } finally {
      await writeFile(path, bytes);
    }
  });

  it("reports an object that nobody has, and ends with 3", async () => {
    const round = await federation.aggregator.round(2 as never);
    const path = objectPath(store, round.plan);
    const bytes = await readFile(path);
    await rm(path);
    try {
      const { code, stdout } = await consilium(...target, "--store", store);
      expect(code).to.equal(3);
      expect(stdout.trimEnd().split("\n").at(-1)).to.match(/^CANNOT BE TOLD round 1: .*OBJECT_UNAVAILABLE/);
    } finally {
      await writeFile(path, bytes);
    }
  });

  it("prints one line and a remedy if it cannot begin, and ends with 1", async () => {
    for (const [args, code] of [
      [["--federation", join(scratch, "none.json"), "--store", store], "FEDERATION_FILE_MISSING"],
      [[...target], "OPTION_MISSING"],
      [[...target, "--store", join(scratch, "nowhere")], "STORE_MISSING"],
      [["--run-dir", scratch + "/nowhere"], "RUN_UNKNOWN"],
      [["--contract", "0x12", "--chain-id", "31337", "--store", store], "OPTION_INVALID"],
      [["--contract", `0x${"12".repeat(20)}`, "--store", store], "OPTION_MISSING"],
      [
        ["--contract", `0x${"12".repeat(20)}`, "--chain-id", "31337", "--rpc", chain.url, "--store", store],
        "LEDGER_CODE_MISSING",
      ],
    ] as const) {
      const ended = await consilium(...args);
      expect(ended.code, code).to.equal(1);
      expect(ended.stderr.split("\n")[0], ended.stderr).to.contain(code);
      expect(ended.stderr.trimEnd().split("\n"), ended.stderr).to.have.length(2);
    }
  });
});
