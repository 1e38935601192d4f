// A federation on real chains, set up by the commands that people run: deployed in spite of kills, then a whole round, then
// a restart of the chain from its disk.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { encryptKeystoreJson, JsonRpcProvider } from "ethers";
import { readFederationFile } from "../../io/chain/federation-file.ts";
import { type OpenLedger, openLedger } from "../../io/chain/ledger.ts";
import { parseAddress, type RoundId, zeroDigest } from "../../protocol/format/digest.ts";
import { fundedWallet, hasAnvil, startAnvil } from "../io/chain/chain.ts";
import { digestOf } from "../io/chain/federation.ts";
import { ensureGeth, startGeth } from "./geth.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const owner = fundedWallet(0);
const hospitals = [1, 2, 3, 4].map(fundedWallet);

interface RunningChain {
  readonly url: string;
  readonly chainId: number;
}

describe("a federation on a chain with one-second blocks", () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-chains-"));
    const scrypt = { N: 1 << 8, r: 8, p: 1 };
    const { address, privateKey } = owner;
    await writeFile(join(dir, "keystore.json"), await encryptKeystoreJson({ address, privateKey }, "pw", { scrypt }));
    await writeFile(join(dir, "password"), "pw\n");
  });
  afterEach(() => rm(dir, { recursive: true }));

  const deployment = ({ url, chainId }: RunningChain): ChildProcess =>
    spawn(
      process.execPath,
      [
        ...["--disable-warning=ExperimentalWarning", join(root, "scripts/consilium.ts"), "deploy", "--json"],
        ...["--rpc", url, "--chain-id", String(chainId), "--out", join(dir, "federation.json"), "--confirmations", "1"],
        ...["--keystore", join(dir, "keystore.json"), "--password-file", join(dir, "password")],
        ...["--hospital", ...hospitals.map(({ address }) => address), "--hand-over", "hospitals"],
        ...["--attest-period", "1h", "--min-updates", "2", "--early-share", "0", "--grace-period", "0s"],
        ...["--plan", digestOf("plan"), "--genesis", digestOf("base")],
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );

  /** Kills the command repeatedly, each time after two more lines of its journal, until it succeeds. @returns the kills */
  const deployThroughKills = async (chain: RunningChain): Promise<number> => {
    const journal = join(dir, "federation.ignition/deployments/federation/journal.jsonl");
    for (let kills = 0; ; kills++) {
      const child = deployment(chain);
      const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
      let over = false;
      ended.then(() => {
        over = true;
      });
      const linesBefore = await lineCount(journal);
      while (!over && (await lineCount(journal)) < linesBefore + 2) await sleep(5);
      if (!over) child.kill("SIGKILL");
      const code = await ended;
      if (code === 0) return kills;
      if (code !== null) throw new Error(`deploy ended with ${code}`);
    }
  };

  /** Checks that no part of the deployment happened twice. */
  const expectFoundedOnce = async (chain: RunningChain) => {
    const provider = new JsonRpcProvider(chain.url, chain.chainId, { staticNetwork: true });
    // The contract, four admissions, the hand-over.
    expect(await provider.getTransactionCount(owner.address)).to.equal(6);
    provider.destroy();
    const again = deployment(chain);
    let printed = "";
    again.stdout?.on("data", (chunk) => {
      printed += chunk;
    });
    await new Promise((resolve) => again.once("close", resolve));
    expect(JSON.parse(printed)).to.deep.include({ already: true, ...(await readFederationFile(federationPath())) });
  };

  const federationPath = () => join(dir, "federation.json");
  const open = async ({ url }: RunningChain, index?: number): Promise<OpenLedger> => {
    const { chainId, contract, fromBlock, codeDigest } = await readFederationFile(federationPath());
    const wallet = index === undefined ? {} : { wallet: hospitals[index]! };
    const federation = { chainId, contract };
    return openLedger({
      federation,
      fromBlock,
      codeDigest,
      endpoints: [url],
      confirmations: 1,
      pollMs: 100,
      ...wallet,
    });
  };

  const playRound = async (chain: RunningChain, base: ReturnType<typeof digestOf>): Promise<RoundId> => {
    const ledgers = await Promise.all(hospitals.map((_, i) => open(chain, i)));
    try {
      const [first] = ledgers as [OpenLedger];
      const round = await first.openRound({ plan: digestOf("plan"), base });
      const manifest = digestOf(`manifest ${round}`);
      const receipts = await Promise.all(ledgers.map((ledger) => ledger.write("commitUpdate", [round, manifest, 9])));
      // As on Hardhat's chain (test/contracts/snapshots/gas.json), except for zero bytes in digests. The last commitment
      // clears the set of missing members, for which the EVM refunds 4,800 gas.
      const [last, ...others] = receipts.map(({ gasUsed }) => gasUsed).sort((a, b) => a - b);
      if (round > 1) for (const gas of [...others, Number(last) + 4800]) expect(gas).to.be.within(40_000, 40_200);
      const included = hospitals.map(({ address }) => parseAddress(address));
      await first.proposeModel({ round, model: digestOf(`model ${round}`), included });
      const attestation = { round, proposal: 1, agree: true, scores: zeroDigest };
      await Promise.all(ledgers.slice(0, 3).map((ledger) => ledger.attest(attestation)));
      expect((await first.round(round)).status).to.equal("final");
      return round;
    } finally {
      for (const ledger of ledgers) ledger.close();
    }
  };

  it("survives kills of the deployment and a restart of the chain on anvil", async function () {
    if (!hasAnvil()) this.skip();
    const flags = ["--state", join(dir, "chain.json"), "--block-time", "1"];
    let chain = await startAnvil(flags);
    try {
      expect(await deployThroughKills(chain)).to.be.greaterThan(2);
      await expectFoundedOnce(chain);
      const round = await playRound(chain, digestOf("base"));
      await chain.stop();
      chain = await startAnvil(flags, chain.port);
      const auditor = await open(chain);
      expect((await auditor.round(round)).model).to.equal(digestOf(`model ${round}`));
      auditor.close();
      expect(await playRound(chain, digestOf(`model ${round}`))).to.equal(2);
    } finally {
      await chain.stop();
    }
  });

  it("works on geth, with the fees and the transaction pool of Ethereum", async function () {
    const missing = await ensureGeth();
    if (missing !== undefined) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    const chain = await startGeth([owner, ...hospitals].map(({ address }) => address));
    try {
      await deployThroughKills(chain);
      await expectFoundedOnce(chain);
      expect(await playRound(chain, digestOf("base"))).to.equal(1);
      expect(await playRound(chain, digestOf("model 1"))).to.equal(2);
    } finally {
      await chain.stop();
    }
  });
});

async function lineCount(path: string): Promise<number> {
  if (!existsSync(path)) return 0;
  return (await readFile(path, "utf8")).split("\n").length - 1;
}
