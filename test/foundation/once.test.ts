import { expect } from "chai";
import { Once } from "../../foundation/once.ts";

describe("a result that is computed once", () => {
  const counting = () => {
    const counts = { calls: 0 };
    return { counts, compute: async () => ++counts.calls };
  };

  it("is the same for all callers with the same inputs, also at the same time", async () => {
    const once = new Once<number>(4);
    const { counts, compute } = counting();
    const asked = await Promise.all([once.of(["a", 1], compute), once.of(["a", 1], compute)]);
    expect([...asked, await once.of(["a", 1], compute), counts.calls]).to.deep.equal([1, 1, 1, 1]);
  });

  it("is another one for other inputs", async () => {
    const once = new Once<number>(4);
    const { compute } = counting();
    expect([await once.of(["a", 1], compute), await once.of(["a", 2], compute)]).to.deep.equal([1, 2]);
  });

  it("is tried again after it failed", async () => {
    const once = new Once<number>(4);
    const failed = await once.of("a", () => Promise.reject(new Error("no"))).catch(() => "failed");
    expect([failed, await once.of("a", async () => 7)]).to.deep.equal(["failed", 7]);
  });

  it("is forgotten for newer ones, oldest first", async () => {
    const once = new Once<number>(2);
    const { compute } = counting();
    for (const name of ["a", "b", "c"]) await once.of(name, compute);
    expect([await once.of("c", compute), await once.of("a", compute)]).to.deep.equal([3, 4]);
  });
});
