// Founding a federation by `consilium deploy`, against Hardhat's node in this process.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";
import { describeFederation, writeFederationFile } from "../../io/chain/federation-file.ts";
import { encodeCall } from "../../io/chain/training-rounds.ts";
import { parseAddress, zeroDigest } from "../../protocol/format/digest.ts";
import { blobDigest, blobNames } from "../../protocol/format/merkle.ts";
import { encodePlan } from "../../protocol/format/plan.ts";
import { mechanismOf } from "../../protocol/format/privacy-spec.ts";
import { deployCommand } from "../../scripts/deploy.ts";
import { membersCommand } from "../../scripts/members.ts";
import { planFrom } from "../../scripts/plan/plan-from-choices.ts";
import { privacyCommand } from "../../scripts/privacy.ts";
import { statusCommand } from "../../scripts/status.ts";
import { fundedWallet, startHardhat, type TestChain } from "../io/chain/chain.ts";
import { digestOf, type TestFederation } from "../io/chain/federation.ts";
import { type FederationCommands, openFederationCommands } from "./federation-commands.ts";

const commands = [deployCommand, membersCommand, privacyCommand, statusCommand];

describe("consilium deploy", () => {
  let chain: TestChain;
  let federation: TestFederation;
  let dir: string;
  let run: FederationCommands["run"];
  let runJson: FederationCommands["runJson"];
  let codeOf: FederationCommands["codeOf"];
  let written: FederationCommands["written"];
  let close: FederationCommands["close"];

  before(async () => {
    chain = await startHardhat();
  });
  after(() => chain.stop());

  beforeEach(async () => {
    ({ federation, dir, run, runJson, codeOf, written, close } = await openFederationCommands(chain, commands));
  });
  afterEach(() => close());

  it("founds a federation with private sums by its plan's file, which says how updates are hidden", async () => {
    const key = ["--keystore", await written(fundedWallet(0)), "--password-file", join(dir, "password")];
    const out = join(dir, "private.json");
    const flags = ["--rpc", chain.url, "--chain-id", "31337", "--out", out, "--confirmations", "1", ...key];
    const plan = planFrom({ private: true, maxSeals: 11 });
    const file = join(dir, "private-plan.json");
    await writeFile(file, encodePlan(plan));
    const { contract } = await runJson("deploy", ...flags, "--plan", file);
    const answer = (await chain.rpc("eth_call", [
      { to: contract, data: encodeCall("privateSums", []) },
      "latest",
    ])) as string;
    const mechanism = mechanismOf(plan.privacy!);
    expect(answer).to.equal(`${mechanism}${(11).toString(16).padStart(64, "0")}${"0".repeat(64)}`);
    const status = await runJson("status", "--federation", out, "--rpc", chain.url);
    expect(status.agreedPlan).to.equal(blobDigest(encodePlan(plan)));
    expect(status.privateSums).to.deep.equal({ seals: 0, maxSeals: 11 });
    expect(await run("status", "--federation", out, "--rpc", chain.url)).to.include("0 of at most 11 opened");
    expect(await codeOf("privacy", file, "--spent", "--federation", out, "--rpc", chain.url)).to.equal(
      "PRIVACY_NOT_PLANNED",
    );
    await writeFile(file, encodePlan({ ...plan, minUpdates: 2 }));
    const refused = await codeOf("deploy", ...flags.with(5, join(dir, "refused.json")), "--plan", file);
    expect(refused).to.equal("PRIVATE_PLAN_CONFLICT");
  });

  it("warns of a contract whose buckets its hospitals cannot fill, before it asks for a password", async () => {
    const file = join(dir, "buckets.json");
    await writeFile(file, encodePlan(planFrom({ private: true, buckets: 3 })));
    const rpc = ["--rpc", chain.url, "--chain-id", "31337", "--out", join(dir, "none.json"), "--plan", file];
    const warningsFor = async (hospitals: number) => {
      const { error } = console;
      const lines: string[] = [];
      console.error = (line: unknown) => lines.push(String(line));
      try {
        const people = Array.from(
          { length: hospitals },
          (_, index) => `0x${(index + 1).toString(16).padStart(40, "0")}`,
        );
        const named = people.length > 0 ? ["--hospital", ...people] : [];
        expect(await codeOf("deploy", ...rpc, ...named, "--keystore", join(dir, "none"))).to.equal("KEYSTORE_MISSING");
      } finally {
        console.error = error;
      }
      return lines.join();
    };
    expect(await warningsFor(11))
      .to.include("11 hospitals for 3 buckets")
      .and.include("before there are 12");
    expect(await warningsFor(12)).to.equal("");
  });

  it("founds once, by name of the hospitals in their order, and hands over", async () => {
    const out = join(dir, "new.json");
    const key = ["--keystore", await written(fundedWallet(0)), "--password-file", join(dir, "password")];
    const hospitals = [5, 6, 7, 8].map((index) => fundedWallet(index).address);
    const flags = ["--rpc", chain.url, "--chain-id", "31337", "--out", out, "--confirmations", "1", ...key];
    const people = ["--hospital", ...hospitals, "--aggregator", fundedWallet(1).address, "--hand-over", "hospitals"];
    const rules = ["--commit-period", "2h", "--sample-cap", "500", "--genesis", digestOf("genesis")];
    const { contract, already, predecessor } = await runJson("deploy", ...flags, ...people, ...rules);
    expect([already, predecessor]).to.deep.equal([false, null]);
    const status = await runJson("status", "--federation", out, "--rpc", chain.url);
    expect(status.terms).to.deep.include({ commitPeriod: 7200, sampleCap: 500 });
    expect(status.latestModel).to.equal(digestOf("genesis"));
    expect([status.agreedPlan, status.privateSums]).to.deep.equal([null, null]);
    expect(status.members.map(({ address }: { address: string }) => address)).to.deep.equal(
      [...hospitals, fundedWallet(1).address].map((address) => address.toLowerCase()),
    );
    const list = await runJson("members", "list", "--federation", out, "--rpc", chain.url);
    expect(list.handedTo).to.equal(contract);
    const height = await chain.rpc("eth_blockNumber");
    expect(await runJson("deploy", ...flags, ...people)).to.deep.include({ contract, already: true });
    expect(await chain.rpc("eth_blockNumber")).to.equal(height);
    expect(await codeOf("deploy", ...flags.with(3, "1"), ...people)).to.equal("LEDGER_CHAIN_MISMATCH");
    const other = { ...describeFederation({ ...federation.options, codeDigest: zeroDigest, predecessor: undefined }) };
    await writeFederationFile(join(dir, "other.json"), other);
    expect(await codeOf("deploy", ...flags.with(5, join(dir, "other.json")))).to.equal("LEDGER_CODE_MISMATCH");
    const nowhere = { ...other, contract: parseAddress(fundedWallet(3).address) };
    await writeFederationFile(join(dir, "nowhere.json"), nowhere);
    expect(await codeOf("deploy", ...flags.with(5, join(dir, "nowhere.json")))).to.equal("LEDGER_CODE_MISSING");
  });

  it("founds a successor from the file of its predecessor's last model, by the name that this one gave it", async () => {
    const key = ["--keystore", await written(fundedWallet(0)), "--password-file", join(dir, "password")];
    const flags = (out: string) => [
      ...["--rpc", chain.url, "--chain-id", "31337", "--out", join(dir, out), "--confirmations", "1", ...key],
      ...["--plan", digestOf("plan")],
    ];
    const bytes = new Uint8Array(2 ** 20 + 1);
    const [, old] = blobNames(bytes);
    const { contract } = await runJson("deploy", ...flags("first.json"), "--genesis", old!);
    const [model, other] = [join(dir, "model.safetensors"), join(dir, "other.safetensors")];
    await writeFile(model, bytes);
    await writeFile(other, bytes.with(0, 1));
    const succeeding = [...flags("second.json"), "--predecessor", contract];
    expect(await codeOf("deploy", ...succeeding, "--genesis", other)).to.equal("GENESIS_NOT_LAST_MODEL");
    await runJson("deploy", ...succeeding, "--genesis", model);
    const { latestModel } = await runJson("status", "--federation", join(dir, "second.json"), "--rpc", chain.url);
    expect(latestModel).to.equal(old);
  });

  it("refuses contradictory options before it asks for a password", async () => {
    const rpc = ["--rpc", chain.url, "--chain-id", "31337", "--out", join(dir, "none.json")];
    const wrong = async (...args: string[]) => codeOf("deploy", ...args);
    expect(await wrong()).to.equal("OPTION_INVALID");
    expect(await wrong("--network", "localhost", ...rpc)).to.equal("OPTION_INVALID");
    expect(await wrong(...rpc, "--hospital", "0x1234")).to.equal("OPTION_INVALID");
    const twice = fundedWallet(5).address;
    expect(await wrong(...rpc, "--hospital", twice, "--aggregator", twice)).to.equal("OPTION_INVALID");
    expect(await wrong(...rpc, "--commit-period", "1 day")).to.equal("OPTION_INVALID");
    expect(await wrong(...rpc, "--genesis", "0x12")).to.equal("DIGEST_MALFORMED");
    expect(await wrong(...rpc, "--keystore", join(dir, "none"))).to.equal("KEYSTORE_MISSING");
    const silent = ["--rpc", "http://127.0.0.1:1", ...rpc.slice(2)];
    const key = ["--keystore", await written(fundedWallet(0)), "--password-file", join(dir, "password")];
    expect(await wrong(...silent, ...key)).to.equal("RPC_UNREACHABLE");
    expect(await wrong("--network", "mainnet", "--out", join(dir, "none.json"))).to.equal("NETWORK_UNKNOWN");
    process.env["CONSILIUM_DEPLOYER_KEY"] = fundedWallet(0).privateKey;
    try {
      expect(await wrong(...rpc)).to.equal("KEY_IN_PLAIN");
    } finally {
      delete process.env["CONSILIUM_DEPLOYER_KEY"];
    }
  });

  it("names an account without funds, and the contract's refusal of the terms", async () => {
    const rpc = ["--rpc", chain.url, "--chain-id", "31337", "--out", join(dir, "none.json")];
    const stranger = new Wallet(Wallet.createRandom().privateKey);
    const poor = ["--keystore", await written(stranger), "--password-file", join(dir, "password")];
    expect(await codeOf("deploy", ...rpc, ...poor)).to.equal("CHAIN_FUNDS");
    const rich = ["--keystore", await written(fundedWallet(0)), "--password-file", join(dir, "password")];
    expect(await codeOf("deploy", ...rpc, ...rich, "--max-expired", "0")).to.equal("TERMS_INVALID");
  });
});
