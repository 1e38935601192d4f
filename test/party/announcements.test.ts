import { expect } from "chai";
import { Announcements } from "../../party/announcements.ts";
import type { Announcement } from "../../protocol/format/announcement.ts";
import { parseAddress, parseDigest, parseRoundId } from "../../protocol/format/digest.ts";

const [one, two] = [parseAddress(`0x${"01".repeat(20)}`), parseAddress(`0x${"02".repeat(20)}`)];
const round = parseRoundId(3);
const announcement = (change: Partial<Announcement>): Announcement => ({
  version: 1,
  chainId: 1,
  contract: one,
  kind: "manifest",
  round,
  hospital: one,
  digest: parseDigest(`0x${"11".repeat(32)}`),
  bytes: 1,
  ...change,
});
const digestOf = (index: number) => parseDigest(`0x${index.toString(16).padStart(64, "0")}`);

describe("announcements", () => {
  it("end a member's pause a few times a round, however often it announces", () => {
    const announcements = new Announcements();
    const taken = (hospital: typeof one) =>
      Array.from({ length: 200 }, (_, index) =>
        announcements.take(announcement({ hospital, digest: digestOf(index) })),
      );
    expect(taken(one).filter(Boolean)).to.have.length(4);
    expect(taken(two).filter(Boolean)).to.have.length(4);
    expect(announcements.take(announcement({ round: parseRoundId(4) }))).to.equal(true);
  });

  it("keep the first few proposals of each member, each once, until its round is over", () => {
    const announcements = new Announcements();
    for (let index = 0; index < 100; index++) {
      announcements.take(announcement({ kind: "proposal", digest: digestOf(index >> 1) }));
    }
    announcements.take(announcement({ kind: "proposal", hospital: two, digest: digestOf(7) }));
    expect(announcements.proposalsOf(one, round)).to.deep.equal(
      Array.from({ length: 8 }, (_, index) => digestOf(index)),
    );
    expect(announcements.proposalsOf(two, round)).to.deep.equal([digestOf(7)]);
    announcements.forgetBefore(parseRoundId(4));
    expect(announcements.proposalsOf(one, round)).to.deep.equal([]);
  });
});
