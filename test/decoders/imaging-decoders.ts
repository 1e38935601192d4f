// Decoders of archives, DICOM, pictures, labels and shards.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TextReader, Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { PNG } from "pngjs";
import { decodeFrames } from "../../imaging/dicom/decode-frames.ts";
import { readInstance, readInstanceHeader } from "../../imaging/dicom/read-instance.ts";
import { readQuarantine } from "../../imaging/import/import-summary.ts";
import { type QuarantineEntry, quarantineDigest } from "../../imaging/shard/quarantine.ts";
import { encodeShardIndex, readShardIndex, shardFiles, shardRoot } from "../../imaging/shard/shard-format.ts";
import { readLabelRows } from "../../imaging/source/label-rows.ts";
import { openArchive, readBytes } from "../../imaging/source/listing.ts";
import { decodePicture } from "../../imaging/source/picture.ts";
import { sampleFiles, scans } from "../imaging/dicom/samples.ts";
import { type Decoder, digest, utf8 } from "./decoder.ts";

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

const refused: QuarantineEntry = {
  ...{ what: "file", code: "DICOM_MALFORMED", facts: { tag: "00280010" }, remedy: "export it again" },
  ...{ file: "0123456789abcdef", files: 1 },
};
const salt = "ab".repeat(32);
const quarantine = { salt, digest: quarantineDigest(Buffer.from(salt, "hex"), [refused]), entries: [refused] };

export const imagingDecoders: readonly Decoder[] = [
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
  {
    functions: ["readQuarantine"],
    form: "json",
    samples: () => [utf8(JSON.stringify(quarantine))],
    decode: async (bytes, dir) => {
      await writeFile(join(dir, shardFiles.quarantine), bytes);
      return readQuarantine(dir, quarantine.digest);
    },
  },
];
