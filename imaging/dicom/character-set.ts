// Text of a DICOM file as Unicode, by the file's Specific Character Set (PS3.3 C.12.1.1.2), so that a PatientID compares with
// the same name in a list of labels.

/** Labels of the WHATWG Encoding standard by the defined terms of PS3.3 C.12.1.1.2, without their "ISO_IR" or "ISO 2022 IR". */
const encodings: Readonly<Record<string, string>> = {
  "100": "latin1",
  "101": "iso-8859-2",
  "109": "iso-8859-3",
  "110": "iso-8859-4",
  "144": "iso-8859-5",
  "127": "iso-8859-6",
  "126": "iso-8859-7",
  "138": "iso-8859-8",
  "148": "windows-1254",
  "203": "iso-8859-15",
  "13": "shift_jis",
  "166": "windows-874",
  "192": "utf-8",
  "87": "iso-2022-jp",
  "159": "iso-2022-jp",
  "149": "euc-kr",
  "58": "gbk",
  GB18030: "gb18030",
  GBK: "gbk",
};

/** A reader of text in a file's character set. */
export type TextDecoding = (bytes: Uint8Array) => string;

/** @param characterSet the file's Specific Character Set (0008,0005); "" where it has none */
export function textDecodingOf(characterSet: string): TextDecoding {
  // With several sets, escape sequences switch to the last one.
  const term = characterSet.split("\\").at(-1)!.trim();
  const encoding = encodings[term.replace(/^ISO(_IR| 2022 IR|-IR) ?/i, "")];
  return (bytes) => {
    if (bytes.every((byte) => byte < 0x80 && byte !== 0x1b)) return Buffer.from(bytes).toString("latin1");
    return decoded(bytes, encoding).normalize("NFC");
  };
}

function decoded(bytes: Uint8Array, encoding: string | undefined): string {
  // Many files hold UTF-8 and do not declare it; other sets hardly ever look like it.
  if (encoding === undefined || encoding === "latin1") {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      return Buffer.from(bytes).toString("latin1");
    }
  }
  const text = new TextDecoder(encoding).decode(bytes);
  // Decoders with one code table leave the escape sequences of ISO 2022 in the text.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is removed
  return text.replace(/\x1b[$()\-.]+./g, "");
}
