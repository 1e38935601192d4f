import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { mendJournal } from "../../scripts/deploy/mend-journal.ts";

const sender = "0xAa00000000000000000000000000000000000001";
const contract = "0xCc00000000000000000000000000000000000002";
const future = "Federation#admit_000";
const begun = { type: "CALL_EXECUTION_STATE_INITIALIZE", futureId: future };
const requested = {
  type: "NETWORK_INTERACTION_REQUEST",
  futureId: future,
  networkInteraction: { id: 1, to: contract, data: "0xbcc13a83" },
};
const prepared = { type: "TRANSACTION_PREPARE_SEND", futureId: future, networkInteractionId: 1, nonce: 4 };
const sent = { type: "TRANSACTION_SEND", futureId: future, networkInteractionId: 1, nonce: 4 };
const transaction = {
  hash: "0x01",
  from: sender.toLowerCase(),
  to: contract.toLowerCase(),
  input: "0xbcc13a83",
  nonce: "0x4",
  maxFeePerGas: "0x10",
  maxPriorityFeePerGas: "0x2",
};

describe("the journal of a founding that was killed", () => {
  let dir: string;
  let path: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-journal-"));
    path = join(dir, "journal.jsonl");
  });
  afterEach(() => rm(dir, { recursive: true }));

  /** A chain with one transaction of the sender in its second block, or none. */
  const provider = (mined: object | undefined, count = mined ? 5 : 4) => ({
    async request({ method, params }: { method: string; params?: unknown[] }) {
      if (method === "eth_getTransactionCount") return `0x${count.toString(16)}`;
      if (method === "eth_blockNumber") return "0x3";
      return { timestamp: "0x64", transactions: params?.[0] === "0x2" && mined ? [mined] : [] };
    },
  });
  const mend = async (messages: readonly (object | string)[], chain: ReturnType<typeof provider>, since = 100) => {
    const line = (each: object | string) => (typeof each === "string" ? each : JSON.stringify(each));
    await writeFile(path, messages.map((each) => `\n${line(each)}`).join(""));
    await mendJournal(path, { provider: chain, sender, since });
    return (await readFile(path, "utf8"))
      .split("\n")
      .filter(Boolean)
      .map((each) => JSON.parse(each));
  };

  it("stays as it is where nothing is open", async () => {
    const whole = [begun, requested, prepared, { ...sent, transaction: { hash: "0x01" } }];
    expect(await mend(whole, provider(transaction))).to.deep.equal(whole);
  });

  it("loses a last line that was not written to its end, and no other", async () => {
    expect(await mend([begun, requested, '{"type":"TRANS'], provider(undefined))).to.deep.equal([begun, requested]);
    const damaged = mend([begun, '{"type":"TRANS', requested], provider(undefined));
    expect(
      await damaged.then(
        () => undefined,
        ({ code }) => code,
      ),
    ).to.equal("DEPLOY_JOURNAL_MALFORMED");
  });

  it("loses a step that was announced and not begun", async () => {
    const other = { type: "CALL_EXECUTION_STATE_INITIALIZE", futureId: "Federation#admit_001" };
    expect(await mend([begun, other, requested], provider(undefined))).to.deep.equal([begun, requested]);
  });

  it("gets the hash of a transaction that was sent and not noted", async () => {
    const fees = {
      maxFeePerGas: { _kind: "bigint", value: "16" },
      maxPriorityFeePerGas: { _kind: "bigint", value: "2" },
    };
    const noted = { ...sent, transaction: { hash: "0x01", fees } };
    const next = { type: "CALL_EXECUTION_STATE_INITIALIZE", futureId: "Federation#admit_001" };
    const nextRequested = { ...requested, futureId: "Federation#admit_001" };
    expect(await mend([begun, requested, prepared, next, nextRequested], provider(transaction))).to.deep.equal([
      ...[begun, requested, prepared, noted, next, nextRequested],
    ]);
  });

  it("forgets a sending that never happened, or whose nonce went to something else", async () => {
    const open = [begun, requested, prepared];
    expect(await mend(open, provider(undefined))).to.deep.equal([begun, requested]);
    for (const other of [{ input: "0x1234" }, { to: sender.toLowerCase() }, { to: null }, { from: contract }]) {
      expect(await mend(open, provider({ ...transaction, ...other })), JSON.stringify(other)).to.deep.equal([
        begun,
        requested,
      ]);
    }
  });

  it("searches the chain no further back than the journal reaches", async () => {
    const chain = provider(transaction);
    expect(await mend([begun, requested, prepared], chain, 100 + 901)).to.deep.equal([begun, requested]);
  });
});
