// Behaviour that only a real node shows: reorganisations, restarts, a transaction pool that is emptied.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import type { Log } from "../../../protocol/ports.ts";
import { hasAnvil, startAnvil } from "./chain.ts";
import { digestOf, foundFederation, type TestFederation } from "./federation.ts";

const plan = digestOf("plan");
const base = digestOf("base");
type Anvil = Awaited<ReturnType<typeof startAnvil>>;

describe("the ledger on anvil", () => {
  let dir: string;
  let chain: Anvil;
  let federation: TestFederation;

  before(function () {
    if (!hasAnvil()) this.skip();
  });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-anvil-"));
    chain = await startAnvil(["--state", join(dir, "state.json")]);
    federation = await foundFederation(chain);
  });
  afterEach(async () => {
    federation?.close();
    await chain?.stop();
    await rm(dir, { recursive: true });
  });

  const mine = (blocks: number) => chain.rpc("anvil_mine", [`0x${blocks.toString(16)}`]);

  it("reads only what is left after a reorganisation", async () => {
    const [first, second] = federation.hospitals;
    const round = await first!.openRound({ plan, base });
    await mine(1);
    await second!.commitUpdate({ round, manifest: digestOf("gone"), sampleCount: 7 });
    const reader = await federation.open(undefined, { freshMs: 0 });
    expect((await reader.round(round)).commitments).to.have.length(1);
    await chain.rpc("anvil_reorg", [1, []]);
    await mine(1);
    const left = await chain.rpc("eth_getTransactionCount", [second!.self, "latest"]);
    expect((await reader.round(round)).commitments).to.have.length(Number(left));
    expect(Number(left)).to.equal(0);
    await second!.commitUpdate({ round, manifest: digestOf("stays"), sampleCount: 7 });
    expect((await reader.round(round)).commitments.map(({ manifest }) => manifest)).to.deep.equal([digestOf("stays")]);
  });

  it("follows a reorganisation deeper than its confirmations back to the beginning", async () => {
    const [first] = federation.hospitals;
    const reader = await federation.open(undefined, { confirmations: 1, freshMs: 0 });
    const round = await first!.openRound({ plan, base });
    await mine(3);
    expect(await reader.latestRound()).to.equal(round);
    await chain.rpc("anvil_reorg", [4, []]);
    await mine(2);
    expect(await reader.latestRound()).to.equal(0);
    const events: LedgerEvent[] = [];
    for await (const event of reader.history()) events.push(event);
    expect(events.some(({ kind }) => kind === "round-opened")).to.equal(false);
  });

  it("sends a write again if a reorganisation removed it before it was confirmed", async () => {
    const wallet = federation.wallets[0]!;
    const careful = await federation.open(wallet, { confirmations: 3 });
    const opening = careful.openRound({ plan, base });
    while (Number(await chain.rpc("eth_getTransactionCount", [wallet.address, "latest"])) === 0);
    await chain.rpc("anvil_reorg", [1, []]);
    const stop = new AbortController();
    const mining = (async () => {
      while (!stop.signal.aborted) await mine(1);
    })();
    expect(await opening).to.equal(1);
    stop.abort();
    await mining;
    expect(await careful.latestRound()).to.equal(1);
    expect(Number(await chain.rpc("eth_getTransactionCount", [wallet.address, "latest"]))).to.equal(1);
  });

  it("sends a transaction again if the node dropped it from its pool", async () => {
    const [first] = federation.hospitals;
    await chain.rpc("evm_setAutomine", [false]);
    const opening = first!.openRound({ plan, base });
    const pooled = async () =>
      (await chain.rpc("txpool_content")) as { pending: Record<string, Record<string, { hash: string }>> };
    const hashes = async () =>
      Object.values((await pooled()).pending).flatMap((each) => Object.values(each).map(({ hash }) => hash));
    while ((await hashes()).length === 0);
    for (const hash of await hashes()) await chain.rpc("anvil_dropTransaction", [hash]);
    expect(await hashes()).to.deep.equal([]);
    while ((await hashes()).length === 0);
    await chain.rpc("evm_setAutomine", [true]);
    await mine(1);
    expect(await opening).to.equal(1);
  });

  it("continues after a restart of its endpoint, writes in flight included", async () => {
    const [first] = federation.hospitals;
    let fail = () => {};
    const failed = new Promise<void>((resolve) => {
      fail = resolve;
    });
    const log: Log = { child: () => log, debug() {}, info() {}, warn: () => fail(), error() {} };
    const second = await federation.open(federation.wallets[1], { log });
    const round = await first!.openRound({ plan, base });
    expect(await second.latestRound()).to.equal(1);
    await chain.stop();
    const committing = second.commitUpdate({ round, manifest: digestOf("m"), sampleCount: 7 });
    const reading = first!.members();
    await failed;
    chain = await startAnvil(["--state", join(dir, "state.json")], chain.port);
    expect(await reading).to.have.length(4);
    await committing;
    expect((await first!.round(round)).commitments).to.have.length(1);
  });

  it("waits for confirmations on a chain that mines at intervals", async () => {
    await chain.rpc("evm_setAutomine", [false]);
    await chain.rpc("evm_setIntervalMining", [1]);
    const careful = await federation.open(federation.wallets[0], { confirmations: 1 });
    const started = Number(await chain.rpc("eth_blockNumber"));
    expect(await careful.openRound({ plan, base })).to.equal(1);
    expect(Number(await chain.rpc("eth_blockNumber")) - started).to.be.at.least(2);
  });
});
