import { expect } from "chai";
import { SumObjects } from "../../party/sum-objects.ts";
import type { Announcement } from "../../protocol/format/announcement.ts";
import { parseAddress, parseRoundId } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";

const self = parseAddress(`0x${"01".repeat(20)}`);
const [round, next] = [parseRoundId(3), parseRoundId(4)];

/** Objects of a party whose clock the test sets, and what it announced. */
function ofParty() {
  let now = 0;
  const announced: string[] = [];
  const objects = new SumObjects(
    {
      ledger: { federation: { chainId: 1, contract: self }, self },
      blobs: { put: async (bytes) => blobDigest(bytes) },
      gossip: { publish: async ({ kind }: Announcement) => void announced.push(kind) },
      clock: { now: () => now },
    },
    () => {},
  );
  return {
    objects,
    /** What the party announces again at this time. */
    async againAt(milliseconds: number, of = round) {
      now = milliseconds;
      announced.length = 0;
      await objects.repeat(of);
      return [...announced];
    },
  };
}

describe("a party's own objects of a private round", () => {
  it("are announced again after 250 ms, then after pauses of four times as long, up to 8 s", async () => {
    const { objects, againAt } = ofParty();
    await objects.publish("prekey", round, Uint8Array.of(1));
    const times = Array.from({ length: 30_000 / 50 }, (_, step) => 50 * step);
    const again: number[] = [];
    for (const time of times) if ((await againAt(time)).length > 0) again.push(time);
    expect(again).to.deep.equal([250, 1250, 5250, 13_250, 21_250, 29_250]);
  });

  it("are announced again each at its own time, and forgotten when a later round runs", async () => {
    const { objects, againAt } = ofParty();
    await objects.publish("prekey", round, Uint8Array.of(1));
    expect(await againAt(250)).to.deep.equal(["prekey"]);
    await objects.publish("opening", round, Uint8Array.of(2));
    expect(await againAt(500)).to.deep.equal(["opening"]);
    expect(await againAt(1250)).to.deep.equal(["prekey"]);
    await objects.publish("prekey", next, Uint8Array.of(3));
    expect(objects.of(round)).to.have.length(2);
    expect(await againAt(60_000, next)).to.deep.equal(["prekey"]);
    expect(objects.of(round)).to.deep.equal([]);
  });
});
