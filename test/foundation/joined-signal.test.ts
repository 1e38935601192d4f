import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { joinSignals } from "../../foundation/joined-signal.ts";

describe("joined signals", () => {
  it("abort with the first source and its reason, also if that has aborted before", () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const joined = joinSignals(a.signal, undefined, b.signal);
    expect(joined.signal.aborted).to.equal(false);
    b.abort("b");
    a.abort("a");
    expect(joined.signal.reason).to.equal("b");
    expect(joinSignals(undefined, a.signal, b.signal).signal.reason).to.equal("a");
  });

  it("no longer follow their sources once released", () => {
    const source = new AbortController();
    const joined = joinSignals(source.signal);
    joined.release();
    source.abort();
    expect(joined.signal.aborted).to.equal(false);
  });

  it("leave nothing at a source that lives on, unlike AbortSignal.any", async function () {
    this.timeout(20_000);
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const source = new AbortController();
    const heapAfter = async (join: () => void) => {
      for (let at = 0; at < 20_000; at++) join();
      for (let turn = 0; turn < 3; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        collect();
      }
      return process.memoryUsage().heapUsed;
    };
    const join = () => joinSignals(source.signal, new AbortController().signal).release();
    const before = await heapAfter(join);
    expect((await heapAfter(join)) - before).to.be.below(2 ** 20);
  });
});
