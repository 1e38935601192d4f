import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { seal, unseal } from "../../../party/backup/sealed-file.ts";

const cost = { log2N: 4 };

async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of stream) all.push(piece);
  return Buffer.concat(all);
}

const sealed = (plain: Uint8Array, password = "secret") => collect(seal(pieces(plain, 10_007), password, cost));
const opened = (bytes: Uint8Array, password = "secret") => collect(unseal(pieces(bytes, 9973), password));
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );

const headerBytes = 58;
const sealedBlock = (64 << 10) + 16;

describe("a sealed file", () => {
  for (const size of [0, 1, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 300_000]) {
    it(`gives back what was sealed (${size} bytes)`, async () => {
      const plain = randomBytes(size);
      expect(Buffer.compare(await opened(await sealed(plain)), plain)).to.equal(0);
    });
  }

  it("never has the same bytes twice, and shows nothing of its content", async () => {
    const plain = Buffer.alloc(200_000, "patient");
    const [one, other] = [await sealed(plain), await sealed(plain)];
    expect(one.equals(other)).to.equal(false);
    expect(one.includes("patient")).to.equal(false);
  });

  it("refuses a wrong password by name", async () => {
    expect(await codeOf(opened(await sealed(Buffer.from("x")), "Secret"))).to.equal("BACKUP_PASSWORD");
  });

  it("refuses another file and another version by name", async () => {
    const whole = await sealed(Buffer.from("x"));
    expect(await codeOf(opened(Buffer.alloc(0)))).to.equal("BACKUP_MALFORMED");
    expect(await codeOf(opened(randomBytes(500)))).to.equal("BACKUP_MALFORMED");
    expect(await codeOf(opened(whole.subarray(0, headerBytes - 1)))).to.equal("BACKUP_MALFORMED");
    const later = Buffer.from(whole);
    later[8] = 2;
    expect(await codeOf(opened(later))).to.equal("BACKUP_VERSION");
  });

  it("refuses a flipped bit anywhere", async () => {
    const whole = await sealed(randomBytes(150_000));
    const places = [
      9,
      10,
      41,
      42,
      57,
      headerBytes,
      headerBytes + sealedBlock - 1,
      headerBytes + sealedBlock,
      whole.length - 1,
    ];
    for (const at of places) {
      const flipped = Buffer.from(whole);
      flipped[at] = flipped[at]! ^ 1;
      const expected = at < headerBytes ? "BACKUP_PASSWORD" : "BACKUP_DAMAGED";
      expect(await codeOf(opened(flipped)), `byte ${at}`).to.equal(expected);
    }
  });

  it("refuses an end that was cut off, also between two blocks, and blocks that were removed, repeated or exchanged", async () => {
    const whole = await sealed(randomBytes(3 * (64 << 10)));
    const block = (index: number) =>
      whole.subarray(headerBytes + index * sealedBlock, headerBytes + (index + 1) * sealedBlock);
    const header = whole.subarray(0, headerBytes);
    for (const parts of [
      [],
      [block(0)],
      [block(0), block(1)],
      [block(0), block(1), block(2).subarray(0, -1)],
      [block(0), block(2)],
      [block(1), block(0), block(2)],
      [block(0), block(1), block(1), block(2)],
      [block(0), block(1), block(2), block(2)],
      [block(0), block(1), block(2), Buffer.from("more")],
    ]) {
      expect(await codeOf(opened(Buffer.concat([header, ...parts])))).to.equal("BACKUP_DAMAGED");
    }
  });
});
