// Every decoder of foreign bytes of the project, with a real sample of what it decodes. A decoder that is not here, and
// not among the exceptions, fails test/decoders/decoders.test.ts.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TextReader, Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { AbiCoder, type ParamType } from "ethers";
import { PNG } from "pngjs";
import { parseAggregatorConfig } from "../../aggregator/config.ts";
import { decodeFrames } from "../../imaging/dicom/decode-frames.ts";
import { readInstance, readInstanceHeader } from "../../imaging/dicom/read-instance.ts";
import { encodeShardIndex, readShardIndex, shardFiles, shardRoot } from "../../imaging/shard/shard-format.ts";
import { readLabelRows } from "../../imaging/source/label-rows.ts";
import { openArchive, readBytes } from "../../imaging/source/listing.ts";
import { decodePicture } from "../../imaging/source/picture.ts";
import { describeFederation, readFederationFile, writeFederationFile } from "../../io/chain/federation-file.ts";
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
import {
  decodeOpening,
  decodeRequest,
  decodeResponseHeader,
  encodeRequest,
  encodeResponseHeader,
} from "../../io/p2p/blob-frames.ts";
import { loadPeerKey } from "../../io/p2p/identity.ts";
import { openPeerKeyFile } from "../../io/p2p/key-file.ts";
import { parseMultiaddr } from "../../io/p2p/multiaddrs.ts";
import { decodeRecords, encodeRecords, openSignedAddresses, signAddresses } from "../../io/p2p/peer-records.ts";
import { parseHospitalConfig } from "../../node/config.ts";
import { decodeEntries, type Entry, encodeEntries } from "../../party/backup/entries.ts";
import { seal, unseal } from "../../party/backup/sealed-file.ts";
import { decodeAnnouncement, encodeAnnouncement } from "../../protocol/format/announcement.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import { type Digest, parseAddress, parseDigest, parseRoundId } from "../../protocol/format/digest.ts";
import { decodeManifest, signManifest } from "../../protocol/format/manifest.ts";
import { outlineOf } from "../../protocol/format/merkle.ts";
import { decodeOutline, encodeOutline } from "../../protocol/format/outline.ts";
import { decodePlan, encodePlan } from "../../protocol/format/plan.ts";
import { decodeRefusal, encodeRefusal } from "../../protocol/format/refusal.ts";
import { decodeSafetensors, parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import { decodeValidationScores, encodeValidationScores } from "../../protocol/format/validation-scores.ts";
import { memorySource } from "../../protocol/update/byte-source.ts";
import { decodeExponents, encodeExponents } from "../../protocol/update/step-exponents.ts";
import { verifyUpdate } from "../../protocol/update/verify-update.ts";
import { mendJournal } from "../../scripts/deploy/mend-journal.ts";
import { examplePlan } from "../fakes/federation.ts";
import { fakeSignatures } from "../fakes/party-ports.ts";
import { sampleFiles, scans } from "../imaging/dicom/samples.ts";
import { modelOf, planOf } from "../protocol/strategy/small-federation.ts";
import { make } from "../protocol/update/one-update.ts";
import type { Decoder } from "./decoder.ts";
import { pacsDecoders } from "./pacs-decoders.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const json = (value: unknown) => utf8(JSON.stringify(value));
const digest = `0x${"1d".repeat(32)}` as Digest;
const address = parseAddress(`0x${"a1".repeat(20)}`);
const round = parseRoundId(3);

/** The value of JSON bytes; undefined for bytes that are no JSON, which a decoder of values never sees. */
function parsedJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text(bytes)) };
  } catch {
    return undefined;
  }
}

function ofValue(
  functions: readonly string[],
  samples: readonly unknown[],
  decode: (value: unknown) => unknown,
): Decoder {
  return {
    functions,
    form: "json",
    samples: () => samples.map(json),
    decode: (bytes) => {
      const parsed = parsedJson(bytes);
      return parsed && decode(parsed.value);
    },
  };
}

/** Of bytes that come as 0x and hex digits. */
function ofHex(functions: readonly string[], samples: readonly string[], decode: (hex: string) => unknown): Decoder {
  return {
    functions,
    form: "bytes",
    samples: () => samples.map((hex) => Uint8Array.from(Buffer.from(hex.slice(2), "hex"))),
    decode: (bytes) => decode(`0x${Buffer.from(bytes).toString("hex")}`),
  };
}

