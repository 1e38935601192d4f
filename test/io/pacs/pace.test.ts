import { expect } from "chai";
import { openPace } from "../../../io/pacs/pace.ts";

describe("the pace of a PACS import", () => {
  it("waits until what was received is within the limit", async () => {
    let nowMs = 0;
    const pace = openPace(1000, () => nowMs);
    pace.received(20);
    pace.received(20);
    let isReady = false;
    const ready = pace.ready({}).then(() => {
      isReady = true;
    });
    await new Promise(setImmediate);
    expect(isReady).to.equal(false);
    nowMs = 40;
    const free = openPace(undefined, () => nowMs);
    free.received(1e12);
    await free.ready({});
    await ready;
  });
});
