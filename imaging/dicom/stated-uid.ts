// Which instance a file says it is, at its beginning: the file meta information repeats the instance's UID. PS3.10 7.1

const preambleBytes = 128;
const mostElements = 16;
const uidTag = 0x00020003;
/** Value representations whose length has 32 bits. PS3.5 7.1.2 */
const longVrs = new Set(["OB", "UN"]);

/** @returns "" where it is not said, or the beginning is not that of a DICOM file: the data set has the instance's own UID */
export function statedInstanceUid(file: Uint8Array): string {
  const bytes = Buffer.from(file.buffer, file.byteOffset, Math.min(file.byteLength, 2 ** 12));
  if (bytes.toString("latin1", preambleBytes, preambleBytes + 4) !== "DICM") return "";
  let at = preambleBytes + 4;
  for (let elements = 0; elements < mostElements && at + 12 <= bytes.length; elements++) {
    const tag = bytes.readUInt16LE(at) * 0x10000 + bytes.readUInt16LE(at + 2);
    if (tag > uidTag) return "";
    const isLong = longVrs.has(bytes.toString("latin1", at + 4, at + 6));
    const length = isLong ? bytes.readUInt32LE(at + 8) : bytes.readUInt16LE(at + 6);
    const start = at + (isLong ? 12 : 8);
    at = start + length;
    if (tag === uidTag) return bytes.toString("latin1", start, Math.min(at, bytes.length)).replace(/[\0 ]+$/, "");
  }
  return "";
}
