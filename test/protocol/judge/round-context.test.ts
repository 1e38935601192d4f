import { expect } from "chai";
import { FedError } from "../../../foundation/errors.ts";
import { blobSource } from "../../../protocol/judge/round-context.ts";
import { FakeStore } from "../../fakes/network.ts";

/** A little more than three of the windows in which small reads are served. */
const bytes = Uint8Array.from({ length: 800_000 }, (_, index) => (index * 2654435761) >>> 24);

describe("reading an object in pieces", () => {
  it("gives exactly the bytes asked for: small and large ones, forwards, backwards and across windows", async () => {
    const store = new FakeStore();
    const source = await blobSource(store, await store.put(bytes));
    expect(source.size).to.equal(bytes.length);
    for (const [offset, length] of [
      [0, 8],
      [8, 1000],
      [262_100, 100],
      [262_143, 2],
      [100, 262_143],
      [100, 262_144],
      [100, 262_145],
      [5, 700_000],
      [4, 8],
      [bytes.length - 10, 10],
      [0, bytes.length],
    ] as const) {
      const piece = Buffer.from(await source.read(offset, length));
      expect(piece.equals(bytes.subarray(offset, offset + length)), `${length} bytes at ${offset}`).to.equal(true);
    }
  });

  it("fails where the store gives fewer bytes than it said there are", async () => {
    const store = new FakeStore();
    const digest = await store.put(bytes);
    const short = {
      outline: (of: typeof digest) => store.outline(of),
      read: async (of: typeof digest, offset: number, length: number) =>
        (await store.read(of, offset, length)).slice(1),
    };
    const source = await blobSource(short, digest);
    for (const length of [8, 300_000]) {
      const error = await Promise.resolve(source.read(0, length)).catch((cause) => cause);
      expect(error).to.be.instanceOf(FedError).with.property("code", "BLOB_CORRUPT");
    }
  });
});