function ofFile(
  functions: readonly string[],
  form: Decoder["form"],
  write: (path: string) => Promise<unknown>,
  read: (path: string) => Promise<unknown>,
  numRuns = 60,
): Decoder {
  return {
    functions,
    form,
    numRuns,
    samples: async (dir) => {
      const path = join(dir, "sample");
      await write(path);
      return [await readFile(path)];
    },
    decode: async (bytes, dir) => {
      const path = join(dir, "mutated");
      await writeFile(path, bytes);
      return read(path);
    },
  };
}

const statement = {
  version: 1 as const,
  chainId: 31337,
  contract: address,
  round,
  trainedIn: round,
  hospital: address,
  plan: digest,
  base: digest,
  update: digest,
  updateBytes: 4096,
  sampleCount: 12,
  shard: digest,
  quarantine: digest,
  finalLoss: 0.25,
  seconds: 9.5,
  software: "consilium",
};

const protocolDecoders: readonly Decoder[] = [
  {
    functions: ["decodeManifest", "parseCanonical"],
    form: "json",
    samples: async () => [await signManifest(statement, fakeSignatures(address))],
    decode: decodeManifest,
  },
  { functions: ["decodePlan"], form: "json", samples: () => [encodePlan(examplePlan())], decode: decodePlan },
  {
    functions: ["decodeValidationScores"],
    form: "json",
    samples: () => {
      const named = { round, hospital: address, model: digest };
      const predictions = Array.from({ length: 40 }, (_, i) => ({
        patient: `p${i}`,
        score: i / 40,
        label: (i % 2) as 0 | 1,
      }));
      const before = {
        version: 1,
        kind: "scores",
        ...named,
        patients: [
          [0.25, 0],
          [0.5, 1],
        ],
      };
      return [encodeValidationScores({ ...named, predictions }), canonicalBytes(before)];
    },
    decode: decodeValidationScores,
  },
  {
    functions: ["decodeRefusal"],
    form: "json",
    samples: () => [
      encodeRefusal({
        version: 1,
        kind: "refusal",
        round,
        proposal: 1,
        proposer: address,
        code: "WRONG_MODEL",
        expected: digest,
      }),
    ],
    decode: decodeRefusal,
  },
  {
    functions: ["decodeAnnouncement"],
    form: "json",
    samples: () => [
      encodeAnnouncement({
        version: 1,
        chainId: 31337,
        contract: address,
        kind: "manifest",
        round,
        hospital: address,
        digest,
        bytes: 700,
      }),
    ],
    decode: decodeAnnouncement,
  },
  {
    functions: ["decodeSafetensors", "parseSafetensorsHeader"],
    form: "json",
    samples: () => [modelOf({ "stem/a": [1, 2, 3], "stem/b": [4] })],
    decode: (bytes) => [decodeSafetensors(bytes), parseSafetensorsHeader(bytes, bytes.length)],
  },
  ...[1, 0.5].map((topFraction): Decoder => {
    const plan = planOf("fedavg", { update: { topFraction } });
    const base = modelOf({ a: [1, 2, 3], b: [4, 5] });
    return {
      functions: ["verifyUpdate", "openUpdate", "readHeader"],
      form: "json",
      samples: () => [make({ base, local: modelOf({ a: [2, 0, 3], b: [4, 9] }), plan }).update],
      decode: (bytes) => verifyUpdate(memorySource(bytes), { base: parseSafetensorsHeader(base, base.length), plan }),
    };
  }),
  {
    functions: ["decodeOutline"],
    form: "bytes",
    samples: () => [encodeOutline(outlineOf(new Uint8Array(5 << 20)))],
    decode: decodeOutline,
  },
  {
    functions: ["decodeExponents"],
    form: "json",
    samples: () => [utf8(encodeExponents([-3, 0, 7]))],
    decode: (bytes) => decodeExponents(text(bytes), 3),
  },
  ofValue(["parseDigest"], [digest], parseDigest),
  ofValue(["parseAddress"], [address], parseAddress),
  ofValue(["parseRoundId"], [7], parseRoundId),
];

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

const peerRecord = async (): Promise<Uint8Array> => {
  const key = await loadPeerKey(new Uint8Array(32).fill(7));
  return (await signAddresses(key, [parseMultiaddr("/ip4/192.0.2.1/tcp/4710")], 1n)).bytes;
};

