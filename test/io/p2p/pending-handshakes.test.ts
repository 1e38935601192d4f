// Which unfinished handshake makes room for a new one.
import type { MultiaddrConnection } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { expect } from "chai";
import { addressGroup, rememberAddresses } from "../../../io/p2p/address-group.ts";
import { limitPendingHandshakes } from "../../../io/p2p/pending-handshakes.ts";

describe("unfinished handshakes", () => {
  let closed: string[];
  beforeEach(() => {
    closed = [];
  });

  /** A connection that is known by its address and name, and says when it is closed. */
  function connection(host: string, name: string): MultiaddrConnection {
    let onClose = () => {};
    return {
      remoteAddr: multiaddr(`/ip4/${host}/tcp/1`),
      addEventListener: (_: string, listener: () => void) => {
        onClose = listener;
      },
      abort() {
        closed.push(name);
        onClose();
      },
    } as unknown as MultiaddrConnection;
  }

  it("are limited: the oldest of the address with most of them makes room, and nobody else's", () => {
    const pending = limitPendingHandshakes(rememberAddresses(), { limit: 4 });
    pending.add(connection("10.0.0.1", "member"));
    for (const name of ["first", "second", "third", "fourth", "fifth"]) pending.add(connection("10.0.0.2", name));
    expect(closed).to.deep.equal(["first", "second"]);
    expect(pending.count()).to.equal(4);
  });

  it("of addresses from which members have connected make room last", () => {
    const known = rememberAddresses();
    const members = connection("10.0.0.1", "m1");
    known.add(addressGroup(members.remoteAddr));
    const pending = limitPendingHandshakes(known, { limit: 3 });
    pending.add(members);
    pending.add(connection("10.0.0.1", "m2"));
    pending.add(connection("10.0.0.2", "s1"));
    pending.add(connection("10.0.0.3", "s2"));
    expect(closed).to.deep.equal(["s1"]);
    pending.add(connection("10.0.0.1", "m3"));
    expect(closed).to.deep.equal(["s1", "s2"]);
    pending.add(connection("10.0.0.1", "m4"));
    expect(closed).to.deep.equal(["s1", "s2", "m1"]);
  });

  it("are no longer counted once they have succeeded", () => {
    const pending = limitPendingHandshakes(rememberAddresses(), { limit: 1 });
    const one = connection("10.0.0.1", "one");
    pending.add(one);
    pending.finished(one);
    pending.add(connection("10.0.0.1", "two"));
    expect(closed).to.deep.equal([]);
    expect(pending.count()).to.equal(1);
  });
});
