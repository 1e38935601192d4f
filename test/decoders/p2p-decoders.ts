// Decoders of what peers send, and of peer keys and addresses.
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
import { outlineOf } from "../../protocol/format/merkle.ts";
import { encodeOutline } from "../../protocol/format/outline.ts";
import { type Decoder, digest, ofFile, text, utf8 } from "./decoder.ts";

const peerRecord = async (): Promise<Uint8Array> => {
  const key = await loadPeerKey(new Uint8Array(32).fill(7));
  return (await signAddresses(key, [parseMultiaddr("/ip4/192.0.2.1/tcp/4710")], 1n)).bytes;
};

export const peerDecoders: readonly Decoder[] = [
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