const ioDecoders: readonly Decoder[] = [
  {
    functions: ["decodeRequest"],
    form: "bytes",
    samples: () => [encodeRequest({ kind: "outline", digest }), encodeRequest({ kind: "chunk", digest, index: 9 })],
    decode: decodeRequest,
  },
  {
    functions: ["decodeResponseHeader"],
    form: "bytes",
    samples: () => [encodeResponseHeader("ok", 1000), encodeResponseHeader("unknown", 0)],
    decode: (bytes) => [decodeResponseHeader(bytes, "chunk"), decodeResponseHeader(bytes, "outline")],
  },
  {
    functions: ["decodeOpening"],
    form: "bytes",
    samples: () => {
      const whole = utf8("a whole object");
      return [Uint8Array.from([...encodeOutline(outlineOf(whole)), ...whole])];
    },
    decode: decodeOpening,
  },
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
  ofFile(["openPeerKeyFile"], "bytes", openPeerKeyFile, openPeerKeyFile),
  {
    functions: ["parseMultiaddr"],
    form: "bytes",
    samples: () => [utf8("/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf")],
    decode: (bytes) => parseMultiaddr(text(bytes)),
  },
  {
    functions: ["openSignedAddresses"],
    form: "bytes",
    samples: async () => [await peerRecord()],
    decode: openSignedAddresses,
  },
  {
    functions: ["decodeRecords"],
    form: "bytes",
    samples: async () => [encodeRecords([await peerRecord(), utf8("not a record")])],
    decode: decodeRecords,
  },
];

const site = {
  federation: { chainId: 1, contract: address, fromBlock: 3, codeDigest: digest },
  chain: { endpoints: ["http://127.0.0.1:8545"], confirmations: 1, pollMs: 500 },
  keys: { keystore: "keystore.json", passwordFile: "password", peerKey: "/keys/peer" },
  network: { listen: ["/ip4/0.0.0.0/tcp/4710"], peers: [], relay: false, serveAuditors: true },
  store: "store",
};
const emptyChain = {
  request: async ({ method }: { method: string }) =>
    method === "eth_getBlockByNumber" ? { timestamp: "0x0", transactions: [] } : "0x0",
};
async function* piecesOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 50) yield bytes.subarray(start, start + 50);
}

async function* backupEntries(): AsyncIterable<Entry> {
  yield { kind: "keystore", name: "keystore.json", size: 80, content: piecesOf(new Uint8Array(80)) };
  yield { kind: "note", name: "residual", size: 3, content: piecesOf(utf8("abc")) };
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Uint8Array.from(Buffer.concat(all));
}

const log2N = 4;
const partyDecoders: readonly Decoder[] = [
  {
    functions: ["decodeEntries"],
    form: "json",
    samples: async () => [await joined(encodeEntries(backupEntries()))],
    decode: async (bytes) => {
      for await (const { content } of decodeEntries(piecesOf(bytes))) await joined(content);
    },
  },
  {
    functions: ["unseal"],
    form: "bytes",
    samples: async () => [await joined(seal(piecesOf(new Uint8Array(300)), "correct horse", { log2N }))],
    decode: (bytes) => {
      // The cost of scrypt stays low: up to 2^20 is allowed, and takes a second and 1 GiB.
      const cheap = Uint8Array.from(bytes);
      if (cheap.length > 9) cheap[9] = Math.min(cheap[9]!, log2N);
      return joined(unseal(piecesOf(cheap), "correct horse"));
    },
  },
  ofValue(["parseHospitalConfig", "parsePartyConfig"], [{ ...site, shard: "shard", plan: digest }], (value) =>
    parseHospitalConfig(value, { baseDir: "/site" }),
  ),
  ofValue(["parseAggregatorConfig"], [{ ...site, plan: "plan.json", genesis: "first" }], (value) =>
    parseAggregatorConfig(value, { baseDir: "/site" }),
  ),
  ofFile(
    ["mendJournal"],
    "json",
    (path) =>
      writeFile(
        path,
        [
          { type: "DEPLOYMENT_INITIALIZE", chainId: 31337 },
          { type: "CALL_EXECUTION_STATE_INITIALIZE", futureId: "a" },
          {
            type: "NETWORK_INTERACTION_REQUEST",
            futureId: "a",
            networkInteraction: { id: 1, to: address, data: "0x" },
          },
          { type: "TRANSACTION_PREPARE_SEND", futureId: "a", networkInteractionId: 1, nonce: 4 },
        ]
          .map((message) => `\n${JSON.stringify(message)}`)
          .join(""),
      ),
    (path) => mendJournal(path, { provider: emptyChain, sender: address, since: 0 }),
  ),
];

