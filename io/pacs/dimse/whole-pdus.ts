// The bytes of a connection as whole PDUs (PS3.8 9.3) within limits of size, before the library sees any of them: it would
// hold a PDU of four gigabytes, and copy what it has with each packet.

export interface PduLimits {
  readonly maxPduBytes: number;
  readonly maxCommandBytes: number;
  /** Of the data sets of one presentation context. */
  maxDataBytes(contextId: number): number;
}

export type PduFault = "PACS_MALFORMED" | "PACS_TOO_LARGE";

export class PduError extends Error {
  readonly code: PduFault;
  constructor(code: PduFault, what: string) {
    super(what);
    this.code = code;
  }
}

const headerBytes = 6;
const dataTransfer = 4;
const abort = 7;
/** A-ASSOCIATE with the most presentation contexts there can be. */
const maxOtherBytes = 2 ** 18;

export interface PduReader {
  /**
   * The PDUs that the bytes complete.
   *
   * @throws PduError
   */
  push(bytes: Uint8Array): Buffer[];
  /** Whether a PDU or a message is incomplete. */
  readonly isInside: boolean;
}

export function openPduReader(limits: PduLimits): PduReader {
  let pieces: Buffer[] = [];
  let held = 0;
  /** Of the PDU that is being read, with its header; 0 before its header is whole. */
  let whole = 0;
  let [commandBytes, dataBytes] = [0, 0];

  function checkFragments(pdu: Buffer): void {
    for (let at = headerBytes; at < pdu.length; ) {
      if (at + 6 > pdu.length) throw new PduError("PACS_MALFORMED", "PDV header");
      const length = pdu.readUInt32BE(at);
      if (length < 2 || at + 4 + length > pdu.length) throw new PduError("PACS_MALFORMED", "PDV length");
      const [contextId, control] = [pdu.readUInt8(at + 4), pdu.readUInt8(at + 5)];
      const isLast = (control & 2) !== 0;
      if (control & 1) {
        commandBytes += length - 2;
        if (commandBytes > limits.maxCommandBytes) throw new PduError("PACS_TOO_LARGE", "command");
        if (isLast) commandBytes = 0;
      } else {
        dataBytes += length - 2;
        if (dataBytes > limits.maxDataBytes(contextId)) throw new PduError("PACS_TOO_LARGE", "data set");
        if (isLast) dataBytes = 0;
      }
      at += 4 + length;
    }
  }

  function take(bytes: number): Buffer {
    const all = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    pieces = all.length > bytes ? [all.subarray(bytes)] : [];
    held = all.length - bytes;
    return all.subarray(0, bytes);
  }

  function readHeader(): void {
    if (pieces.length > 1) pieces = [Buffer.concat(pieces)];
    const header = pieces[0]!;
    const [type, length] = [header.readUInt8(0), header.readUInt32BE(2)];
    if (type < 1 || type > abort) throw new PduError("PACS_MALFORMED", "PDU type");
    const most = type === dataTransfer ? limits.maxPduBytes : maxOtherBytes;
    if (length > most) throw new PduError("PACS_TOO_LARGE", "PDU");
    whole = headerBytes + length;
  }

  return {
    push(bytes) {
      const pdus: Buffer[] = [];
      pieces.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      held += bytes.byteLength;
      for (;;) {
        if (whole === 0 && held >= headerBytes) readHeader();
        if (whole === 0 || held < whole) return pdus;
        const pdu = take(whole);
        whole = 0;
        if (pdu.readUInt8(0) === dataTransfer) checkFragments(pdu);
        pdus.push(pdu);
      }
    },
    get isInside() {
      return held > 0 || commandBytes > 0 || dataBytes > 0;
    },
  };
}
