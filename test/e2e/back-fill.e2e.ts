// A year of rounds read from logs, from a fake endpoint that computes its events.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { AbiCoder, keccak256, toBeHex, ZeroAddress, ZeroHash, zeroPadValue } from "ethers";
import { openLedger } from "../../io/chain/ledger.ts";
import { trainingRoundsInterface } from "../../io/chain/training-rounds.ts";
import type { LedgerEvent } from "../../protocol/contract/events.ts";
import { parseAddress, type RoundId } from "../../protocol/format/digest.ts";
import { digestOf } from "../io/chain/federation.ts";

const contract = parseAddress(`0x${"cc".repeat(20)}`);
const hospitals = ["a1", "a2", "a3"].map((byte) => parseAddress(`0x${byte.repeat(20)}`));
const rounds = 365;
/** One round a day, one block in 12 s. */
const blocksPerRound = 7200;
const head = (rounds + 2) * blocksPerRound;
const codec = AbiCoder.defaultAbiCoder();

describe("a year of rounds", () => {
  let server: Server;
  let url: string;
  let widest = 0;

  before(async () => {
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result: answer(method, params) }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  // biome-ignore lint/suspicious/noExplicitAny: JSON-RPC
  function answer(method: string, params: any[]): unknown {
    if (method === "eth_chainId") return "0x1";
    if (method === "eth_getCode") return "0x60";
    if (method === "eth_blockNumber") return toBeHex(head);
    if (method === "eth_getBlockByNumber") return header(params[0] === "latest" ? head : Number(params[0]));
    if (method === "eth_call") return latestRound();
    if (method !== "eth_getLogs") throw new Error(method);
    const [from, to] = [Number(params[0].fromBlock), Number(params[0].toBlock)];
    widest = Math.max(widest, to - from + 1);
    const logs: object[] = from === 0 ? foundingLogs() : [];
    const first = Math.max(1, Math.ceil(from / blocksPerRound));
    for (let round = first; round <= rounds && round * blocksPerRound <= to; round++) logs.push(...roundLogs(round));
    return logs;
  }

  const open = () =>
    openLedger({ federation: { chainId: 1, contract }, fromBlock: 0, endpoints: [url], confirmations: 12 });

  it("is read as a stream that keeps no event", async () => {
    const ledger = await open();
    const events: WeakRef<LedgerEvent>[] = [];
    for await (const event of ledger.history()) {
      events.push(new WeakRef(event));
      if (events.length % 400 !== 0) continue;
      await setImmediate(); // a WeakRef keeps its event until the end of the turn
      collectGarbage();
      // Only events of the current range of blocks remain: at most two rounds.
      expect(events.filter((each) => each.deref()).length).to.be.below(2 * 9);
    }
    expect(events).to.have.length(6 + rounds * 9);
    ledger.close();
  });

  it("is read in bounded pieces, and held in a few megabytes", async () => {
    const ledger = await open();
    const before = heap(); // the test before has compiled the code and filled the caches
    expect(await ledger.latestRound()).to.equal(rounds);
    const grown = heap() - before;
    expect(widest).to.be.at.most(10_000);
    expect(grown).to.be.below(6 << 20);
    for (const id of [1, 199, 365] as RoundId[]) {
      const { model, commitments } = await ledger.round(id);
      expect([model, commitments.length]).to.deep.equal([digestOf(`model ${id}`), 3]);
    }
    ledger.close();
  });
});

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of reachable objects. */
function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function header(number: number) {
  const hash = keccak256(zeroPadValue(toBeHex(number + 1), 32));
  return { number: toBeHex(number), hash, parentHash: ZeroHash, timestamp: toBeHex(number * 12), baseFeePerGas: "0x1" };
}

function log(block: number, logIndex: number, name: string, args: unknown[]) {
  const { topics, data } = trainingRoundsInterface.encodeEventLog(name, args);
  const blockNumber = toBeHex(block);
  const { hash: blockHash } = header(block);
  const transactionHash = keccak256(zeroPadValue(toBeHex(block * 100 + logIndex + 1), 32));
  const place = { blockNumber, blockHash, logIndex: logIndex === 0 ? "0x0" : toBeHex(logIndex), transactionHash };
  return { address: contract, topics, data, ...place, removed: false, blockTimestamp: toBeHex(block * 12) };
}

function foundingLogs(): object[] {
  const terms = [600, 300, 200, 2, 3, 1000, 0, 0];
  return [
    log(0, 0, "TermsSet", [terms]),
    log(0, 1, "FederationFounded", [ZeroAddress]),
    log(0, 2, "PlanAgreed", [digestOf("plan"), digestOf("genesis")]),
    ...hospitals.map((each, i) => log(0, i + 3, "MemberAdmitted", [each, i, 1, 1])),
  ];
}

function roundLogs(round: number): object[] {
  const block = round * blocksPerRound;
  const base = digestOf(round === 1 ? "genesis" : `model ${round - 1}`);
  const model = digestOf(`model ${round}`);
  const all = 7n;
  return [
    log(block, 0, "RoundOpened", [
      round,
      hospitals[0],
      digestOf("plan"),
      base,
      all,
      block * 12 + 600,
      block * 12 + 900,
    ]),
    ...hospitals.map((each, i) =>
      log(block, 1 + i, "UpdateCommitted", [round, each, digestOf(`${round} ${i}`), 10 + i]),
    ),
    log(block, 4, "ModelProposed", [round, hospitals[0], 1, model, all, commitmentsHash(round), block * 12 + 200]),
    ...hospitals.map((each, i) => log(block, 5 + i, "Attested", [round, each, 1, true, ZeroHash])),
    log(block, 8, "RoundFinalised", [round, 1, model]),
  ];
}

const hashes = [ZeroHash];

/** Of all commitments up to this round. */
function commitmentsHash(until: number): string {
  for (let round = hashes.length; round <= until; round++) {
    let hash = hashes[round - 1]!;
    for (const [i, each] of hospitals.entries()) {
      const types = ["bytes32", "uint32", "address", "bytes32", "uint32"];
      hash = keccak256(codec.encode(types, [hash, round, each, digestOf(`${round} ${i}`), 10 + i]));
    }
    hashes.push(hash);
  }
  return hashes[until]!;
}

function latestRound(): string {
  const hash = commitmentsHash(rounds);
  const [type] = trainingRoundsInterface.getFunction("latestRound")?.outputs ?? [];
  const view = [rounds, 4, 0, 0, 1, 0, 3, 3, 0, 1000, 0, 0, 0, 7n, 0n, hash, ZeroHash, digestOf(`model ${rounds}`)];
  return codec.encode([type!], [view]);
}
