// What every Gossip does, over any network.
import { expect } from "chai";
import type { Announcement } from "../../protocol/format/announcement.ts";
import { parseDigest } from "../../protocol/format/digest.ts";
import type { Gossip } from "../../protocol/ports.ts";

export interface GossipUnderTest {
  /** Three members that reach each other, and an announcement that each may make. */
  readonly members: readonly { readonly gossip: Gossip; readonly announcement: Announcement }[];
  close(): Promise<void>;
}

export function gossipSuite(name: string, open: () => Promise<GossipUnderTest>): void {
  describe(`${name} as a Gossip`, () => {
    let network: GossipUnderTest;
    beforeEach(async () => {
      network = await open();
    });
    afterEach(() => network.close());

    it("reaches every other member once, also when an announcement is repeated", async () => {
      const [first, ...others] = network.members as [GossipUnderTest["members"][0], ...GossipUnderTest["members"]];
      const heard = others.map(() => [] as Announcement[]);
      for (const [index, { gossip }] of others.entries())
        gossip.subscribe((announcement) => heard[index]?.push(announcement));
      const second = { ...first.announcement, digest: parseDigest(`0x${"22".repeat(32)}`) };
      await publishUntil(first.gossip, first.announcement, () => heard.every((list) => list.length > 0));
      await publishUntil(first.gossip, second, () =>
        heard.every((list) => list.some((a) => a.digest === second.digest)),
      );
      for (const list of heard) expect(list).to.deep.equal([first.announcement, second]);
    });

    it("does not deliver what a member says in another's name", async () => {
      const [liar, victim, listener] = network.members as [
        GossipUnderTest["members"][0],
        GossipUnderTest["members"][0],
        GossipUnderTest["members"][0],
      ];
      const heard: Announcement[] = [];
      listener.gossip.subscribe((announcement) => heard.push(announcement));
      await publishUntil(victim.gossip, victim.announcement, () => heard.length === 1);
      await liar.gossip.publish({ ...victim.announcement, digest: parseDigest(`0x${"66".repeat(32)}`) });
      await publishUntil(
        victim.gossip,
        { ...victim.announcement, digest: parseDigest(`0x${"77".repeat(32)}`) },
        () => heard.length > 1,
      );
      expect(heard.map(({ digest }) => digest.slice(2, 4))).to.deep.equal([
        victim.announcement.digest.slice(2, 4),
        "77",
      ]);
    });

    it("tells a listener that comes late what is announced again", async () => {
      const [first, late, third] = network.members as [
        GossipUnderTest["members"][0],
        GossipUnderTest["members"][0],
        GossipUnderTest["members"][0],
      ];
      let thirdHeard = 0;
      third.gossip.subscribe(() => thirdHeard++);
      const other = { ...first.announcement, digest: parseDigest(`0x${"33".repeat(32)}`) };
      await publishUntil(first.gossip, first.announcement, () => thirdHeard === 1);
      await publishUntil(first.gossip, other, () => thirdHeard === 2);
      const heard: Announcement[] = [];
      late.gossip.subscribe((announcement) => heard.push(announcement));
      await publishUntil(first.gossip, first.announcement, () => heard.length === 1);
      expect(heard).to.deep.equal([first.announcement]);
    });

    it("stops telling a listener that has left", async () => {
      const [first, second] = network.members as [GossipUnderTest["members"][0], GossipUnderTest["members"][0]];
      let left = 0;
      let stayed = 0;
      second.gossip.subscribe(() => left++)();
      second.gossip.subscribe(() => stayed++);
      await publishUntil(first.gossip, first.announcement, () => stayed === 1);
      expect(left).to.equal(0);
    });
  });
}

/** Announces again until it is heard: gossip is a hint, and may lose the first words. */
export async function publishUntil(gossip: Gossip, announcement: Announcement, heard: () => boolean): Promise<void> {
  for (let tries = 0; !heard(); tries++) {
    if (tries > 200) throw new Error("nobody heard the announcement");
    await gossip.publish(announcement);
    for (let turn = 0; turn < 20 && !heard(); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
