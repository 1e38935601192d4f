// Decoders of what RPC endpoints, federation files and keystores hold.

import { AbiCoder, type ParamType } from "ethers";
import { describeFederation, readFederationFile, writeFederationFile } from "../../io/chain/federation-file.ts";
import { parseAnswer } from "../../io/chain/json-rpc.ts";
import { createKeystore, openKeystore, readKeystore } from "../../io/chain/keystore.ts";
import { decodeRevert } from "../../io/chain/reverts.ts";
import {
  parseAmount,
  parseBytes,
  parseHeader,
  parseLogs,
  parseQuantity,
  parseReceipt,
} from "../../io/chain/rpc-values.ts";
import { decodeReturned, parseEvent, trainingRoundsInterface } from "../../io/chain/training-rounds.ts";
import { address, type Decoder, digest, ofFile, ofHex, ofValue, text, utf8 } from "./decoder.ts";

/** Some value of a Solidity type. */
function valueOfType({ type, components, arrayChildren }: ParamType): unknown {
  if (arrayChildren) return [valueOfType(arrayChildren)];
  if (components) return components.map(valueOfType);
  if (type === "address") return address;
  if (type === "bool") return true;
  if (type === "string") return "text";
  return type === "bytes32" ? digest : type === "bytes" ? "0x0102" : 1;
}

function eventLog(name: string) {
  return trainingRoundsInterface.encodeEventLog(name, trainingRoundsInterface.getEvent(name)!.inputs.map(valueOfType));
}

function answerOf(name: string): string {
  const { outputs } = trainingRoundsInterface.getFunction(name)!;
  return trainingRoundsInterface.encodeFunctionResult(name, outputs.map(valueOfType));
}

/** The bytes of each error of the contract, and of a require with a text. */
function reverts(): string[] {
  const ours: string[] = [];
  trainingRoundsInterface.forEachError((error) => {
    ours.push(trainingRoundsInterface.encodeErrorResult(error, error.inputs.map(valueOfType)));
  });
  const text = AbiCoder.defaultAbiCoder().encode(["string"], ["not today"]);
  return [...ours, `0x08c379a0${text.slice(2)}`];
}

const event = eventLog("UpdateCommitted");
const log = {
  address,
  topics: event.topics,
  data: event.data,
  blockNumber: "0x10",
  blockHash: digest,
  logIndex: "0x0",
  transactionHash: digest,
  blockTimestamp: "0x66000000",
};

/** What an endpoint answers, as a revert and as a result. */
const envelopes = [
  { jsonrpc: "2.0", id: 1, result: { number: "0x10" } },
  { jsonrpc: "2.0", id: 1, error: { code: 3, message: "execution reverted", data: { data: "0x08c379a0" } } },
  { jsonrpc: "2.0", id: 1, error: { code: -32005, message: "limit exceeded", data: { rate: { backoff_seconds: 3 } } } },
];

export const chainDecoders: readonly Decoder[] = [
  ...[200, 429, 503].map((status): Decoder => {
    const response = { status, headers: new Headers({ "retry-after": "2" }) };
    const call = { url: "http://user:secret@127.0.0.1:8545", method: "eth_getLogs", endpoint: "127.0.0.1:8545" };
    return {
      functions: ["parseAnswer"],
      form: "json",
      // A refusal is an error of the table, too.
      samples: () => (status === 200 ? [utf8(JSON.stringify(envelopes[0]))] : []),
      mutated: () => envelopes.map((each) => utf8(JSON.stringify(each))),
      decode: (bytes) => parseAnswer(text(bytes), response, call),
    };
  }),
  ofValue(["parseQuantity"], ["0x1f"], parseQuantity),
  ofValue(["parseAmount"], ["0xde0b6b3a7640000"], parseAmount),
  ofValue(["parseBytes"], ["0x00ff"], parseBytes),
  ofValue(["parseLogs"], [[log, log]], parseLogs),
  ofValue(
    ["parseHeader"],
    [{ number: "0x10", hash: digest, parentHash: digest, timestamp: "0x66000000", baseFeePerGas: "0x7" }],
    parseHeader,
  ),
  ofValue(
    ["parseReceipt"],
    [{ transactionHash: digest, blockNumber: "0x10", blockHash: digest, status: "0x1", gasUsed: "0x9", logs: [log] }],
    parseReceipt,
  ),
  // A log's schema is checked before its event is decoded.
  ofValue(["parseEvent"], [[log]], async (value) => (await parseLogs(value)).map((each) => parseEvent(each))),
  ofHex(["parseEvent"], [event.data], (data) => parseEvent({ topics: event.topics, data })),
  ofHex(["decodeReturned"], [answerOf("latestRound")], (data) => decodeReturned("latestRound", data)),
  ofHex(["decodeRevert"], reverts(), decodeRevert),
  ofFile(
    ["readFederationFile"],
    "json",
    (path) =>
      writeFederationFile(
        path,
        describeFederation({
          federation: { chainId: 31337, contract: address },
          fromBlock: 12,
          codeDigest: digest,
          predecessor: address,
        }),
      ),
    readFederationFile,
  ),
  ofFile(
    ["openKeystore", "readKeystore"],
    "json",
    (path) => createKeystore(path, "correct horse", { n: 2 }),
    async (path) => [await readKeystore(path), await openKeystore(path, "correct horse")],
  ),
];
