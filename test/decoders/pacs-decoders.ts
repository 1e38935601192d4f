// What an image server answers, for the one list of decoders.

import { FedError } from "../../foundation/errors.ts";
import { readInstanceDataset } from "../../imaging/dicom/read-instance.ts";
import { openPduReader, PduError } from "../../io/pacs/dimse/whole-pdus.ts";
import { jsonArrayElements } from "../../io/pacs/json-array.ts";
import { multipartParts } from "../../io/pacs/multipart.ts";
import { parseStoreAnswer } from "../../io/pacs/store-instances.ts";
import { fragment, fragments, pduOf } from "../io/pacs/dimse-pdus.ts";
import type { Decoder } from "./decoder.ts";

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 31) yield bytes.subarray(at, at + 31);
}

const dataset = {
  "00080018": { vr: "UI", Value: ["1.2.3"] },
  "00080060": { vr: "CS", Value: ["CT"] },
  "00100020": { vr: "LO", Value: ["p1"] },
  "00200032": { vr: "DS", Value: [1.5, -2, "3.25"] },
  "00280008": { vr: "IS", Value: [2] },
  "00280010": { vr: "US", Value: [64] },
  "00280011": { vr: "US", Value: [64] },
  "00281053": { vr: "DS", Value: [1] },
  "52009229": { vr: "SQ", Value: [{ "00289110": { vr: "SQ", Value: [{ "00280030": { vr: "DS", Value: [1, 1] } }] } }] },
};

const pduLimits = { maxPduBytes: 2 ** 12, maxCommandBytes: 64, maxDataBytes: () => 256 };

export const pacsDecoders: readonly Decoder[] = [
  {
    functions: ["openPduReader"],
    form: "bytes",
    samples: () => [
      Buffer.concat([
        fragment(1, Buffer.alloc(40), { isCommand: true, isLast: true }),
        ...fragments(3, Buffer.alloc(200)),
        pduOf(6, Buffer.alloc(4)),
      ]),
    ],
    decode: async (bytes) => {
      const reader = openPduReader(pduLimits);
      try {
        for await (const piece of inPieces(bytes)) reader.push(piece);
      } catch (error) {
        if (!(error instanceof PduError)) throw error;
        // As the connection's end names it.
        throw new FedError(error.code);
      }
      if (reader.isInside) throw new FedError("PACS_TRUNCATED");
    },
  },
  {
    functions: ["readInstanceDataset", "jsonArrayElements"],
    form: "json",
    samples: () => [Buffer.from(JSON.stringify([dataset, dataset]))],
    decode: async (bytes) => {
      const limits = { maxElements: 100, maxElementBytes: 2 ** 16 };
      for await (const one of jsonArrayElements(inPieces(bytes), limits)) readInstanceDataset(one);
    },
  },
  {
    functions: ["multipartParts"],
    form: "bytes",
    samples: () => [
      Buffer.from(
        "--b\r\nContent-Type: application/dicom\r\n\r\nabc\r\n--b\r\nContent-Length: 2\r\n\r\nxy\r\n--b--\r\n",
      ),
    ],
    decode: async (bytes) => {
      for await (const _ of multipartParts(inPieces(bytes), "multipart/related; boundary=b", 1000));
    },
  },
  {
    functions: ["parseStoreAnswer"],
    form: "json",
    samples: () => [
      Buffer.from(
        JSON.stringify({
          "00081198": { vr: "SQ", Value: [{ "00081197": { vr: "US", Value: [0x0110] } }] },
          "00081199": { vr: "SQ", Value: [{ "00081155": { vr: "UI", Value: ["1.2.3"] } }] },
        }),
      ),
    ],
    decode: (bytes) => {
      parseStoreAnswer(Buffer.from(bytes).toString("utf8"));
    },
  },
];
