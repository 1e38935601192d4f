import { expect } from "chai";
import fc from "fast-check";
import type { Digest } from "../../../protocol/format/digest.ts";
import { alteringModel } from "../../fakes/liars.ts";
import { audit, copyOf, type Finished, finish } from "./finished-federation.ts";

/** What the history names an object as; the update's name stands in its manifest. */
function kindOf({ events, store }: Finished, digest: Digest): string {
  for (const event of events) {
    if (event.kind === "round-opened" && event.plan === digest) return "plan";
    if (event.kind === "round-opened" && event.base === digest) return "model";
    if (event.kind === "round-finalised" && event.model === digest) return "model";
    if (event.kind === "update-committed" && event.manifest === digest) return "manifest";
    if (event.kind === "attested" && event.scores === digest) return event.agree ? "scores" : "refusal";
    if (event.kind === "model-proposed" && event.model === digest) return "refused model";
  }
  const manifests = [...store.blobs.values()].map((bytes) => new TextDecoder().decode(bytes));
  return manifests.some((text) => text.includes(`"update":"${digest}"`)) ? "update" : "unknown";
}

describe("an audit of tampered objects", () => {
  let finished: Finished;
  let objects: { readonly digest: Digest; readonly kind: string }[];

  before(async () => {
    finished = await finish({}, ({ aggregators: [liar] }) => {
      if (liar) liar.tamper = alteringModel;
    });
    objects = [...finished.store.blobs.keys()].map((digest) => ({ digest, kind: kindOf(finished, digest) }));
    // A model that was refused is nobody's model: its bytes play no part, only its name does.
    objects = objects.filter(({ kind }) => kind !== "refused model");
  });

  it("has objects of every kind to tamper with", () => {
    expect(new Set(objects.map(({ kind }) => kind))).to.deep.equal(
      new Set(["plan", "model", "manifest", "update", "scores", "refusal"]),
    );
    expect(objects.length).to.be.greaterThan(20);
  });

  it("finds a single flipped bit of any object, and names the object", async () => {
    const anyBit = fc.record({ object: fc.nat(), bit: fc.nat() });
    await fc.assert(
      fc.asyncProperty(anyBit, async ({ object, bit }) => {
        await expectNamed(at(object % objects.length), (bytes) => flip(bytes, bit));
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("finds the first and the last bit of every object", async () => {
    for (const index of objects.keys()) {
      await expectNamed(at(index), (bytes) => flip(bytes, 0));
      await expectNamed(at(index), (bytes) => flip(bytes, 8 * bytes.length - 1));
    }
  });

  it("finds an object that was cut short, or that something was added to", async () => {
    for (const index of objects.keys()) {
      await expectNamed(at(index), (bytes) => bytes.subarray(0, -1));
      await expectNamed(at(index), (bytes) => Buffer.concat([bytes, Uint8Array.of(0)]));
    }
  });

  it("distinguishes an object that nobody serves from one that does not hold", async () => {
    for (const index of objects.keys()) {
      const { digest, kind } = at(index);
      const copy = copyOf(finished);
      copy.store.blobs.delete(digest);
      const report = await audit(copy);
      expect(report.verdict, kind).to.equal("unavailable");
      expect(report.first, kind).to.include({ code: "OBJECT_UNAVAILABLE", digest, object: kind });
    }
  });

  it("continues with the later rounds, and verifies those that do not depend on it", async () => {
    const copy = copyOf(finished);
    const update = objects.find(({ kind }) => kind === "update");
    if (update) flip(copy.store.blobs.get(update.digest) as Uint8Array, 100);
    const report = await audit(copy);
    expect(report.verdict).to.equal("broken");
    expect(report.rounds.map(({ verdict }) => verdict).sort()).to.deep.equal(["broken", "verified"]);
  });

  function at(index: number) {
    return objects[index] as (typeof objects)[number];
  }

  async function expectNamed(
    { digest, kind }: (typeof objects)[number],
    change: (bytes: Uint8Array) => Uint8Array,
  ): Promise<void> {
    const copy = copyOf(finished);
    copy.store.blobs.set(digest, change(copy.store.blobs.get(digest) as Uint8Array));
    const report = await audit(copy);
    expect(report.verdict, kind).to.equal("broken");
    expect(report.first, kind).to.include({ code: "BLOB_CORRUPT", digest, object: kind, expected: digest });
    expect(report.first?.found, kind)
      .to.match(/^0x[0-9a-f]{64}$/)
      .and.not.equal(digest);
  }
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const at = Math.floor(bit / 8) % bytes.length;
  bytes[at] = bytes[at]! ^ (1 << (bit % 8));
  return bytes;
}
