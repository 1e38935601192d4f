// Stores DICOM objects in a PACS by STOW-RS (PS3.18 10.5). The same object may be sent twice: a PACS keeps one of a UID.
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import { type Answer, openPacsHttp, type PacsAccess } from "./http.ts";

export interface InstanceStore {
  /**
   * Stores objects of one study.
   *
   * @returns how many of them the PACS says it has stored
   * @throws PACS_NOT_STORED if it stored fewer, PACS_MALFORMED, PACS_TOO_LARGE, and those of PacsHttp
   */
  store(instances: readonly Uint8Array[], waiting: Waiting): Promise<number>;
  close(): Promise<void>;
}

const answerType = "application/dicom+json";
const longestAnswer = 2 ** 22;

/** @param base http or https address of the service, without credentials */
export function openInstanceStore(base: URL, access: PacsAccess): InstanceStore {
  const http = openPacsHttp(base, access);
  return {
    async store(instances, waiting) {
      const boundary = `consilium-${randomUUID()}`;
      const type = `multipart/related; type="application/dicom"; boundary=${boundary}`;
      const bytes = multipart(instances, boundary);
      const answer = await http.post("/studies", answerType, { type, bytes }, readAnswer, waiting);
      const { stored, failed, reason } = answer;
      if (failed > 0 || stored < instances.length) {
        throw new FedError("PACS_NOT_STORED", { server: base.host, stored, of: instances.length, reason });
      }
      return stored;
    },
    close: http.close,
  };
}

function multipart(instances: readonly Uint8Array[], boundary: string): Buffer {
  const head = Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`);
  const parts = instances.flatMap((bytes) => [head, bytes, Buffer.from("\r\n")]);
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}

export interface StoreAnswer {
  readonly stored: number;
  readonly failed: number;
  /** Of the first failure, by PS3.4 table CC.2.3-1 or the server's own number. */
  readonly reason: string;
}

const sequence = z
  .object({ Value: z.array(z.record(z.unknown())).max(10_000).optional() })
  .passthrough()
  .optional();
const reasonSchema = z.object({ Value: z.tuple([z.number().int().min(0).max(0xffff)]) });
const answerSchema = z.object({ "00081198": sequence, "00081199": sequence, "0008119A": sequence });

/**
 * What a server answers: the instances that it stored, and those that it did not (PS3.18 I.2.2).
 *
 * @throws PACS_MALFORMED
 */
export function parseStoreAnswer(text: string): StoreAnswer {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw malformed();
  }
  // Some servers answer an array of one.
  const parsed = answerSchema.safeParse(Array.isArray(raw) ? raw[0] : raw);
  if (!parsed.success) throw malformed();
  const itemsOf = (tag: keyof typeof parsed.data) => parsed.data[tag]?.Value ?? [];
  const failures = [...itemsOf("00081198"), ...itemsOf("0008119A")];
  const code = reasonSchema.safeParse(failures[0]?.["00081197"]).data?.Value[0];
  const reason = code === undefined ? "" : `0x${code.toString(16).padStart(4, "0")}`;
  return { stored: itemsOf("00081199").length, failed: failures.length, reason };
}

async function readAnswer({ body }: Answer): Promise<StoreAnswer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > longestAnswer) throw new FedError("PACS_TOO_LARGE", { maxBytes: longestAnswer });
    pieces.push(piece);
  }
  return parseStoreAnswer(Buffer.concat(pieces).toString("utf8"));
}

function malformed(): FedError {
  return new FedError("PACS_MALFORMED", { what: "answer to STOW-RS" });
}
