// Who is answered next, where peers do not read their answers.
import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import { type AnswerSlot, type AnswerSlots, createAnswerSlots } from "../../../io/p2p/answer-slots.ts";

const { signal } = new AbortController();

/** Takes slots for peers in this order; each is listed once it is entered. */
function queue(slots: AnswerSlots, ...peers: readonly string[]) {
  const entered: string[] = [];
  const taken = new Map<string, AnswerSlot>();
  for (const peer of peers) {
    void slots.take(peer, signal).then((slot) => {
      entered.push(peer);
      taken.set(peer, slot);
    });
  }
  return { entered, taken };
}

/** Lets promises that are settled call back. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Waits until the slot is taken back. */
const takenBack = ({ signal: end }: AnswerSlot) =>
  new Promise<unknown>((resolve) => end.addEventListener("abort", () => resolve(end.reason), { once: true }));

describe("answer slots", () => {
  it("answers the peer with the fewest answers under way first, whatever the order of requests", async () => {
    const slots = createAnswerSlots({ total: 2, perPeer: 2, stalledMs: 60_000 });
    const held = await slots.take("greedy", signal);
    await slots.take("greedy", signal);
    const { entered } = queue(slots, "greedy", "greedy", "modest");
    held.release(true);
    await settle();
    expect(entered).to.deep.equal(["modest"]);
  });

  it("gives one peer no more than its share, although slots are free", async () => {
    const slots = createAnswerSlots({ total: 8, perPeer: 2, stalledMs: 60_000 });
    const { entered } = queue(slots, "greedy", "greedy", "greedy", "modest");
    await settle();
    expect(entered).to.deep.equal(["greedy", "greedy", "modest"]);
  });

  it("takes the slots of a peer that reads nothing back once another one waits, and not before", async () => {
    const slots = createAnswerSlots({ total: 2, perPeer: 2, stalledMs: 40 });
    const [first, second] = [await slots.take("silent", signal), await slots.take("silent", signal)];
    const ends = Promise.all([first, second].map(takenBack));
    expect([first.signal.aborted, second.signal.aborted]).to.deep.equal([false, false]);
    const { entered } = queue(slots, "reader");
    for (const reason of await ends) expect(isFedError(reason, "BLOB_READER_STALLED")).to.equal(true);
    first.release(false);
    await settle();
    expect(entered).to.deep.equal(["reader"]);
  });

  it("gives a peer that has stalled one answer at a time and after all others, until it reads again", async () => {
    const slots = createAnswerSlots({ total: 2, perPeer: 2, stalledMs: 40 });
    const stalled = [await slots.take("silent", signal), await slots.take("silent", signal)];
    const { entered, taken } = queue(slots, "silent", "silent", "reader");
    await Promise.all(stalled.map(takenBack));
    for (const slot of stalled) slot.release(false);
    await settle();
    // Two slots are free, and two of its requests waited before the reader's.
    expect(entered).to.deep.equal(["reader", "silent"]);
    taken.get("silent")!.release(true);
    await settle();
    expect(entered).to.deep.equal(["reader", "silent", "silent"]);
  });

  it("keeps the slot of a slow peer that still reads", async () => {
    const slots = createAnswerSlots({ total: 2, perPeer: 1, stalledMs: 40 });
    const [slow, silent] = [await slots.take("slow", signal), await slots.take("silent", signal)];
    const reading = setInterval(() => slow.progress(), 5);
    queue(slots, "reader");
    await takenBack(silent);
    clearInterval(reading);
    expect(slow.signal.aborted).to.equal(false);
  });
});
