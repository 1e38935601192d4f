// The behaviour of every Journal.
import { expect } from "chai";
import type { Journal } from "../../protocol/ports.ts";

/** @param open a journal without notes; called before each test */
export function journalSuite(name: string, open: () => Promise<{ journal: Journal; close(): Promise<void> }>): void {
  describe(`${name} as a Journal`, () => {
    let journal: Journal;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ journal, close } = await open());
    });
    afterEach(() => close());
    const bytes = (...values: number[]) => Uint8Array.from(values);

    it("gives back what was written, and undefined for what was not", async () => {
      await journal.write({ "round/1/update": bytes(1, 2, 255), "round/1/none": bytes() });
      expect([...((await journal.get("round/1/update")) ?? [])]).to.deep.equal([1, 2, 255]);
      expect((await journal.get("round/1/none"))?.byteLength).to.equal(0);
      expect(await journal.get("round/1")).to.equal(undefined);
    });

    it("writes and deletes in one step", async () => {
      await journal.write({ a: bytes(1), b: bytes(2) });
      await journal.write({ a: undefined, b: bytes(3), c: bytes(4) });
      expect(await journal.keys("")).to.deep.equal(["a", "b", "c"].slice(1));
      expect([...((await journal.get("b")) ?? [])]).to.deep.equal([3]);
    });

    it("lists keys by prefix, in order, and only those", async () => {
      await journal.write({ "round/2/x": bytes(), "round/10/x": bytes(), "round/1/x": bytes(), rounds: bytes() });
      expect(await journal.keys("round/1")).to.deep.equal(["round/10/x", "round/1/x"].sort());
      expect(await journal.keys("round/1/")).to.deep.equal(["round/1/x"]);
      expect(await journal.keys("nothing")).to.deep.equal([]);
    });

    it("keeps large notes like small ones: replaced, moved to another key, deleted, written at the same time", async () => {
      const large = (value: number) => new Uint8Array(200_000).fill(value);
      await journal.write({ "a/large": large(1), small: bytes(1) });
      await journal.write({ "b/large": await journal.get("a/large"), "a/large": undefined });
      expect(await journal.get("a/large")).to.equal(undefined);
      expect(await journal.keys("")).to.deep.equal(["b/large", "small"]);
      // One of them takes away what the other is about to name.
      await Promise.all([
        journal.write({ "b/large": bytes(2) }),
        journal.write({ "c/large": large(1), small: large(3) }),
      ]);
      expect(await journal.get("b/large")).to.deep.equal(bytes(2));
      expect(await journal.get("c/large")).to.deep.equal(large(1));
      expect(await journal.get("small")).to.deep.equal(large(3));
      await journal.write({ small: bytes(4) });
      expect(await journal.get("small")).to.deep.equal(bytes(4));
      expect(await journal.keys("")).to.deep.equal(["b/large", "c/large", "small"]);
    });

    it("gives a note what another one has, without its bytes", async () => {
      const large = new Uint8Array(200_000).fill(5);
      await journal.write({ small: bytes(1), large });
      const moves = { "new/small": { sameAs: "small" }, "new/large": { sameAs: "large" } };
      await journal.write({ ...moves, small: bytes(2), large: undefined, none: { sameAs: "nothing" } });
      expect(await journal.get("new/small")).to.deep.equal(bytes(1));
      expect(await journal.get("new/large")).to.deep.equal(large);
      expect(await journal.keys("")).to.deep.equal(["new/large", "new/small", "small"]);
    });

    it("is not changed by a caller that changes the bytes afterwards", async () => {
      const mine = bytes(7);
      await journal.write({ key: mine });
      mine[0] = 8;
      expect([...((await journal.get("key")) ?? [])]).to.deep.equal([7]);
    });
  });
}
