import { expect } from "chai";
import { FedError } from "../../../foundation/errors.ts";
import { importRepeatedly } from "../../../scripts/import/watch.ts";

describe("an import that watches", () => {
  const ended = new Error("ended");
  const watching = (rounds: number, failures: unknown[]) => {
    const stop = new AbortController();
    const waits: number[] = [];
    const wait = async (milliseconds: number) => {
      if (waits.push(milliseconds) >= rounds) throw ended;
    };
    return {
      waits,
      options: { everyMs: 60_000, signal: stop.signal, onFailure: (e: unknown) => failures.push(e), wait },
    };
  };

  it("imports again after each pause, also where the PACS was away", async () => {
    const failures: unknown[] = [];
    const { waits, options } = watching(3, failures);
    let imports = 0;
    const away = new FedError("PACS_UNREACHABLE");
    const importOnce = async () => {
      if (++imports === 2) throw away;
    };
    expect(await importRepeatedly(importOnce, options).catch((error: unknown) => error)).to.equal(ended);
    expect([imports, waits, failures]).to.deep.equal([3, [60_000, 60_000, 60_000], [away]]);
  });

  it("ends at a failure that does not pass", async () => {
    const { options } = watching(3, []);
    const wrong = new FedError("LABELS_MALFORMED");
    const importOnce = () => Promise.reject(wrong);
    expect(await importRepeatedly(importOnce, options).catch((error: unknown) => error)).to.equal(wrong);
  });
});
