import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openBlobStore } from "../../../io/store/blob-store.ts";
import { type SharedStore, shareStore } from "../../../io/store/shared-store.ts";
import type { Digest } from "../../../protocol/format/digest.ts";
import { outlineOf } from "../../../protocol/format/merkle.ts";
import type { BlobStore } from "../../../protocol/ports.ts";
import { expectCode } from "../../suites/blob-store.ts";

const bytes = new TextEncoder().encode("an update");

/** As a fetch over the network ends. */
async function arrive(store: BlobStore, digest: Digest): Promise<void> {
  const writer = await store.writer(digest, outlineOf(bytes));
  for (const index of writer.missing()) await writer.write(index, bytes);
  await writer.finish();
  await writer.close();
}

describe("one store for all parties of a process", () => {
  let dir: string;
  let store: SharedStore;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-shared-"));
    store = shareStore(await openBlobStore(dir));
  });
  afterEach(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });

  it("keeps what one party made from the others until it has come over the network to one of them", async () => {
    const [maker, reader, third] = [store.view(), store.view(), store.view()];
    const digest = await maker.put(bytes);
    expect([await maker.has(digest), await reader.has(digest)]).to.deep.equal([true, false]);
    await arrive(reader, digest);
    expect([await maker.has(digest), await reader.has(digest), await third.has(digest)]).to.deep.equal([
      true,
      true,
      true,
    ]);
    expect(await third.get(digest, { maxBytes: 100 })).to.deep.equal(Buffer.from(bytes));
  });

  it("gives each who made the same object its own right to it", async () => {
    const [first, second, third] = [store.view(), store.view(), store.view()];
    const [digest] = await Promise.all([first.put(bytes), second.put(bytes)]);
    expect([await first.has(digest), await second.has(digest), await third.has(digest)]).to.deep.equal([
      true,
      true,
      false,
    ]);
  });

  it("reads a large object once for parties that want it together, and gives each bytes of its own", async () => {
    const large = new Uint8Array(2 ** 21).fill(7);
    const digest = await store.view().put(large);
    const limit = { maxBytes: 2 ** 22 };
    const [first, second] = await Promise.all([store.view().get(digest, limit), store.view().get(digest, limit)]);
    // As a thread takes a model over: it is empty here then.
    structuredClone(first.buffer, { transfer: [first.buffer as ArrayBuffer] });
    expect([first.byteLength, second.byteLength]).to.deep.equal([0, large.byteLength]);
    second.fill(0);
    // Soon after it is still in memory, whatever became of the file.
    await rm(join(dir, "objects"), { recursive: true });
    expect(Buffer.compare(await store.view().get(digest, limit), large)).to.equal(0);
    await expectCode(() => store.view().get(digest, { maxBytes: 10 }), "BLOB_TOO_LARGE");
  });

  it("finds all that it held after it was closed", async () => {
    const digest = await store.view().put(bytes);
    await store.close();
    store = shareStore(await openBlobStore(dir));
    expect(await store.view().has(digest)).to.equal(true);
  });
});
