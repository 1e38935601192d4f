// A data set as it came over DIMSE becomes a DICOM file (PS3.10 7.1): the bytes stay as they are behind a header of their own.
import type { ReceivedInstance } from "./messages.ts";

const implementation = "2.25.264814277158924190478103542101";

export function part10File(
  { classUid, instanceUid, transferSyntax }: ReceivedInstance,
  pieces: readonly Uint8Array[],
): Buffer {
  const meta = Buffer.concat([
    // OB has a length of four bytes.
    Buffer.from([0x02, 0, 0x01, 0, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 0, 1]),
    uidElement(0x0002, classUid),
    uidElement(0x0003, instanceUid),
    uidElement(0x0010, transferSyntax),
    uidElement(0x0012, implementation),
  ]);
  const groupLength = Buffer.from([0x02, 0, 0, 0, 0x55, 0x4c, 4, 0, 0, 0, 0, 0]);
  groupLength.writeUInt32LE(meta.length, 8);
  return Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), groupLength, meta, ...pieces]);
}

function uidElement(element: number, uid: string): Buffer {
  const value = Buffer.from(uid.length % 2 === 0 ? uid : `${uid}\0`, "latin1");
  const header = Buffer.from([0x02, 0, 0, 0, 0x55, 0x49, 0, 0]);
  header.writeUInt16LE(element, 2);
  header.writeUInt16LE(value.length, 6);
  return Buffer.concat([header, value]);
}
