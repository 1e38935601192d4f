// PDUs and DIMSE messages by hand (PS3.7, PS3.8), for peers of tests.
import { once } from "node:events";
import type { Socket } from "node:net";

interface Context {
  readonly id: number;
  readonly abstract: string;
  readonly syntaxes: readonly string[];
}

type Message =
  | { readonly kind: "associate"; readonly calling: string; readonly called: string }
  | { readonly kind: "request"; readonly field: number; readonly keys: ReadonlyMap<string, string> }
  | { readonly kind: "release" };

export interface Association {
  readonly socket: Socket;
  /** What the other side asks. */
  readonly messages: AsyncIterable<Message>;
  contexts: readonly Context[];
  /** Of the last request. */
  contextId: number;
  messageId: number;
  field: number;
  storageContext(classUid: string): number;
  send(pdu: Uint8Array): void;
  /** Ends when a C-STORE has been answered. */
  answered(): Promise<void>;
  accepted(): Promise<void>;
}

const explicitLittle = "1.2.840.10008.1.2.1";

export function openAssociation(socket: Socket): Association {
  const waiting = { answers: 0, accepted: false };
  async function* read(): AsyncGenerator<Message> {
    let pending = Buffer.alloc(0);
    let [commandSet, dataSet] = [Buffer.alloc(0), Buffer.alloc(0)];
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 6 && pending.length >= 6 + pending.readUInt32BE(2)) {
        const pdu = pending.subarray(0, 6 + pending.readUInt32BE(2));
        pending = pending.subarray(pdu.length);
        const type = pdu[0];
        if (type === 1) {
          own.contexts = contextsOf(pdu);
          const title = (at: number) => pdu.toString("latin1", at, at + 16).trim();
          yield { kind: "associate", called: title(10), calling: title(26) };
        } else if (type === 2) {
          waiting.accepted = true;
          socket.emit("accepted");
        } else if (type === 5) yield { kind: "release" };
        for (let at = 6; type === 4 && at < pdu.length; at += 4 + pdu.readUInt32BE(at)) {
          const [end, id, control] = [at + 4 + pdu.readUInt32BE(at), pdu[at + 4]!, pdu[at + 5]!];
          const value = pdu.subarray(at + 6, end);
          if (control & 1) commandSet = Buffer.concat([commandSet, value]);
          else dataSet = Buffer.concat([dataSet, value]);
          if (!(control & 2)) continue;
          const elements = elementsOf(commandSet);
          const field = elements.get("00000100")?.readUInt16LE() ?? 0;
          if (field === 0x8001) {
            commandSet = Buffer.alloc(0);
            waiting.answers++;
            socket.emit("answer");
          } else if (!(control & 1)) {
            Object.assign(own, { contextId: id, field, messageId: elements.get("00000110")!.readUInt16LE() });
            const keys = [...elementsOf(dataSet)].map(([tag, bytes]) => [tag, textOf(bytes)] as const);
            [commandSet, dataSet] = [Buffer.alloc(0), Buffer.alloc(0)];
            yield { kind: "request", field, keys: new Map(keys) };
          }
        }
      }
    }
  }
  const messages = inBackground(read());
  const own: Association = {
    ...{ socket, messages, contexts: [], contextId: 1, messageId: 0, field: 0 },
    storageContext(classUid) {
      const context = own.contexts.find(
        ({ abstract, syntaxes }) => abstract === classUid && syntaxes.includes(explicitLittle),
      );
      return context?.id ?? 1;
    },
    send: (pdu) => void socket.write(pdu),
    async answered() {
      while (waiting.answers === 0) await once(socket, "answer");
      waiting.answers--;
    },
    async accepted() {
      if (!waiting.accepted) await once(socket, "accepted");
    },
  };
  return own;
}

