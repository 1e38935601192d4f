import { expect } from "chai";
import fc from "fast-check";
import { jsonArrayElements } from "../../../io/pacs/json-array.ts";
import { boundaryOf, multipartParts } from "../../../io/pacs/multipart.ts";

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error: { code: string }) => error.code,
  );

const type = 'multipart/related; type="application/dicom"; boundary=bb';
const parts = (text: string | Buffer, { max = 1000, sizes = [7] } = {}) =>
  all(multipartParts(cut(Buffer.from(text), sizes), type, max));

/** Bytes in which a boundary "bb" is likely. */
const content = fc
  .array(fc.constantFrom("\r\n", "--bb", "--b", "-", "\r", "\n", "x", "--bbX"), { maxLength: 12 })
  .map((pieces) => pieces.join(""))
  // What ends a part without a length must not be in it: RFC 2046 5.1.1.
  .filter((text) => !/\r\n--bb(--|\r\n)/.test(`${text}\r\n`));

describe("multipart answers", () => {
  it("give the same parts, in whatever pieces they arrive, with and without lengths", async () => {
    const part = fc.record({ text: content, withLength: fc.boolean() });
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        sizes,
        fc.string(),
        async (given, cuts, tail) => {
          const written = given.map(
            ({ text, withLength }) =>
              `--bb\r\nContent-Type: application/dicom\r\n${withLength ? `content-length: ${text.length}\r\n` : ""}\r\n${text}\r\n`,
          );
          const found = await parts(`${written.join("")}--bb--${tail}`, { sizes: cuts });
          expect(found.map(String)).to.deep.equal(given.map(({ text }) => text));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("keep a whole delimiter inside of a part that says its length", async () => {
    const inside = "pixels\r\n--bb\r\nmore\r\n--bb--\r\nend";
    const found = await parts(`--bb\r\nContent-Length: ${inside.length}\r\n\r\n${inside}\r\n--bb--`);
    expect(found.map(String)).to.deep.equal([inside]);
  });

  it("are refused by name where they end early, are too large, or are not of their form", async () => {
    const head = "--bb\r\n\r\n";
    for (const [text, code] of [
      ["", "PACS_TRUNCATED"],
      [`${head}abc`, "PACS_TRUNCATED"],
      [`${head}abc\r\n--bb`, "PACS_TRUNCATED"],
      ["--bb\r\nContent-Length: 9\r\n\r\nabc\r\n--bb--", "PACS_TRUNCATED"],
      ["--bb\r\nContent-Length: 2\r\n\r\nabcdefgh\r\n--bb--", "PACS_MALFORMED"],
      ["--bb\r\nContent-Length: -2\r\n\r\n\r\n--bb--", "PACS_MALFORMED"],
      ["--bb\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab\r\n--bb--", "PACS_MALFORMED"],
      ["--bb\r\nContent-Length: 100000000000000\r\n\r\n", "PACS_TOO_LARGE"],
      [`${head}${"x".repeat(2000)}\r\n--bb--`, "PACS_TOO_LARGE"],
      [`${"--bX".repeat(40_000)}`, "PACS_TOO_LARGE"],
      [`--bb\r\n${"a: b\r\n".repeat(50)}\r\n\r\n--bb--`, "PACS_MALFORMED"],
      [`--bb\r\na: ${"b".repeat(9000)}\r\n\r\n\r\n--bb--`, "PACS_TOO_LARGE"],
    ] as const)
      expect(await codeOf(parts(text, { sizes: [4096] })), text.slice(0, 40)).to.equal(code);
  });

  it("have a boundary in their type", () => {
    expect(boundaryOf('multipart/related; boundary="a b"; type=x')).to.equal("a b");
    for (const bad of [
      "text/html",
      "multipart/related",
      'multipart/related; boundary="a\r\nb"',
      `multipart/related; boundary=${"x".repeat(71)}`,
    ])
      expect(() => boundaryOf(bad), bad).to.throw("PACS_MALFORMED");
  });
});

describe("JSON arrays as they arrive", () => {
  const limits = { maxElements: 50, maxElementBytes: 5000 };

  it("give what JSON.parse gives, in whatever pieces they arrive", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
    const elements = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(elements, sizes, fc.constantFrom(0, 1), async (given, cuts, indent) => {
        const text = Buffer.from(JSON.stringify(given, undefined, indent));
        const found = await all(jsonArrayElements(cut(text, cuts), { maxElements: 50, maxElementBytes: 1e6 }));
        expect(JSON.stringify(found)).to.equal(JSON.stringify(given));
      }),
      { numRuns: 200 },
    );
  });

  it("are refused by name", async () => {
    for (const [text, code] of [
      ["", "PACS_MALFORMED"],
      ["{}", "PACS_MALFORMED"],
      ["[1]", "PACS_MALFORMED"],
      ["[{]}]", "PACS_MALFORMED"],
      ["[{}", "PACS_TRUNCATED"],
      ['[{"a', "PACS_TRUNCATED"],
      ["[{}] x", "PACS_MALFORMED"],
      [`[{"a":"${"x".repeat(6000)}"}]`, "PACS_TOO_LARGE"],
      [`[${"{},".repeat(60)}{}]`, "PACS_TOO_LARGE"],
    ] as const)
      expect(await codeOf(all(jsonArrayElements(cut(Buffer.from(text), [100]), limits))), text.slice(0, 20)).to.equal(
        code,
      );
  });
});
