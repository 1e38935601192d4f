// The endpoint names the prices; the configuration says how much is ever offered.
import { expect } from "chai";
import { Transaction, Wallet } from "ethers";
import { offer, raised } from "../../../io/chain/fees.ts";
import { startHardhat, type TestChain } from "./chain.ts";
import { codeOf, digestOf, foundFederation, type TestFederation } from "./federation.ts";
import { type RpcProxy, startProxy } from "./proxy.ts";

const gwei = 1_000_000_000n;
const proof = `0x${"11".repeat(64)}`;

describe("the fees of a transaction", () => {
  it("are twice the base fee and the tip, up to the maximum, and a quarter of it for the tip", () => {
    expect(offer({ baseFee: 10n * gwei, tip: gwei }, 200)).to.deep.equal({
      maxFeePerGas: 21n * gwei,
      maxPriorityFeePerGas: gwei,
    });
    expect(offer({ baseFee: 150n * gwei, tip: 10n ** 17n }, 200)).to.deep.equal({
      maxFeePerGas: 200n * gwei,
      maxPriorityFeePerGas: 50n * gwei,
    });
    expect(() => offer({ baseFee: 201n * gwei, tip: 0n }, 200))
      .to.throw()
      .with.property("code", "CHAIN_FEES");
  });

  it("rise by a quarter at a time and stop at the maximum", () => {
    let fees = offer({ baseFee: gwei, tip: gwei }, 10);
    let steps = 0;
    for (let next = raised(fees, 10); next; next = raised(fees, 10)) {
      fees = next;
      steps++;
    }
    expect(steps).to.be.within(5, 8);
    expect(fees).to.deep.equal({ maxFeePerGas: 10n * gwei, maxPriorityFeePerGas: (10n * gwei) / 4n });
  });
});

describe("a sender at an endpoint that wants its users to pay", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  let proxy: RpcProxy;
  let signed: Transaction[];

  before(async () => {
    chain = await startHardhat();
    federation = await foundFederation(chain);
  });
  after(async () => {
    federation.close();
    await chain.stop();
  });
  beforeEach(async () => {
    proxy = await startProxy(chain.url);
    signed = [];
  });
  afterEach(() => proxy.stop());

  const open = (changes = {}) =>
    federation.open(federation.wallets[0], { endpoints: [proxy.url], timeoutMs: 20_000, ...changes });

  it("never signs a tip of 1e17 wei", async () => {
    const ledger = await open();
    proxy.rule = async ({ method, params, forward }) => {
      if (method === "eth_sendRawTransaction") signed.push(Transaction.from(params[0]));
      return method === "eth_maxPriorityFeePerGas" ? "0x16345785d8a0000" : forward();
    };
    await ledger.write("bindPeerKey", [digestOf("tip"), proof]);
    expect(signed.map(({ maxPriorityFeePerGas }) => maxPriorityFeePerGas)).to.deep.equal([50n * gwei]);
    expect(signed[0]!.maxFeePerGas! <= 200n * gwei).to.equal(true);
  });

  it("does not pay a base fee above the maximum, and names the maximum", async () => {
    const ledger = await open({ maxFeeGwei: 7 });
    proxy.rule = async ({ method, forward }) => {
      const result = await forward();
      return method === "eth_getBlockByNumber" ? { ...(result as object), baseFeePerGas: "0x174876e800" } : result;
    };
    const reason = await ledger.write("bindPeerKey", [digestOf("base"), proof]).catch((error) => error);
    expect([reason.code, reason.facts.maxFeeGwei]).to.deep.equal(["CHAIN_FEES", 7]);
    expect(reason.remedy).to.include("chain.maxFeeGwei");
  });

  it("never offers more than the maximum while receipts are withheld", async () => {
    const ledger = await open({ maxFeeGwei: 4, pollMs: 1 });
    const enough = 40;
    proxy.rule = async ({ method, params, forward }) => {
      if (method === "eth_sendRawTransaction") {
        signed.push(Transaction.from(params[0]));
        return signed.length < enough ? signed.at(-1)!.hash : forward();
      }
      return method === "eth_getTransactionReceipt" && signed.length < enough ? null : forward();
    };
    await ledger.write("bindPeerKey", [digestOf("withheld"), proof]);
    expect(signed).to.have.length(enough);
    expect(new Set(signed.map(({ maxFeePerGas }) => maxFeePerGas)).size).to.be.greaterThan(1);
    for (const { maxFeePerGas, maxPriorityFeePerGas } of signed) {
      expect([maxFeePerGas! <= 4n * gwei, maxPriorityFeePerGas! <= gwei]).to.deep.equal([true, true]);
    }
  });

  it("says that an account has no funds, or waits until it has some", async () => {
    const wallet = new Wallet(Wallet.createRandom().privateKey);
    await federation.owner.write("admit", [wallet.address, 1]);
    const args: [string, string] = [digestOf("funds"), proof];
    const atOnce = await federation.open(wallet);
    expect(await codeOf(atOnce.write("bindPeerKey", args))).to.equal("CHAIN_FUNDS");
    const told: string[] = [];
    let announce = () => {};
    const waits = new Promise<void>((resolve) => {
      announce = resolve;
    });
    const patient = await federation.open(wallet, {
      pollMs: 1,
      onUnfunded: (account) => {
        told.push(account);
        announce();
      },
    });
    const writing = patient.write("bindPeerKey", args);
    await waits;
    await chain.rpc("hardhat_setBalance", [wallet.address, "0xde0b6b3a7640000"]);
    expect((await writing).status).to.equal(1);
    expect(told).to.deep.equal([wallet.address.toLowerCase()]);
  });
});
