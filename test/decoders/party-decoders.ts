// Decoders of configurations, backups, notes and a deployment's journal.
import { writeFile } from "node:fs/promises";
import { parseAggregatorConfig } from "../../aggregator/config.ts";
import { parseHospitalConfig } from "../../node/config.ts";
import { readNotes } from "../../node/notes.ts";
import { decodeEntries, type Entry, encodeEntries } from "../../party/backup/entries.ts";
import { seal, unseal } from "../../party/backup/sealed-file.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import { parseConsortium } from "../../scripts/consortium/consortium-file.ts";
import { mendJournal } from "../../scripts/deploy/mend-journal.ts";
import { invitationText, makeInvitation, parseInvitation } from "../../scripts/join/invitation.ts";
import { parseConfigText } from "../../scripts/party/config-text.ts";
import { FakeJournal } from "../fakes/party-ports.ts";
import { address, type Decoder, digest, ofFile, ofValue, round, utf8 } from "./decoder.ts";

const consortium = {
  chain: { id: 1, endpoints: ["http://127.0.0.1:8545"] },
  keys: { keystore: "founder.json" },
  ...{ federation: "federation.json", plan: "plan.json", genesis: "genesis.safetensors" },
  terms: {
    ...{ commitPeriod: "2h", proposePeriod: "1h", attestPeriod: "1h", minUpdates: 2 },
    ...{ maxExpired: 2, sampleCap: 100, earlyShare: 0, gracePeriod: "0" },
  },
  invitation: { peers: [], endpoints: [] },
  members: [{ name: "North", role: "hospital", address }],
};

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
/** A hospital's journal with these bytes as a note. */
async function journalWith(name: string, bytes: Uint8Array): Promise<FakeJournal> {
  const journal = new FakeJournal();
  await journal.write({ [name]: bytes });
  return journal;
}

const notes = {
  prepared: {
    ...{ trainedIn: round, plan: digest, base: digest, update: digest, updateBytes: 300, sampleCount: 9 },
    ...{ shard: digest, quarantine: digest, finalLoss: 0.25, seconds: 3 },
  },
  adopted: { round, model: digest },
};

export const partyDecoders: readonly Decoder[] = [
  ...Object.entries(notes).map(([name, note]): Decoder => {
    return {
      functions: ["readNotes"],
      form: "json",
      samples: () => [canonicalBytes(note)],
      decode: async (bytes) => readNotes(await journalWith(name, bytes)),
    };
  }),
  {
    functions: ["parseInvitation"],
    form: "bytes",
    samples: async () => {
      const federation = {
        ...{ version: 1 as const, chainId: 1, contract: address, fromBlock: 3 },
        ...{ codeDigest: digest, abiDigest: digest, predecessor: null },
      };
      const content = {
        version: 1 as const,
        federation,
        plan: digest,
        endpoints: ["http://a.example/"],
        peers: ["/p"],
      };
      const sign = async () => `0x${"2b".repeat(65)}` as const;
      return [utf8(invitationText(await makeInvitation(content, { sign })))];
    },
    decode: (bytes) => parseInvitation(new TextDecoder().decode(bytes)),
  },
  {
    functions: ["parseConfigText"],
    form: "bytes",
    samples: () => [
      utf8(JSON.stringify(site)),
      utf8("chain: &a\n  endpoints: [ http://127.0.0.1:8545, 'b' ]\nkeys: *a\nstore: |\n  two\n  lines\n"),
    ],
    decode: (bytes) => parseConfigText(new TextDecoder().decode(bytes), "hospital.yaml"),
  },
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
  ofValue(["parseConsortium"], [consortium], (value) => parseConsortium(value, "/site")),
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
