import { expect } from "chai";
import { giveBack } from "../../foundation/give-back.ts";
import { copyBytes, takeShared } from "../../foundation/shared-memory.ts";

describe("shared memory", () => {
  it("is lent again once it was given back, and not before", () => {
    const first = takeShared(100_000);
    const second = takeShared(100_000);
    expect(second.buffer).to.not.equal(first.buffer);
    giveBack(first);
    giveBack(first);
    const third = takeShared(120_000);
    expect(third.buffer).to.equal(first.buffer);
    expect(third.length).to.equal(120_000);
    expect(takeShared(100_000).buffer).to.not.equal(first.buffer);
  });

  it("is not taken back from what another thread lent", () => {
    const foreign = new Uint8Array(new SharedArrayBuffer(2 ** 16));
    giveBack(foreign);
    expect(takeShared(2 ** 16).buffer).to.not.equal(foreign.buffer);
  });

  it("is written wherever bytes begin and end", () => {
    const from = Uint8Array.from({ length: 50 }, (_, index) => index + 1);
    for (const start of [0, 1, 7]) {
      const into = takeShared(60).fill(0);
      copyBytes(into.subarray(start), from.subarray(3));
      copyBytes(into.subarray(start), from.subarray(50));
      expect([...into]).to.deep.equal([...Array(start).fill(0), ...from.subarray(3), ...Array(13 - start).fill(0)]);
      giveBack(into);
    }
  });
});
