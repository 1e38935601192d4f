// A PACS that speaks DIMSE on loopback, from the bytes up, so that the library is not tested with messages of its own making;
// it misbehaves where a test asks for it.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import dicomParser from "dicom-parser";
import {
  type Association,
  acceptance,
  associate,
  command,
  fragments,
  identifier,
  openAssociation,
} from "./dimse-pdus.ts";

export interface StoredInstance {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  readonly classUid: string;
  readonly modality: string;
  readonly patient: string;
  /** Without the header of the file, in explicit little endian. */
  readonly dataset: Buffer;
}

export interface AskedOfPeer {
  readonly kind: "associate" | "find" | "get" | "move";
  readonly level: string;
  readonly study: string;
  readonly association: Association;
}

/** Answers in another way than usual, and returns true; false leaves it to the server. */
type Hook = (asked: AskedOfPeer) => boolean;

export interface DimsePeer {
  readonly port: number;
  /** "get SERIES", in order. */
  readonly asked: string[];
  readonly stored: StoredInstance[];
  hook: Hook;
  stop(): Promise<void>;
}

interface PeerOptions {
  readonly tls?: { key: string; cert: string; ca: string };
  readonly port?: number;
  /** Where a C-MOVE stores. */
  readonly movesTo?: () => number;
}

export const titles = { calling: "CONSILIUM", called: "PACS" };

export async function startDimsePeer(
  files: readonly Buffer[],
  { tls, port = 0, movesTo }: PeerOptions = {},
): Promise<DimsePeer> {
  const stored = files.map(describe);
  const asked: string[] = [];
  const sockets = new Set<Socket>();

  const serve = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    const association = openAssociation(socket);
    void answerAll(association).catch(() => socket.destroy());
  };

  async function answerAll(association: Association): Promise<void> {
    for await (const message of association.messages) {
      if (message.kind === "associate") {
        if (peer.hook({ kind: "associate", level: "", study: "", association })) continue;
        const { calling, called } = message;
        const isKnown = calling === titles.calling && called === titles.called;
        association.send(
          isKnown
            ? acceptance(association)
            : Buffer.from([3, 0, 0, 0, 0, 4, 0, 1, 1, calling === titles.calling ? 7 : 3]),
        );
      } else if (message.kind === "release") association.send(Buffer.from([6, 0, 0, 0, 0, 4, 0, 0, 0, 0]));
      else if (message.kind === "request") {
        const { field, keys } = message;
        const kind = field === 0x20 ? "find" : field === 0x10 ? "get" : "move";
        const level = keys.get("00080052") ?? "";
        asked.push(`${kind} ${level}`);
        if (peer.hook({ kind, level, study: keys.get("0020000D") ?? "", association })) continue;
        const found = stored.filter(
          (one) =>
            matches(keys.get("0020000D"), one.study) &&
            matches(keys.get("0020000E"), one.series) &&
            matches(keys.get("00080018"), one.instance),
        );
        if (kind === "find") answerFind(association, level, found);
        else if (kind === "get") await storeAll(association, found);
        else if (movesTo) await move(found, movesTo());
        if (kind !== "find") association.send(command(association, { status: 0, completed: found.length }));
      }
    }
  }

  const server: Server = tls
    ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true }, serve)
    : createServer(serve);
  await once(server.listen(port, "127.0.0.1"), "listening");
  const peer: DimsePeer = {
    port: (server.address() as AddressInfo).port,
    asked,
    stored,
    hook: () => false,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return peer;
}

function matches(key: string | undefined, value: string): boolean {
  return key === undefined || key === "" || key.split("\\").includes(value);
}

function answerFind(association: Association, level: string, found: readonly StoredInstance[]): void {
  const keyOf = ({ study, series, instance }: StoredInstance) =>
    level === "STUDY" ? study : level === "SERIES" ? series : instance;
  for (const one of new Map(found.map((each) => [keyOf(each), each])).values()) {
    association.send(command(association, { status: 0xff00, hasData: true }));
    const keys = [
      ["00080018", level === "IMAGE" ? one.instance : ""],
      ["00080016", level === "IMAGE" ? one.classUid : ""],
      ["00080052", level],
      ["00080060", level === "SERIES" ? one.modality : ""],
      ["00100020", level === "STUDY" ? one.patient : ""],
      ["0020000D", one.study],
      ["0020000E", level === "STUDY" ? "" : one.series],
    ] as const;
    for (const pdu of fragments(association.contextId, identifier(keys))) association.send(pdu);
  }
  association.send(command(association, { status: 0 }));
}

/** Stores instances one after the other, as C-GET and C-MOVE do. */
export async function storeAll(association: Association, instances: readonly StoredInstance[]): Promise<void> {
  for (const one of instances) {
    association.send(command(association, { store: one }));
    for (const pdu of fragments(association.storageContext(one.classUid), one.dataset)) association.send(pdu);
    await association.answered();
  }
}

async function move(instances: readonly StoredInstance[], port: number): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  const association = openAssociation(socket);
  association.send(associate({ calling: titles.called, called: titles.calling }, instances[0]?.classUid ?? ""));
  await association.accepted();
  await storeAll(association, instances);
  socket.end();
}

function describe(file: Buffer): StoredInstance {
  const parsed = dicomParser.parseDicom(file);
  const text = (tag: string) => parsed.string(tag) ?? "";
  const start = 132 + 12 + parsed.uint32("x00020000")!;
  return {
    ...{
      study: text("x0020000d"),
      series: text("x0020000e"),
      instance: text("x00080018"),
      classUid: text("x00080016"),
    },
    ...{ modality: text("x00080060"), patient: text("x00100020"), dataset: file.subarray(start) },
  };
}
