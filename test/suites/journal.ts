// What every Journal does, whatever it writes to.
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

    it("is not changed by a caller that changes the bytes afterwards", async () => {
      const mine = bytes(7);
      await journal.write({ key: mine });
      mine[0] = 8;
      expect([...((await journal.get("key")) ?? [])]).to.deep.equal([7]);
    });
  });
}
