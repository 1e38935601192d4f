import { expect } from "chai";
import { type Action, type Party, PartyLoop } from "../../party/loop.ts";
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

function run<View>(ports: ReturnType<typeof world>["ports"], party: Party<View, Action>, signal: AbortSignal) {
  return new PartyLoop(ports, party).run(signal);
}

describe("a party", () => {
  it("does not repeat an action on a view that is older than the action's end", async () => {
    const { clock, change, ports } = world();
    let noted = false;
    let performed = 0;
    const controller = new AbortController();
    const running = run(
      ports,
      {
        // Reads the note first; the rest of the observation takes long.
        async observe() {
          const seen = noted;
          await clock.sleep(400);
          return seen;
        },
        decide: (seen) => (seen ? [] : [{ name: "note", lane: "notes" }]),
        async perform() {
          await clock.sleep(10);
          noted = true;
          performed++;
        },
      },
      controller.signal,
    );
    clock.at(405, change); // wakes the party during the action: this observation begins before the action's end and ends after it
    clock.at(5000, () => controller.abort());
    await clock.runUntil(() => controller.signal.aborted);
    await running;
    expect(performed).to.equal(1);
  });

  it("does not start an action twice when its lane has changed", async () => {
    const { clock, change, ports } = world();
    let begun = 0;
    let observations = 0;
    const controller = new AbortController();
    const running = run(
      ports,
      {
        observe: async () => ++observations,
        decide: (count) => [{ name: "fetch", lane: `lane ${count}` }],
        async perform() {
          begun++;
          await clock.sleep(100);
        },
      },
      controller.signal,
    );
    clock.at(20, change);
    clock.at(40, change);
    clock.at(60, () => controller.abort());
    let ended = false;
    void running.then(() => {
      ended = true;
    });
    await clock.runUntil(() => ended);
    expect(observations).to.be.at.least(3);
    expect(begun).to.equal(1);
  });

  it("retries a failed action after a pause that doubles", async () => {
    const { clock, ports } = world();
    const tries: number[] = [];
    const controller = new AbortController();
    const running = run(
      ports,
      {
        observe: async () => undefined,
        decide: () => [{ name: "fail", lane: "any" }],
        async perform() {
          tries.push(clock.now());
          throw new Error("as planned");
        },
      },
      controller.signal,
    );
    await clock.runUntil(() => tries.length === 5);
    controller.abort();
    await running;
    expect(tries).to.deep.equal([0, 250, 750, 1750, 3750]);
  });

  it("does not look again after the pause of an action that has succeeded", async () => {
    const { clock, change, ports } = world();
    const observed: number[] = [];
    let done = 0;
    const controller = new AbortController();
    const running = run(
      ports,
      {
        observe: async () => observed.push(clock.now()),
        decide: () => Array.from({ length: 5 - done }, (_, at) => ({ name: `part ${done + at}`, lane: "parts" })),
        async perform() {
          await clock.sleep(10);
          done++;
        },
      },
      controller.signal,
    );
    clock.at(3000, change);
    clock.at(5000, () => controller.abort());
    await clock.runUntil(() => controller.signal.aborted);
    await running;
    // At the beginning, at the end of each of the five, and at the change.
    expect(observed).to.deep.equal([0, 10, 20, 30, 40, 50, 3000]);
  });
});