/** Reads at once, also while an earlier message is being answered. */
function inBackground(source: AsyncGenerator<Message>): AsyncIterable<Message> {
  const ready: Message[] = [];
  let [isOver, wake] = [false, () => {}];
  void (async () => {
    try {
      for await (const message of source) {
        ready.push(message);
        wake();
      }
    } catch {
      // The connection broke off.
    }
    isOver = true;
    wake();
  })();
  return (async function* () {
    for (;;) {
      const next = ready.shift();
      if (next) yield next;
      else if (isOver) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  })();
}

function contextsOf(pdu: Buffer): Context[] {
  const contexts: Context[] = [];
  for (let at = 74; at < pdu.length; at += 4 + pdu.readUInt16BE(at + 2)) {
    if (pdu[at] !== 0x20) continue;
    const [syntaxes, end] = [[] as string[], at + 4 + pdu.readUInt16BE(at + 2)];
    let abstract = "";
    for (let item = at + 8; item < end; item += 4 + pdu.readUInt16BE(item + 2)) {
      const uid = pdu.toString("latin1", item + 4, item + 4 + pdu.readUInt16BE(item + 2));
      if (pdu[item] === 0x30) abstract = uid;
      else syntaxes.push(uid);
    }
    contexts.push({ id: pdu[at + 4]!, abstract, syntaxes });
  }
  return contexts;
}

const item = (type: number, content: Uint8Array) => {
  const header = Buffer.from([type, 0, 0, 0]);
  header.writeUInt16BE(content.length, 2);
  return Buffer.concat([header, content]);
};
const applicationContext = item(0x10, Buffer.from("1.2.840.10008.3.1.1.1"));

function associatePdu(type: 1 | 2, titles: { calling: string; called: string }, items: readonly Uint8Array[]): Buffer {
  const maxLength = item(0x51, Buffer.from([0, 2, 0, 0]));
  const user = item(0x50, Buffer.concat([maxLength, item(0x52, Buffer.from("1.2.3"))]));
  const names = Buffer.from(titles.called.padEnd(16) + titles.calling.padEnd(16), "latin1");
  return pduOf(
    type,
    Buffer.concat([Buffer.from([0, 1, 0, 0]), names, Buffer.alloc(32), applicationContext, ...items, user]),
  );
}

/** Accepts services in their first transfer syntax, and storage in explicit little endian. */
export function acceptance({ contexts }: Association): Buffer {
  const items = contexts.map(({ id, abstract, syntaxes }) => {
    const isStorage = abstract.startsWith("1.2.840.10008.5.1.4.1.1.");
    const isRefused = isStorage && !syntaxes.includes(explicitLittle);
    return item(
      0x21,
      Buffer.concat([Buffer.from([id, 0, isRefused ? 4 : 0, 0]), item(0x40, Buffer.from(syntaxes[0]!))]),
    );
  });
  return associatePdu(2, { calling: "", called: "" }, items);
}

/** Proposes one storage class. */
export function associate(titles: { calling: string; called: string }, classUid: string): Buffer {
  const context = [
    Buffer.from([1, 0, 0, 0]),
    item(0x30, Buffer.from(classUid)),
    item(0x40, Buffer.from(explicitLittle)),
  ];
  return associatePdu(1, titles, [item(0x20, Buffer.concat(context))]);
}

export function pduOf(type: number, content: Uint8Array): Buffer {
  const header = Buffer.from([type, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(content.length, 2);
  return Buffer.concat([header, content]);
}

const element = (tag: string, value: Uint8Array) => {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0);
  header.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2);
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
};
const uint16 = (value: number) => Buffer.from([value & 0xff, value >> 8]);
const evenText = (text: string) => Buffer.from(text.length % 2 === 0 ? text : `${text}\0`, "latin1");

/** A response to the last request, or a C-STORE request. */
export function command(
  { contextId, messageId, field, storageContext }: Association,
  what: {
    readonly status?: number;
    readonly hasData?: boolean;
    readonly completed?: number;
    readonly store?: { readonly classUid: string; readonly instance: string };
  },
): Buffer {
  const { status, hasData = false, completed, store } = what;
  const elements = store
    ? [
        element("00000002", evenText(store.classUid)),
        element("00000100", uint16(1)),
        element("00000110", uint16(7)),
        element("00000700", uint16(0)),
        element("00000800", uint16(1)),
        element("00001000", evenText(store.instance)),
      ]
    : [
        element("00000100", uint16(field | 0x8000)),
        element("00000120", uint16(messageId)),
        element("00000800", uint16(hasData ? 1 : 0x0101)),
        element("00000900", uint16(status ?? 0)),
        ...(completed === undefined ? [] : [element("00001021", uint16(completed))]),
      ];
  const body = Buffer.concat(elements);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  const id = store ? storageContext(store.classUid) : contextId;
  return fragment(id, Buffer.concat([element("00000000", length), body]), { isCommand: true, isLast: true });
}

/** One PDU with one fragment of a message. */
export function fragment(id: number, value: Uint8Array, { isCommand = false, isLast = false }): Buffer {
  const header = Buffer.alloc(6);
  header.writeUInt32BE(value.length + 2, 0);
  header[4] = id;
  header[5] = (isCommand ? 1 : 0) | (isLast ? 2 : 0);
  return pduOf(4, Buffer.concat([header, value]));
}

/** A data set in pieces that are not all of one size. */
export function fragments(id: number, value: Uint8Array): Buffer[] {
  const first = Math.ceil(value.length / 3);
  return [fragment(id, value.subarray(0, first), {}), fragment(id, value.subarray(first), { isLast: true })];
}

/** In implicit little endian. */
export function identifier(keys: readonly (readonly [tag: string, text: string])[]): Buffer {
  return Buffer.concat(keys.map(([tag, text]) => element(tag, evenText(text))));
}

function elementsOf(bytes: Buffer): Map<string, Buffer> {
  const elements = new Map<string, Buffer>();
  for (let at = 0; at + 8 <= bytes.length; ) {
    const hex = (offset: number) => bytes.readUInt16LE(offset).toString(16).padStart(4, "0").toUpperCase();
    const end = at + 8 + bytes.readUInt32LE(at + 4);
    elements.set(hex(at) + hex(at + 2), bytes.subarray(at + 8, end));
    at = end;
  }
  return elements;
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1").replace(/[\0 ]+$/, "");
}
