import { expect } from "chai";
import { runParty } from "../../party/loop.ts";
import { changesOf } from "../fakes/chain.ts";
import { FakeLog } from "../fakes/party-ports.ts";
import { VirtualTime } from "../fakes/virtual-time.ts";

function world() {
  const clock = new VirtualTime();
  const listeners = new Set<() => void>();
  const ledger = { changes: (waiting?: { signal?: AbortSignal }) => changesOf(listeners, waiting) };
  const change = () => {
    for (const listener of listeners) listener();
  };
  return { clock, change, ports: { ledger, clock, log: new FakeLog() } };
}

describe("a party", () => {
  it("does not repeat a deed on what it saw before the deed had ended", async () => {
    const { clock, change, ports } = world();
    let noted = false;
    let deeds = 0;
    const controller = new AbortController();
    const running = runParty(
      ports,
      {
        // A look that reads the note first and takes long over the rest.
        async observe() {
          const seen = noted;
          await clock.sleep(400);
          return seen;
        },
        decide: (seen) => (seen ? [] : [{ name: "note", lane: "notes" }]),
        async perform() {
          await clock.sleep(10);
          noted = true;
          deeds++;
        },
      },
      { signal: controller.signal },
    );
    clock.at(405, change); // wakes it while the deed is being done: this look begins before its end, and ends long after
    clock.at(5000, () => controller.abort());
    await clock.runUntil(() => controller.signal.aborted);
    await running;
    expect(deeds).to.equal(1);
  });

  it("does not begin a deed again that by now is wanted in another lane", async () => {
    const { clock, change, ports } = world();
    let begun = 0;
    let looks = 0;
    const controller = new AbortController();
    const running = runParty(
      ports,
      {
        observe: async () => ++looks,
        decide: (look) => [{ name: "fetch", lane: `lane ${look}` }],
        async perform() {
          begun++;
          await clock.sleep(100);
        },
      },
      { signal: controller.signal },
    );
    clock.at(20, change);
    clock.at(40, change);
    clock.at(60, () => controller.abort());
    let ended = false;
    void running.then(() => {
      ended = true;
    });
    await clock.runUntil(() => ended);
    expect(looks).to.be.at.least(3);
    expect(begun).to.equal(1);
  });

  it("tries a deed that failed again, after a pause that doubles", async () => {
    const { clock, ports } = world();
    const tries: number[] = [];
    const controller = new AbortController();
    const running = runParty(
      ports,
      {
        observe: async () => undefined,
        decide: () => [{ name: "fail", lane: "any" }],
        async perform() {
          tries.push(clock.now());
          throw new Error("as planned");
        },
      },
      { signal: controller.signal },
    );
    await clock.runUntil(() => tries.length === 5);
    controller.abort();
    await running;
    expect(tries).to.deep.equal([0, 250, 750, 1750, 3750]);
  });
});
