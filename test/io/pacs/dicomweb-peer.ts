// A DICOMweb server on loopback that serves given files, and misbehaves where a test asks for it.
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import dicomParser from "dicom-parser";

interface Stored {
  readonly bytes: Buffer;
  readonly dataset: Record<string, unknown>;
  readonly study: string;
  readonly series: string;
  readonly instance: string;
}

/** Answers a request in another way than usual, and returns true; false leaves it to the server. */
export type Hook = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface Peer {
  readonly url: URL;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  hook: Hook;
  /** Removes a study. */
  remove(study: string): void;
  readonly studies: () => string[];
  stop(): Promise<void>;
}

const boundary = "the-boundary-of-parts";
const lastDelimiter = Buffer.from(`--${boundary}--\r\n`);

export interface PeerOptions {
  readonly tls?: { key: string; cert: string; ca?: string };
  readonly port?: number;
}

export async function startPeer(files: readonly Buffer[], { tls, port = 0 }: PeerOptions = {}): Promise<Peer> {
  let stored = files.map(describe);
  const asked: string[] = [];
  /** Every second part says its length. */
  let sent = 0;
  const listener: RequestListener = (request, response) => {
    asked.push(request.url!);
    if (!peer.hook(request, response)) answer(new URL(request.url!, "http://peer"), response);
  };
  const server: Server = tls
    ? createTlsServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: tls.ca !== undefined }, listener)
    : createServer(listener);

  function answer(url: URL, response: ServerResponse): void {
    const [, , , study, , series, , instance] = url.pathname.split("/");
    const found = stored.filter(
      (one) =>
        (!study || one.study === study) &&
        (!series || one.series === series) &&
        (!instance || one.instance === instance),
    );
    if (url.pathname === "/pacs/studies") {
      const [offset, limit] = ["offset", "limit"].map((name) => Number(url.searchParams.get(name)));
      const studies = [...new Map(stored.map((one) => [one.study, one])).values()].slice(offset, offset! + limit!);
      sendJson(
        response,
        studies.map(({ study: uid }) => ({ "0020000D": { vr: "UI", Value: [uid] } })),
      );
    } else if (found.length === 0) response.writeHead(404).end();
    else if (url.pathname.endsWith("/metadata"))
      sendJson(
        response,
        found.map(({ dataset }) => dataset),
      );
    else if (series && !instance) {
      const parts = found.map(({ bytes }) => partOf(bytes, { withLength: ++sent % 2 === 0, isLast: false }));
      response.writeHead(200, { "content-type": multipartType }).end(Buffer.concat([...parts, lastDelimiter]));
    } else if (instance && series) sendPart(response, found[0]!.bytes, { withLength: ++sent % 2 === 0 });
    else response.writeHead(400).end();
  }

  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const peer: Peer = {
    url: new URL(`${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}/pacs`),
    asked,
    hook: () => false,
    remove: (study) => {
      stored = stored.filter((one) => one.study !== study);
    },
    studies: () => [...new Set(stored.map(({ study }) => study))],
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return peer;
}

export function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/dicom+json" }).end(JSON.stringify(value));
}

export const multipartType = `multipart/related; type="application/dicom"; boundary=${boundary}`;

/** One part; without its length where a test says so. */
export function partOf(bytes: Buffer, { withLength = true, isLast = true } = {}): Buffer {
  const length = withLength ? `Content-Length: ${bytes.length}\r\n` : "";
  const head = `--${boundary}\r\nContent-Type: application/dicom\r\n${length}\r\n`;
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from("\r\n"), isLast ? lastDelimiter : Buffer.alloc(0)]);
}

function sendPart(response: ServerResponse, bytes: Buffer, options: { withLength?: boolean } = {}): void {
  response.writeHead(200, { "content-type": multipartType }).end(partOf(bytes, options));
}

/** In the JSON model, with pixels by reference only, as servers describe instances. */
function describe(bytes: Buffer): Stored {
  const { elements, byteArray } = dicomParser.parseDicom(bytes);
  const dataset: Record<string, unknown> = {};
  for (const { tag, vr = "UN", dataOffset, length } of Object.values(elements)) {
    const name = tag.slice(1).toUpperCase();
    if (name.startsWith("0002") || vr === "SQ") continue;
    const raw = Buffer.from(byteArray.buffer, byteArray.byteOffset + dataOffset, length);
    if (name === "7FE00010") dataset[name] = { vr, BulkDataURI: "pixels" };
    else if (vr === "US" || vr === "SS") {
      dataset[name] = { vr, Value: [vr === "US" ? raw.readUInt16LE() : raw.readInt16LE()] };
    } else {
      const texts = raw.toString("utf8").replace(/[\0 ]+$/, "");
      const values = texts.split("\\").map((text) => (vr === "DS" || vr === "IS" ? Number(text) : text.trim()));
      dataset[name] = texts === "" ? { vr } : { vr, Value: values };
    }
  }
  const text = (tag: string) => (dataset[tag] as { Value: string[] }).Value[0]!;
  return { bytes, dataset, study: text("0020000D"), series: text("0020000E"), instance: text("00080018") };
}
