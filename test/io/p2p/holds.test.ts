import { expect } from "chai";
import { chunkBytes, outlineOf } from "../../../protocol/format/merkle.ts";
import { patternBytes } from "../../suites/blob-store.ts";
import { addressOf, TestFederation, type TestPeer, until } from "./federation-of-peers.ts";

describe("asking a member whether it has an object", () => {
  const peers = new TestFederation();
  const { signal } = new AbortController();
  afterEach(() => peers.stop());

  it("is yes for a whole object only; a member that is away counts as no", async () => {
    const hub = await peers.start();
    const asker = await peers.start({ peers: [addressOf(hub)] });
    const holder = await peers.start({ peers: [addressOf(hub)] });
    const bytes = patternBytes(2 * chunkBytes + 5);
    const digest = await holder.store.put(bytes);
    const writer = await hub.store.writer(digest, outlineOf(bytes));
    await writer.write(0, bytes.subarray(0, chunkBytes));
    await writer.close();
    await until(() => asker.network.connectedMembers().length === 2);
    const holds = (peer: TestPeer) => asker.network.holds(peer.address, digest, signal);
    expect([await holds(holder), await holds(hub)]).to.deep.equal([true, false]);
    expect(await asker.store.has(digest)).to.equal(false);
    await holder.stop();
    expect(await holds(holder)).to.equal(false);
  });
});