function shardIndex() {
  const scan = {
    patient: "0123456789abcdef",
    label: 1 as const,
    split: "train" as const,
    slices: 4,
    offset: 0,
    pixels: "ab".repeat(32),
    salt: "cd".repeat(32),
    series: "0123456789abcdef",
    inputs: "0123456789abcdef",
    facts: {
      format: "dicom" as const,
      manufacturer: "GE",
      model: "",
      kernel: "LUNG",
      storedSlices: 4,
      rows: 48,
      columns: 48,
      pixelMm: 0.7,
      spacingMm: 2,
      thicknessMm: 2,
      transferSyntax: "1.2.840.10008.1.2.1",
      position: "FFS",
      duplicates: 0,
      gaps: 0,
      mixedSpacing: false,
      tiltDegrees: 0,
      lungMl: 4000,
      warnings: [],
    },
  };
  return {
    version: 1 as const,
    height: 16,
    width: 16,
    windows: ["lung" as const],
    root: shardRoot([scan]),
    quarantine: digest,
    rule: { seed: 7, train: 0.6, validation: 0.2, test: 0.2 },
    source: "0123456789abcdef",
    scans: [scan],
  };
}

const imagingDecoders: readonly Decoder[] = [
  {
    functions: ["readLabelRows"],
    form: "bytes",
    samples: () => [utf8('patient,label,file\n"p1",covid,a/x.jpg\r\np12,noncovid,\n')],
    decode: readLabelRows,
  },
  {
    functions: ["readInstance", "readInstanceHeader", "parseElements", "decodeFrames"],
    form: "bytes",
    samples: () => [sampleFiles(scans[0]!, "explicit-little")[1]!],
    decode: async (bytes) => {
      readInstanceHeader(bytes);
      let frames = 0;
      for await (const _ of decodeFrames(readInstance(bytes))) frames++;
      return frames;
    },
  },
  {
    functions: ["decodePicture"],
    form: "bytes",
    samples: () => [PNG.sync.write(new PNG({ width: 8, height: 6 }))],
    decode: decodePicture,
  },
  {
    functions: ["openArchive", "readZipDirectory", "openZipEntry", "readBytes"],
    form: "bytes",
    numRuns: 60,
    samples: async () => {
      const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
      await writer.add("p1/a.dcm", new Uint8ArrayReader(Uint8Array.from({ length: 200 }, (_, i) => i)));
      await writer.add("labels.csv", new TextReader("patient,label\np1,covid"), { level: 0 });
      return [await writer.close()];
    },
    decode: async (bytes, dir) => {
      const path = join(dir, "mutated.zip");
      await writeFile(path, bytes);
      const archive = await openArchive(path, { password: undefined });
      try {
        for (const file of archive.files) await readBytes(file);
      } finally {
        await archive.close();
      }
    },
  },
  {
    functions: ["readShardIndex"],
    form: "json",
    numRuns: 100,
    samples: () => [utf8(encodeShardIndex(shardIndex()))],
    decode: async (bytes, dir) => {
      await writeFile(join(dir, shardFiles.index), bytes);
      return readShardIndex(dir);
    },
  },
];

export const decoders: readonly Decoder[] = [
  ...protocolDecoders,
  ...ioDecoders,
  ...partyDecoders,
  ...imagingDecoders,
  ...pacsDecoders,
];

/** Exported functions named decode... or parse... that are not on the list, each with the reason. */
export const exceptions: Readonly<Record<string, string>> = {
  decode: "the reconstruction decoder of the network: tensors, no bytes",
  decodeByWasm: "codecs behind decodeFrames; fuzzed in test/imaging/dicom/fuzz.test.ts",
  decodeFrame: "one frame of decodeFrames",
  decodeLosslessJpeg: "a codec behind decodeFrames; fuzzed in test/imaging/dicom/fuzz.test.ts",
  decodeRle: "a codec behind decodeFrames; fuzzed in test/imaging/dicom/fuzz.test.ts",
  decodeStoredValues: "a part of decodeFrames",
  parseAddressOption: "an option of the command line, through parseAddress",
  parseCount: "an option of the command line",
  parseCrossOptions: "options of the command line",
  parseDuration: "an option of the command line",
  parseImportOptions: "options of the command line",
  parseInstance: "a message of this program's own thread",
  parseOptions: "options of the command line",
  parsePacsAddress: "an argument of the command line",
  parseSettings: "options of the command line",
  parseTerms: "options of the command line",
};
